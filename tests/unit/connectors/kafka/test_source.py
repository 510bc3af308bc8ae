"""The source over the real protocol: what it gives out, in which order, and where it goes on."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from pathlib import Path

import confluent_kafka as ck
import pytest
from bytewax import operators as op
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSink, run_main

from connectors.kafka import KafkaRecord, KafkaSource, KafkaTopicNotFound
from connectors.paced import PacedSource, Pacing
from tests.support.kafka import Cluster
from tests.support.waiting import wait_until
from tests.unit.connectors.kafka.execution import QUICK, Execution, execution


def test_all_partitions_are_read_in_order(kafka: Cluster) -> None:
    """A list holds records of one partition, in the order of their offsets."""
    kafka.create("t", 3)
    for value in (b"a", b"b", b"c"):
        kafka.write("t", 0, value)
        kafka.write("t", 2, value.upper())
    with execution("t", kafka.brokers) as run:
        run.read(6)
    assert ([b"a", b"b", b"c"], [], [b"A", b"B", b"C"]) == (
        run.values(0),
        run.values(1),
        run.values(2),
    )
    assert all(len({each.partition for each in batch}) == 1 for batch in run.lists)


def test_a_record_says_what_it_is(kafka: Cluster) -> None:
    """Key and value may be missing, empty is not missing, and the time is in seconds."""
    kafka.create("t", 1)
    kafka.write("t", 0, b"v", None, b"", key=b"k", time_ms=1_700_000_000_123)
    kafka.write("t", 0, b"w", time_ms=1_700_000_001_000)
    with execution("t", kafka.brokers) as run:
        run.read(4)
    assert [
        KafkaRecord(b"k", b"v", 0, 0, 1_700_000_000.123),
        KafkaRecord(b"k", None, 0, 1, 1_700_000_000.123),
        KafkaRecord(b"k", b"", 0, 2, 1_700_000_000.123),
        KafkaRecord(None, b"w", 0, 3, 1_700_000_001.0),
    ] == run.records
    assert "KafkaRecord(partition 0, offset 1)" == repr(run.records[1])


def test_it_goes_on_exactly_where_its_state_says(kafka: Cluster) -> None:
    """What was given out after the snapshot comes again, the same; nothing before it does."""
    kafka.create("t", 2)
    kafka.write("t", 0, b"a", b"b")
    with execution("t", kafka.brokers) as first:
        first.read(2)
        states = first.snapshot()
        kafka.write("t", 0, b"c")
        kafka.write("t", 1, b"d")
        first.read(4)
    with execution("t", kafka.brokers, states) as second:
        second.read(2)
        again = second.snapshot()
    assert ([b"c"], [b"d"]) == (second.values(0), second.values(1))
    assert sorted(first.records[2:], key=lambda r: r.partition) == sorted(
        second.records, key=lambda r: r.partition
    )
    kafka.write("t", 0, b"e")
    with execution("t", kafka.brokers, again) as third:
        third.read(1)
    assert [b"e"] == third.values(0)


def test_what_was_fetched_and_not_given_out_comes_again(kafka: Cluster) -> None:
    """A position moves only past what was given out."""
    kafka.create("t", 1)
    kafka.write("t", 0, b"a", b"b")
    with execution("t", kafka.brokers) as first:
        first.ask()
        wait_until(lambda: held(first) > 0)
        states = first.snapshot()
    assert [] == first.records
    with execution("t", kafka.brokers, states) as second:
        second.read(2)
    assert [b"a", b"b"] == second.values(0)


def test_latest_is_what_comes_after_the_topic_is_first_reached(kafka: Cluster) -> None:
    """Where that was is kept, so that a second execution misses nothing."""
    kafka.create("t", 1)
    kafka.write("t", 0, b"before")
    with execution("t", kafka.brokers, start="latest") as first:
        first.ask()
        wait_until(lambda: (stats := first.source.stats()) and stats.behind)
        states = first.snapshot()
        first.ask()
        assert [] == first.records
    kafka.write("t", 0, b"between")
    with execution("t", kafka.brokers, states, start="latest") as second:
        second.read(1)
    assert [b"between"] == second.values(0)


def test_records_that_the_broker_let_go_are_reported_and_the_oldest_left_comes(
    kafka: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """Retention overtook the job: that is an event with the offsets, never silence."""
    kafka.create("t", 1)
    kafka.write("t", 0, b"a", b"b", b"c", b"d", b"e")
    with execution("t", kafka.brokers) as first:
        first.ask()
        wait_until(lambda: (stats := first.source.stats()) and stats.behind)
        states = first.snapshot()  # begun at 0, nothing given out
    kafka.trim("t", 0, 3)
    with execution("t", kafka.brokers, states) as second:
        second.read(2)
        stats = second.source.stats()
    assert [b"d", b"e"] == second.values(0)
    assert stats is not None
    assert 1 == stats.gaps
    [event] = [each for each in caplog.records if each.message == "kafka_gap"]
    assert ("t", 0, 0, 3) == tuple(
        vars(event)[name] for name in ("topic", "partition", "wanted", "oldest")
    )
    assert logging.ERROR == event.levelno


def test_a_topic_that_was_made_anew_is_read_from_its_beginning(kafka: Cluster) -> None:
    """A stored offset past its end is no reason to wait until it grows that long."""
    kafka.create("t", 1)
    kafka.write("t", 0, b"a", b"b", b"c")
    with execution("t", kafka.brokers) as first:
        first.read(3)
        states = first.snapshot()
    kafka.delete("t")
    kafka.create("t", 1)
    with execution("t", kafka.brokers, states) as second:
        second.ask()
        wait_until(lambda: (stats := second.source.stats()) and stats.gaps)
        second.ask()
        states = second.snapshot()  # the new place is kept before anything comes of it
    kafka.write("t", 0, b"1", b"2", b"3", b"4", b"5")
    with execution("t", kafka.brokers, states) as third:
        third.read(5)
    assert [b"1", b"2", b"3", b"4", b"5"] == third.values(0)


def test_what_is_held_is_bounded_while_nobody_takes(kafka: Cluster) -> None:
    """The thread stops at the bound, and all comes once it is taken."""
    kafka.create("t", 2)
    values = [b"%0100000d" % n for n in range(40)]  # 4 MB a partition; the mock keeps 5
    for partition in (0, 1):
        kafka.write("t", partition, *values)
    with execution("t", kafka.brokers, buffer_bytes=1 << 20) as run:
        run.ask()
        wait_until(lambda: held(run) >= 1 << 19)
        # What librdkafka held goes over the bound at most: its own half, and an answer, of 1 MB
        # a partition.
        assert held(run) <= (1 << 20) + 2_200_000
        run.read(80)
        stats = run.source.stats()
    assert stats is not None
    assert (80, 80 * 100_000, 0) == (stats.records, stats.record_bytes, stats.held_bytes)
    assert values == run.values(0) == run.values(1)


def test_a_broker_that_comes_back_is_read_on(
    kafka: Cluster, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage shorter than `give_up_s` costs nothing."""
    monkeypatch.setattr("connectors.kafka.client.ANSWER_S", 0.2)
    kafka.create("t", 1)
    kafka.down()
    with execution("t", kafka.brokers) as run:
        run.ask()
        wait_until(lambda: any(each.message == "kafka_waiting" for each in caplog.records))
        kafka.up()
        kafka.write("t", 0, b"a")
        run.read(1)
    assert [b"a"] == run.values(0)


def test_a_topic_that_is_not_there_ends_the_job(kafka: Cluster) -> None:
    """The next batch raises what the thread met, for every slot."""
    with execution("nowhere", kafka.brokers) as run:
        with pytest.raises(KafkaTopicNotFound):
            run.read(1)
        with pytest.raises(KafkaTopicNotFound):
            run.parts["255"].next_batch()


def test_positions_are_committed_to_the_group_an_epoch_later(kafka: Cluster) -> None:
    """A snapshot precedes its commit, so the group hears of what the one before said."""
    kafka.create("t", 1)
    kafka.write("t", 0, b"a", b"b")
    with execution("t", kafka.brokers, group="lag") as run:
        run.read(2)
        run.snapshot()
        assert -1001 == committed(kafka, "lag")  # none
        kafka.write("t", 0, b"c")
        run.read(3)
        run.snapshot()
        wait_until(lambda: committed(kafka, "lag") == 2)


def test_an_execution_that_broke_off_leaves_nothing_to_the_next(kafka: Cluster) -> None:
    """The same source builds its slots again, from their states, and never closed the first."""
    kafka.create("t", 1)
    kafka.write("t", 0, b"a", b"b")
    first = Execution(KafkaSource("t", brokers=kafka.brokers, options=QUICK), {})
    first.read(2)
    second = Execution(first.source, {})
    second.read(2)
    second.close()
    assert [b"a", b"b"] == second.values(0)


def test_an_execution_that_stopped_in_part_leaves_nothing_to_the_next(kafka: Cluster) -> None:
    """Some of its slots were closed when it broke off, and are built again first."""
    kafka.create("t", 2)
    kafka.write("t", 0, b"a")
    first = Execution(KafkaSource("t", brokers=kafka.brokers, options=QUICK), {})
    first.read(1)
    first.parts["000"].close()
    second = Execution(first.source, {})
    second.read(1)
    kafka.write("t", 0, b"b")
    second.read(2)
    second.close()
    first.parts["001"].close()
    for each in first.parts.values():
        each.close()  # whoever was left behind
    assert [b"a", b"b"] == second.values(0)


def test_a_slot_without_partitions_is_hardly_ever_asked(kafka: Cluster) -> None:
    """It waits a second; one with a partition 5 ms."""
    kafka.create("t", 1)
    kafka.write("t", 0, b"a")
    with execution("t", kafka.brokers) as run:
        run.read(1)
        before = datetime.now().astimezone()
        waits = [run.parts[name].next_awake() for name in ("000", "001")]
        after = datetime.now().astimezone()
    assert waits[0] is not None
    assert waits[1] is not None
    assert 0.005 <= (waits[0] - before).total_seconds()
    assert 1.0 <= (waits[1] - before).total_seconds()
    assert (waits[0] - after).total_seconds() <= 0.005


def test_a_dataflow_stops_and_goes_on_without_loss_or_repeat(
    kafka: Cluster, tmp_path: Path
) -> None:
    """Through Bytewax with its recovery store: each record once over two executions."""
    init_db_dir(tmp_path, 1)
    kafka.create("t", 2)
    out: list[list[KafkaRecord]] = []
    for values in ([b"a", b"b"], [b"c", b"d"]):
        kafka.write("t", 1, *values)
        stop = threading.Event()

        def seen(
            batch: list[KafkaRecord], last: bytes = values[-1], stop: threading.Event = stop
        ) -> list[KafkaRecord]:
            if batch[-1].value == last:
                stop.set()
            return batch

        source = KafkaSource("t", brokers=kafka.brokers, options=QUICK)
        flow = Dataflow("kafka")
        stream = op.input("read", flow, PacedSource(source, Pacing(stop)))
        op.output("keep", op.map("see", stream, seen), TestingSink(out))
        run_main(flow, recovery_config=RecoveryConfig(str(tmp_path)))
    assert [b"a", b"b", b"c", b"d"] == [each.value for batch in out for each in batch]


def held(run: Execution) -> int:
    """Return how many bytes a source holds."""
    stats = run.source.stats()
    assert stats is not None
    return stats.held_bytes


def committed(kafka: Cluster, group: str) -> int:
    """Return the offset that a group has of the first partition."""
    consumer = ck.Consumer(
        {"bootstrap.servers": kafka.brokers[0], "group.id": group, "log_level": 2}
    )
    [found] = consumer.committed([ck.TopicPartition("t", 0)], timeout=30)
    consumer.close()
    return found.offset
