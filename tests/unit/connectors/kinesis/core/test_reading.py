"""What one process reads of one stream."""

from __future__ import annotations

import math

import pytest

from connectors.kinesis.core.positions import ShardState, SlotState
from connectors.kinesis.core.read_calls import (
    Call,
    GetRecords,
    GetShardIterator,
    ListShards,
    Trimmed,
)
from connectors.kinesis.core.reading import Reading, Start
from connectors.kinesis.core.retry import Kind
from connectors.kinesis.core.shards import Shard
from tests.unit.connectors.kinesis.core.read import answer, numbers

NOW = 1_000_000.0
KEYS = 2**128
LOW = Shard("shardId-000000000000", 0, KEYS // 2 - 1)  # slot 0
HIGH = Shard("shardId-000000000001", KEYS // 2, KEYS - 1)  # slot 1
CHILD = Shard("shardId-000000000002", 0, KEYS // 4 - 1, parents=(LOW.id,))  # slot 0


def started(
    *shards: Shard, start: Start = "trim_horizon", buffer_bytes: int = 1000
) -> tuple[Reading, list[Call]]:
    """A reading of the slots 0 and 1, and its calls once these shards were listed."""
    reading = Reading(start, give_up_s=60.0, random=lambda: 0.0, buffer_bytes=buffer_bytes)
    reading.own(0, None, NOW)
    reading.own(1, None, NOW)
    assert [ListShards()] == calls(reading, NOW)
    reading.listed(ListShards(), list(shards), NOW)
    return reading, calls(reading, NOW)


def calls(reading: Reading, now: float) -> list[Call]:
    """All calls that are due."""
    found = []
    while (call := reading.next_call(now)) is not None:
        found.append(call)
    return found


def iterators(reading: Reading, found: list[Call], now: float = NOW) -> list[Call]:
    """Answer calls for iterators, and give the calls after them."""
    for call in found:
        assert isinstance(call, GetShardIterator)
        reading.got_iterator(call, f"of {call.shard.id}", now)
    return calls(reading, now)


def get(shard: Shard, iterator: str | None = None) -> GetRecords:
    """A call for records."""
    return GetRecords(shard, iterator or f"of {shard.id}")


def test_only_owned_slots_are_read() -> None:
    """The others belong to other processes."""
    reading = Reading("trim_horizon", give_up_s=60.0, random=lambda: 0.0)
    assert (None, math.inf) == (reading.next_call(NOW), reading.due())
    reading.own(1, None, NOW)
    calls(reading, NOW)
    reading.listed(ListShards(), [LOW, HIGH], NOW)
    assert [GetShardIterator(HIGH, "TRIM_HORIZON")] == calls(reading, NOW)
    assert 1 == reading.shard_count(1)


def test_latest_is_the_time_of_the_first_start_for_every_slot() -> None:
    """It is kept, also by slots without a shard, so that a shard found later begins there."""
    reading = Reading("latest", give_up_s=60.0, random=lambda: 0.0)
    reading.own(0, None, NOW)
    reading.own(7, None, NOW + 5)
    assert [SlotState(NOW)] * 2 == [reading.state(0), reading.state(7)]
    calls(reading, NOW + 5)
    reading.listed(ListShards(), [LOW], NOW + 5)
    expected = GetShardIterator(LOW, "AT_TIMESTAMP", timestamp=NOW)
    assert [expected] == calls(reading, NOW + 5)


def test_a_saved_start_wins_over_the_configured_one() -> None:
    """A job that is started again goes on, whatever it is told by then."""
    reading = Reading("latest", give_up_s=60.0, random=lambda: 0.0)
    reading.own(0, SlotState(77.0), NOW)
    assert 77.0 == reading.state(0).start


def test_what_was_read_is_given_out_once() -> None:
    """A list for each answer; the state follows."""
    reading, found = started(LOW, HIGH)
    assert [get(LOW), get(HIGH)] == iterators(reading, found)
    reading.got_records(get(LOW), answer(1, 2), NOW)
    reading.got_records(get(HIGH), answer(3), NOW)
    assert [[1, 2]] == [numbers(records) for records in reading.take(0)]
    assert [] == reading.take(0)
    assert ShardState("2", 2, NOW) == reading.state(0).shards[LOW.id]
    assert ShardState() == reading.state(1).shards[HIGH.id]
    assert (2, 3) == (reading.stats.records, reading.stats.bytes)


def test_a_shard_is_not_read_on_before_its_records_were_taken() -> None:
    """One answer is held for each."""
    reading, found = started(LOW)
    iterators(reading, found)
    reading.got_records(get(LOW), answer(1, behind_ms=9), NOW)
    assert [] == calls(reading, NOW + 5)
    reading.take(0)
    assert [get(LOW, "next")] == calls(reading, NOW + 5)


def test_nothing_is_read_while_too_much_is_held() -> None:
    """A take makes room; listings go on."""
    reading, found = started(LOW, HIGH, buffer_bytes=10)
    iterators(reading, found)
    reading.got_records(get(LOW), answer(1, size=11), NOW)
    reading.got_records(get(HIGH), answer(), NOW)
    assert 11 == reading.stats.held_bytes
    assert [] == calls(reading, NOW + 5)
    assert NOW + 10 == reading.due()
    assert [ListShards()] == calls(reading, NOW + 10)
    reading.take(0)
    assert 0 == reading.stats.held_bytes
    assert [get(HIGH, "next"), get(LOW, "next")] == calls(reading, NOW + 10)


def test_calls_come_in_the_order_they_became_due() -> None:
    """A shard cannot push itself in front of others."""
    reading, found = started(LOW, HIGH)
    iterators(reading, found)
    reading.got_records(get(HIGH), answer(behind_ms=9), NOW + 0.01)
    reading.got_records(get(LOW), answer(behind_ms=9), NOW + 0.02)
    assert NOW + 0.2 == reading.due()
    assert [get(HIGH, "next"), get(LOW, "next")] == calls(reading, NOW + 0.3)


def test_the_end_of_a_shard_brings_a_listing_and_its_child() -> None:
    """At once, or a second after the listing before; the child was known or comes with it."""
    reading, found = started(LOW, CHILD)
    assert [get(LOW)] == iterators(reading, found)
    reading.got_records(get(LOW), answer(1, then=None), NOW + 0.1)
    assert [] == calls(reading, NOW + 0.9)
    reading.take(0)
    assert [GetShardIterator(CHILD, "TRIM_HORIZON")] == calls(reading, NOW + 0.9)
    assert [ListShards()] == calls(reading, NOW + 1.0)
    assert 2 == reading.shard_count(0)


def test_a_failed_call_is_tried_again_and_counted() -> None:
    """Throttles apart from others, and old iterators too."""
    reading, found = started(LOW, HIGH)
    iterators(reading, found)
    throttled = "ProvisionedThroughputExceededException"
    assert not reading.failed(get(LOW), throttled, Kind.THROTTLED, NOW)
    assert not reading.failed(get(HIGH), "ExpiredIteratorException", Kind.REFUSED, NOW)
    stats = reading.stats
    assert (2, 1, 1) == (stats.failed, stats.throttled, stats.expired_iterators)
    assert [get(LOW), GetShardIterator(HIGH, "TRIM_HORIZON")] == calls(reading, NOW + 0.2)


@pytest.mark.parametrize("kind", [Kind.DENIED, Kind.CREDENTIALS, Kind.NO_KEY, Kind.INVALID])
def test_what_never_worked_and_needs_a_person_is_over_at_once(kind: Kind) -> None:
    """Each operation has its own permission, so listing says nothing about reading."""
    reading, found = started(LOW)
    iterators(reading, found)
    assert reading.failed(get(LOW), "code", kind, NOW)


def test_what_worked_before_is_tried_until_give_up_s() -> None:
    """A permission may come back; after 60 s of failing it is over."""
    reading, found = started(LOW)
    iterators(reading, found)
    reading.got_records(get(LOW), answer(), NOW)
    for at, is_over in ((1.0, False), (60.5, False), (61.0, True)):
        found = calls(reading, NOW + at)
        call = next(call for call in found if not isinstance(call, ListShards))
        assert is_over == reading.failed(call, "code", Kind.DENIED, NOW + at)


def test_a_stream_that_cannot_be_listed_is_over_at_once() -> None:
    """It does not exist, or listing is not allowed."""
    reading = Reading("trim_horizon", give_up_s=60.0, random=lambda: 0.0)
    reading.own(0, None, NOW)
    calls(reading, NOW)
    assert reading.failed(ListShards(), "ResourceNotFoundException", Kind.NOT_FOUND, NOW)


def test_a_shard_that_is_not_found_is_forgotten_once_a_listing_lacks_it() -> None:
    """Kinesis forgets shards; what was not read of this one is reported."""
    reading, found = started(LOW, HIGH)
    iterators(reading, found)
    reading.got_records(get(LOW), answer(1), NOW)
    reading.take(0)
    assert [get(LOW, "next")] == calls(reading, NOW + 0.5)
    code = "ResourceNotFoundException"
    assert not reading.failed(get(LOW, "next"), code, Kind.NOT_FOUND, NOW + 0.5)
    assert ListShards() == reading.next_call(NOW + 1)
    reading.listed(ListShards(), [HIGH], NOW + 1)
    assert [Trimmed(LOW.id, "1", NOW, gone=True)] == reading.reports()
    assert [] == reading.reports()
    assert 1 == reading.stats.trimmed
    assert {} == reading.state(0).shards


def test_a_child_that_goes_with_its_parent_is_not_read() -> None:
    """It was let go as its parent went, and went itself."""
    reading, found = started(LOW, CHILD)
    assert [GetShardIterator(LOW, "TRIM_HORIZON")] == found
    assert not reading.failed(found[0], "InternalFailure", Kind.UNAVAILABLE, NOW)
    assert ListShards() == reading.next_call(NOW + 10)
    reading.listed(ListShards(), [], NOW + 10)
    assert [] == calls(reading, NOW + 11)


def test_the_tip_is_where_each_shard_was_once() -> None:
    """Records held, a shard not read yet, and one that may have children are short of it."""
    reading, found = started(LOW, HIGH)
    iterators(reading, found)
    reading.got_records(get(LOW), answer(1), NOW)
    reading.got_records(get(HIGH), answer(then=None), NOW)
    assert not reading.at_tip
    reading.take(0)
    assert not reading.at_tip
    assert ListShards() in calls(reading, NOW + 1)
    reading.listed(ListShards(), [LOW, HIGH], NOW + 1)
    assert reading.at_tip


def test_what_is_measured_is_a_copy_with_the_lag_of_each_shard() -> None:
    """Shards without an answer have none."""
    reading, found = started(LOW, HIGH)
    iterators(reading, found)
    reading.got_records(get(LOW), answer(behind_ms=3000), NOW)
    measured = reading.measured(NOW + 1)
    assert {LOW.id: 4000} == measured.lag_ms
    calls_made = {"ListShards": 1, "GetShardIterator": 2, "GetRecords": 2}
    reading.next_call(NOW + 1)
    assert calls_made == measured.calls


def test_ten_thousand_shards_are_read() -> None:
    """Each from its beginning to its tip, by one process."""
    count = 10_000
    shards = [
        Shard(f"shardId-{place:012d}", place * KEYS // count, (place + 1) * KEYS // count - 1)
        for place in range(count)
    ]
    reading = Reading("trim_horizon", give_up_s=60.0, random=lambda: 0.0)
    for slot in range(256):
        reading.own(slot, None, NOW)
    assert [ListShards()] == calls(reading, NOW)
    reading.listed(ListShards(), shards, NOW)
    found = iterators(reading, calls(reading, NOW))
    assert count == len(found)
    for call in found:
        assert isinstance(call, GetRecords)
        reading.got_records(call, answer(1), NOW)
    taken = [records for slot in range(256) for records in reading.take(slot)]
    assert count == len({records[0].shard_id for records in taken})
    assert reading.at_tip
    assert count == sum(len(reading.state(slot).shards) for slot in range(256))


def test_a_time_that_kinesis_has_not_reached_is_asked_for_again() -> None:
    """`latest` by a clock that is ahead is no reason to end, as any other such answer is."""
    reading, (call,) = started(LOW, start="latest")
    assert GetShardIterator(LOW, "AT_TIMESTAMP", timestamp=NOW) == call
    assert not reading.failed(call, "InvalidArgumentException", Kind.INVALID, NOW)
    assert [call] == calls(reading, reading.due())
    assert reading.failed(call, "InvalidArgumentException", Kind.INVALID, NOW + 61.0)
