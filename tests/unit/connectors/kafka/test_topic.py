"""A topic read to its end, outside Bytewax."""

from __future__ import annotations

import pytest

from connectors.kafka import KafkaRecord, KafkaTopicNotFound, KafkaUnreachable, read_topic
from tests.support.kafka import Cluster
from tests.unit.connectors.kafka.execution import QUICK
from tests.unit.connectors.kafka.told import Told


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Read a topic of one partition, with the offsets 5 to 8."""
    client = Told(p0=(5, 9))
    monkeypatch.setattr("connectors.kafka.topic.connect", lambda *_, **__: client)
    return client


def test_it_ends_where_the_topic_ended_when_it_began(kafka: Cluster) -> None:
    """What is written meanwhile is not of it, however much that is."""
    kafka.create("t", 3)
    kafka.write("t", 0, b"a", b"b")
    kafka.write("t", 2, b"c")
    kafka.trim("t", 0, 1)
    reading = read_topic("t", brokers=kafka.brokers, options=QUICK)
    first = next(reading)
    kafka.write("t", 0, b"late")
    kafka.write("t", 1, b"late")
    assert {(0, 1, b"b"), (2, 0, b"c")} == {
        (each.partition, each.offset, each.value) for each in (first, *reading)
    }


def test_an_empty_topic_ends_at_once(kafka: Cluster) -> None:
    """There is nothing to wait for."""
    kafka.create("t", 2)
    assert [] == list(read_topic("t", brokers=kafka.brokers))


def test_a_topic_that_is_not_there_is_an_error(kafka: Cluster) -> None:
    """As with the source."""
    with pytest.raises(KafkaTopicNotFound):
        list(read_topic("nowhere", brokers=kafka.brokers))


def test_an_end_without_records_is_no_reason_to_wait(told: Told) -> None:
    """A marker of a transaction takes the last offset and never comes; that all was read does."""
    told.came.records = {0: [KafkaRecord(None, b"a", 0, 7, 0.0)]}
    told.came.ended = [0]
    assert [7] == [each.offset for each in read_topic("t", brokers=["b:1"])]
    assert told.closed


def test_a_gap_is_passed_over(told: Told) -> None:
    """Retention may overtake this reading, too; the client logs it."""
    told.came.gone = {0: 5}
    told.spans[0] = (8, 9)
    with pytest.raises(KafkaUnreachable):
        list(read_topic("t", brokers=["b:1"], give_up_s=0.0))
    assert {0: 8} == told.at


def test_brokers_that_are_silent_are_an_error(told: Told) -> None:
    """Nothing came for `give_up_s`; what came before that begins it anew."""
    told.came.records = {0: [KafkaRecord(None, b"a", 0, 7, 0.0)]}
    times = iter([0.0, 20.0, 49.0, 50.0])
    reading = read_topic("t", brokers=["b:1"], give_up_s=30.0, clock=lambda: next(times))
    assert 7 == next(reading).offset
    with pytest.raises(KafkaUnreachable):
        next(reading)
    assert [] == list(times)
    assert told.closed
