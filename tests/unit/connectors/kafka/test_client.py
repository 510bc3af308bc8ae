"""The client over a consumer that answers as told, and over the real protocol: words and places."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import confluent_kafka as ck
import pytest

from connectors.kafka import (
    KafkaConfigurationError,
    KafkaError,
    KafkaPermissionDenied,
    KafkaTopicNotFound,
    KafkaUnreachable,
    KafkaUnreadable,
)
from connectors.kafka.client import KafkaClient
from connectors.kafka.connection import Connection, connect
from tests.support.kafka import TOPIC_AUTHORIZATION_FAILED, Cluster

SETTINGS = {"bootstrap.servers": "b1:9092"}


class Consumer:
    """What a test makes librdkafka's consumer say."""

    def __init__(self, settings: dict[str, Any]) -> None:
        """Keep the settings, call backs among them."""
        self.settings = settings
        self.asked: list[list[int]] = []
        self.answers: list[list[int]] = []
        self.messages: list[Any] = []

    def offsets_for_times(
        self, asked: list[ck.TopicPartition], timeout: float
    ) -> list[ck.TopicPartition]:
        """Give the next answer."""
        self.asked.append([each.offset for each in asked])
        answer = self.answers.pop(0)
        return [
            ck.TopicPartition(each.topic, each.partition, at)
            for each, at in zip(asked, answer, strict=True)
        ]

    def poll(self, wait_s: float) -> Any:
        """Give the next message."""
        return self.messages.pop(0) if self.messages else None

    def consume(self, count: int, wait_s: float) -> list[Any]:
        """Have no more."""
        return []

    def list_topics(self, topic: str, timeout: float) -> Any:
        """Get no answer."""
        raise ck.KafkaException(ck.KafkaError(ck.KafkaError._TIMED_OUT))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[KafkaClient, Consumer]]:
    """Make clients over consumers that answer as told."""
    monkeypatch.setattr(ck, "Consumer", Consumer)

    def make(group: str | None = None) -> tuple[KafkaClient, Consumer]:
        client = KafkaClient("t", SETTINGS, group=group)
        consumer: Any = client._consumer
        return client, consumer

    return make


def failure(code: int, partition: int | None = 0, offset: int = 7) -> Any:
    """Return a message that is an error."""
    return SimpleNamespace(
        error=lambda: ck.KafkaError(code), partition=lambda: partition, offset=lambda: offset
    )


def test_a_time_becomes_the_first_offset_with_it_or_else_the_end(told: Any) -> None:
    """The end is asked for first: what arrives between the questions is not passed over."""
    client, consumer = told()
    consumer.answers = [[30, 40], [12, -1]]
    start = datetime(2026, 11, 1, tzinfo=timezone.utc)
    assert {0: 12, 3: 40} == client.offsets(start, [0, 3])
    assert [[ck.OFFSET_END] * 2, [1_793_491_200_000] * 2] == consumer.asked


def test_nothing_is_asked_of_no_partition(told: Any) -> None:
    """An empty list is refused by librdkafka."""
    client, consumer = told()
    assert {} == client.offsets("latest", [])
    assert [] == consumer.asked


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (ck.KafkaError._BAD_COMPRESSION, KafkaUnreadable, "partition 0 .* at offset 7"),
        (ck.KafkaError._BAD_MSG, KafkaUnreadable, "delete the records up to it"),
        (TOPIC_AUTHORIZATION_FAILED, KafkaPermissionDenied, "allow READ and DESCRIBE"),
    ],
)
def test_what_reading_cannot_go_on_after_ends_it(
    told: Any, code: int, kind: type[KafkaError], words: str
) -> None:
    """A record that cannot be read is not passed over."""
    client, consumer = told()
    consumer.messages = [failure(code)]
    with pytest.raises(kind, match=words):
        client.receive(0)


def test_a_record_written_without_a_time_arrived_at_0(told: Any) -> None:
    """Those of before Kafka 0.10 have none, and 0 is the same whenever it is read."""
    client, consumer = told()
    consumer.messages = [
        SimpleNamespace(
            error=lambda: None,
            partition=lambda: 0,
            offset=lambda: 7,
            timestamp=lambda: (ck.TIMESTAMP_NOT_AVAILABLE, -1),
            key=lambda: None,
            value=lambda: b"v",
        )
    ]
    assert 0.0 == client.receive(0).records[0][0].arrival


def test_the_reason_that_a_broker_gave_is_in_the_words(told: Any) -> None:
    """A question only times out; why was told by a call back before."""
    client, consumer = told()
    consumer.settings["error_cb"](ck.KafkaError(ck.KafkaError._AUTHENTICATION))
    consumer.settings["error_cb"](ck.KafkaError(ck.KafkaError._ALL_BROKERS_DOWN))
    with pytest.raises(KafkaPermissionDenied, match=r"'t' at b1:9092 .* do not accept who asks"):
        client.partitions()


def test_trouble_with_the_group_is_told_once_and_stops_nothing(
    told: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Positions live elsewhere; and whoever gave no group hears nothing of one."""
    denied = ck.KafkaError.GROUP_AUTHORIZATION_FAILED
    for group in (None, "lag"):
        client, consumer = told(group)
        consumer.messages = [failure(denied, None), failure(denied, None)]
        assert {} == client.receive(0).records
        client.receive(0)
        consumer.settings["on_commit"](ck.KafkaError(denied), [])
    [event] = caplog.records
    assert ("kafka_commit_failed", "lag") == (event.message, vars(event)["group"])


def test_a_topic_that_is_not_there_is_not_made(kafka: Cluster) -> None:
    """The error says so; and nobody created it by asking."""
    to = Connection(topic="nowhere", brokers=tuple(kafka.brokers))
    client = connect(to, queue_bytes=1 << 20, tells_end=False)
    for _ in range(2):
        with pytest.raises(KafkaTopicNotFound, match=r"'nowhere' .* never created here"):
            client.partitions()
    client.close()


def test_a_topic_that_may_not_be_read_names_what_to_allow(kafka: Cluster) -> None:
    """As the brokers say when they list it."""
    kafka.create("t", 1)
    kafka.fail("t", TOPIC_AUTHORIZATION_FAILED)
    to = Connection(topic="t", brokers=tuple(kafka.brokers))
    client = connect(to, queue_bytes=1 << 20, tells_end=False)
    with pytest.raises(KafkaPermissionDenied, match=r"allow READ and DESCRIBE on the topic"):
        client.partitions()
    client.close()


def test_nobody_there_is_unreachable_and_says_why(
    kafka: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The port is closed: librdkafka's own words are passed on."""
    monkeypatch.setattr("connectors.kafka.client.ANSWER_S", 0.2)
    kafka.down()
    to = Connection(topic="t", brokers=tuple(kafka.brokers))
    client = connect(to, queue_bytes=1 << 20, tells_end=False)
    with pytest.raises(KafkaUnreachable, match=r"cannot be reached: .*; check the brokers"):
        client.partitions()
    client.close()


def test_a_setting_that_librdkafka_does_not_know_is_named() -> None:
    """It comes from an option or a variable."""
    to = Connection(topic="t", brokers=("127.0.0.1:1",), options={"fetch.max.bites": "1"})
    with pytest.raises(KafkaConfigurationError, match=r"fetch\.max\.bites"):
        connect(to, queue_bytes=1 << 20, tells_end=False)
