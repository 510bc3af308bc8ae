"""From what a user gives to a client: what is refused, what is warned of, what is fixed."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

import pytest

from connectors.kafka import KafkaConfigurationError, KafkaSource
from connectors.kafka.connection import Connection, connect


def events(caplog: pytest.LogCaptureFixture, broker: str, **options: str) -> list[str]:
    """Make a client for a broker and return the events of that."""
    caplog.clear()
    to = Connection(topic="t", brokers=(broker,), options=options)
    connect(to, queue_bytes=1 << 20, tells_end=False).close()
    return [each.message for each in caplog.records]


def test_records_in_the_clear_to_another_machine_are_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Private networks have it so; whoever did not know should hear of it."""
    assert ["kafka_in_clear"] == events(caplog, "192.0.2.1:9092")
    for local in ("localhost:9092", "127.0.0.1:9092", "[::1]:9092"):
        assert [] == events(caplog, local)
    assert [] == events(caplog, "192.0.2.1:9092", **{"security.protocol": "ssl"})


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only who reads Kafka needs it."""
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    monkeypatch.delitem(sys.modules, "connectors.kafka.client", raising=False)
    with pytest.raises(KafkaConfigurationError, match=r"profile-export\[kafka\]"):
        connect(Connection(topic="t", brokers=("b:1",)), queue_bytes=1, tells_end=False)


@pytest.mark.parametrize(
    ("topic", "options", "words"),
    [
        ("", {"brokers": ["b:1"]}, "a topic and a list of brokers"),
        ("t", {"brokers": []}, "a topic and a list of brokers"),
        ("t", {"brokers": "b:1"}, "brokers is a list"),
        ("t", {"brokers": ["b:1"], "start": "newest"}, "earliest, latest or a time"),
        ("t", {"brokers": ["b:1"], "start": datetime(2026, 11, 1)}, "offset from UTC"),  # noqa: DTZ001
        ("t", {"brokers": ["b:1"], "options": {"auto.offset.reset": "latest"}}, "leave it out"),
        ("t", {"brokers": ["b:1"], "buffer_bytes": 0}, "above 0"),
    ],
)
def test_an_argument_that_cannot_be_right_is_refused(
    topic: str, options: dict[str, Any], words: str
) -> None:
    """Before anything is connected."""
    with pytest.raises(ValueError, match=words):
        KafkaSource(topic, **options)
