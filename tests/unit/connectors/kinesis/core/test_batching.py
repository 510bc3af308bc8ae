"""Which records go into one request, and when one that is not full goes."""

from __future__ import annotations

import math
from collections import deque

import pytest

from connectors.kinesis import KinesisRecord
from connectors.kinesis.core.batching import Batch, Ready
from tests.unit.connectors.kinesis.core.made import names, record, records

MIB = 1_048_576


def many(count: int, data_bytes: int = 1) -> deque[KinesisRecord]:
    """Make as many records, each of a key of one byte."""
    return deque(KinesisRecord(bytes(data_bytes), "k") for _ in range(count))


def test_a_batch_takes_500_records_and_no_more() -> None:
    """What does not fit stays in front of the queue."""
    waiting = many(501)
    first = list(waiting)[:500]
    batch = Batch(largest=2)
    assert 500 == batch.take(waiting)
    assert first == batch.records
    assert 1 == len(waiting)
    assert 0 == batch.take(waiting)


@pytest.mark.parametrize("largest", [2, MIB])
def test_a_batch_takes_no_more_than_it_is_told(largest: int) -> None:
    """A limited shard gives only a part of what waits for it, whether sizes matter or not."""
    batch, waiting = Batch(largest), deque(records("a1 b1 c1"))
    assert 2 == batch.take(waiting, at_most=2)
    assert 0 == batch.take(waiting, at_most=0)
    assert ("a1 b1", "c1") == (names(batch.records), names(list(waiting)))


def test_a_batch_is_filled_from_several_queues() -> None:
    """What one queue leaves free the next one takes, 500 in all."""
    batch = Batch(largest=2)
    assert [200, 300, 0] == [batch.take(many(count)) for count in (200, 400, 1)]
    assert 500 == len(batch.records)


def test_a_batch_takes_5_mib_and_no_more() -> None:
    """Five records of exactly 1 MiB, key included, fill a request; not a byte more."""
    waiting = many(5, MIB - 1) + deque([KinesisRecord(b"", "k")])
    batch = Batch(largest=MIB)
    assert 5 == batch.take(waiting)
    assert 1 == len(waiting)


def test_bytes_are_counted_over_several_queues() -> None:
    """The second queue finds only the room that the first one left."""
    batch = Batch(largest=MIB)
    assert [3, 2] == [batch.take(many(3, MIB - 1)), batch.take(many(3, MIB - 1))]


def test_the_first_record_always_fits() -> None:
    """A stream may take records of up to 10 MiB: such a one goes alone."""
    waiting = many(2, 10 * MIB - 1)
    batch = Batch(largest=10 * MIB)
    assert 1 == batch.take(waiting)
    assert 1 == len(waiting)


@pytest.mark.parametrize(("size", "taken"), [(10_485, 500), (10_486, 499)])
def test_500_records_of_a_500th_of_the_limit_fit(size: int, taken: int) -> None:
    """5 MiB are 5,242,880 bytes: 500 of 10,485 are below that, 500 of 10,486 are above."""
    assert taken == Batch(largest=size).take(many(500, size - 1))


def ready_with(*arrivals: tuple[str, float]) -> Ready:
    """Let records arrive at these times, where they may linger for 2 s."""
    ready = Ready(linger_s=2.0)
    for name, now in arrivals:
        ready.records.append(record(name))
        ready.added(now)
    return ready


def test_the_oldest_record_makes_a_request_due() -> None:
    """Records that join later do not put it off."""
    assert 12.0 == ready_with(("a1", 10.0), ("b1", 11.5)).due_at


def test_while_nothing_waits_nothing_is_due() -> None:
    """Neither an empty queue nor one that was told of nothing has a time."""
    ready = Ready(linger_s=2.0)
    ready.added(5.0)
    assert math.inf == ready.due_at
    ready.records.append(record("a1"))
    ready.added(6.0)
    assert 8.0 == ready.due_at


def test_499_are_not_full_and_500_are() -> None:
    """A full request need not linger."""
    ready = Ready(linger_s=2.0)
    ready.records += many(499)
    assert not ready.is_full
    ready.records += many(1)
    assert ready.is_full


def test_records_put_back_are_first_and_due() -> None:
    """What failed with its request has waited long enough, and keeps its order."""
    ready = ready_with(("c1", 10.0))
    ready.put_back(records("a1 b1"))
    assert "a1 b1 c1" == names(list(ready.records))
    assert -math.inf == ready.due_at


def test_after_a_fill_nothing_is_due() -> None:
    """When all went, the next record lingers from when it comes."""
    ready = ready_with(("a1", 10.0))
    batch = Batch(largest=3)
    ready.fill(batch)
    assert "a1" == names(batch.records)
    assert math.inf == ready.due_at
    ready.records.append(record("b1"))
    ready.added(50.0)
    assert 52.0 == ready.due_at


def test_what_a_full_request_leaves_lingers_from_the_newest_at_most() -> None:
    """It is due when the newest one is, so it waits for twice the linger time at worst."""
    ready = ready_with(("a1", 10.0))
    ready.records += many(500)
    ready.added(11.0)
    ready.fill(Batch(largest=3))
    assert 1 == len(ready.records)
    assert 13.0 == ready.due_at
