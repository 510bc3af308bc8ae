"""How one shard is read."""

from __future__ import annotations

import pytest

from connectors.kinesis.core.positions import ShardState
from connectors.kinesis.core.read_calls import GetRecords, GetShardIterator, Trimmed
from connectors.kinesis.core.retry import Backoff, Kind
from connectors.kinesis.core.shard_reading import ShardReading
from connectors.kinesis.core.shards import Shard
from tests.unit.connectors.kinesis.core.read import answer, numbers

SHARD = Shard("shardId-000000000000", 0, 2**128 - 1)
NOW = 1_000_000.0
HOUR = 3600.0


def reading(state: ShardState | None = None, at: float = NOW) -> ShardReading:
    """A shard that goes on from this state, and has an iterator since this time."""
    made = ShardReading(SHARD, state or ShardState())
    made.call(None, at)
    made.got_iterator("first", at)
    return made


def test_it_begins_where_it_is_told() -> None:
    """At the oldest record, at a time, or at the last record given out."""
    fresh = ShardReading(SHARD, ShardState())
    assert GetShardIterator(SHARD, "TRIM_HORIZON") == fresh.call(None, NOW)
    assert GetShardIterator(SHARD, "AT_TIMESTAMP", timestamp=5.0) == fresh.call(5.0, NOW)
    kept = ShardReading(SHARD, ShardState("49", 3))
    expected = GetShardIterator(SHARD, "AT_SEQUENCE_NUMBER", sequence_number="49")
    assert expected == kept.call(5.0, NOW)


def test_the_record_given_out_last_is_dropped_when_it_comes() -> None:
    """All of it, if it was an aggregate; the ordinals go on."""
    shard = reading(ShardState("3", 7, NOW - 1))
    assert [] == shard.got_records(answer(3, 3, 4, 5), NOW)
    taken = shard.take()
    assert [4, 5] == numbers(taken)
    assert [(SHARD.id, 7), (SHARD.id, 8)] == [(r.shard_id, r.ordinal) for r in taken]
    assert ShardState("5", 9, NOW) == shard.state


def test_the_state_is_that_of_what_was_taken() -> None:
    """What is only read comes again after a crash."""
    shard = reading()
    shard.got_records(answer(1, 2), NOW)
    assert ShardState() == shard.state
    shard.take()
    assert ShardState("2", 2, NOW) == shard.state


def test_another_record_than_the_last_is_a_gap_if_the_last_look_is_long_ago() -> None:
    """What stood between may have been trimmed, and the report says from where on."""
    seen = NOW - 23 * HOUR
    shard = reading(ShardState("3", 7, seen))
    gap = Trimmed(SHARD.id, "3", seen, gone=False)
    assert [gap] == shard.got_records(answer(9), NOW)
    assert [9] == numbers(shard.take())


@pytest.mark.parametrize("seen", [NOW - 23 * HOUR + 1, None])
def test_it_is_no_gap_if_nothing_can_have_been_trimmed(seen: float | None) -> None:
    """The last record went, but what came after it is younger than anything that is trimmed."""
    shard = reading(ShardState("3", 7, seen))
    assert [] == shard.got_records(answer(9), NOW)


@pytest.mark.parametrize("then", ["next", None])
def test_an_empty_shard_is_a_gap_too(then: str | None) -> None:
    """The tip or the end came, and the last record did not: all after it may have been trimmed."""
    shard = reading(ShardState("3", 7, NOW - 30 * HOUR))
    assert 1 == len(shard.got_records(answer(then=then), NOW))


def test_an_empty_answer_before_the_tip_decides_nothing() -> None:
    """GetRecords may need several calls to come to a record; only then it is known."""
    shard = reading(ShardState("3", 7, NOW - 30 * HOUR))
    assert [] == shard.got_records(answer(behind_ms=1000), NOW)
    assert ShardState("3", 7, NOW - 30 * HOUR) == shard.state
    assert GetRecords(SHARD, "next") == shard.call(None, NOW + 1)
    assert [] == shard.got_records(answer(3, 4), NOW + 1)
    assert [4] == numbers(shard.take())


def test_a_shard_that_never_gave_a_record_has_a_gap_too() -> None:
    """It was seen empty 30 hours ago; what came in the first hours since then may be gone."""
    shard = reading(ShardState(None, 0, NOW - 30 * HOUR))
    gap = Trimmed(SHARD.id, None, NOW - 30 * HOUR, gone=False)
    assert [gap] == shard.got_records(answer(9), NOW)


def test_a_gap_is_told_once() -> None:
    """The next answer follows upon this one."""
    shard = reading(ShardState("3", 7, NOW - 30 * HOUR))
    assert 1 == len(shard.got_records(answer(9, behind_ms=22_000_000), NOW))
    shard.take()
    shard.call(None, NOW + 1)
    assert [] == shard.got_records(answer(10), NOW + 1)


def test_close_to_the_end_of_retention_each_call_looks_whether_the_next_was_trimmed() -> None:
    """23 hours behind, the iterator that came with the records is not used."""
    shard = reading()
    shard.got_records(answer(1, behind_ms=82_800_000), NOW)
    shard.take()
    wanted = GetShardIterator(SHARD, "AT_SEQUENCE_NUMBER", sequence_number="1")
    assert wanted == shard.call(None, NOW + 1)
    shard.got_iterator("second", NOW + 1)
    shard.call(None, NOW + 1)
    gap = Trimmed(SHARD.id, "1", NOW - 23 * HOUR, gone=False)
    assert [gap] == shard.got_records(answer(5), NOW + 1)


def test_without_new_records_the_iterator_goes_on_however_far_behind() -> None:
    """Else a stretch without records could never be passed."""
    shard = reading()
    shard.got_records(answer(behind_ms=90_000_000), NOW)
    assert GetRecords(SHARD, "next") == shard.call(None, NOW + 1)


def test_an_old_iterator_is_not_used() -> None:
    """It expires after 5 minutes; 4.5 minutes after the call that brought it there is a new one."""
    shard = reading()
    shard.call(None, NOW)
    shard.got_records(answer(1), NOW + 10)
    shard.take()
    assert GetRecords(SHARD, "next") == shard.call(None, NOW + 270)
    assert isinstance(shard.call(None, NOW + 271), GetShardIterator)


@pytest.mark.parametrize(
    ("size", "behind_ms", "pause_s"),
    [
        (100, 5_000, 0.2),
        (0, 5_000, 0.2),
        (0, 0, 0.5),
        (100, 0, 0.5),
        (1_000_000, 5_000, 0.5),
        (10_485_760, 5_000, 5.24288),
        (10_485_760, 0, 5.24288),
    ],
)
def test_calls_keep_to_what_a_shard_gives(size: int, behind_ms: int, pause_s: float) -> None:
    """5 calls and 2 MB a second; at the tip 2 calls."""
    shard = reading()
    shard.call(None, NOW)
    shard.got_records(answer(behind_ms=behind_ms, size=size), NOW + 0.1)
    assert NOW + pause_s == pytest.approx(shard.due_at, abs=1e-6)


def test_a_failed_call_is_tried_again_later_with_the_same_iterator() -> None:
    """Full jitter, here the longest pause, and not above 5 calls a second."""
    shard = reading()
    due = []
    for failure in range(8):
        shard.call(None, NOW + failure)
        assert not shard.failed(Kind.THROTTLED, 60.0, Backoff(lambda: 1.0), NOW + failure)
        due.append(round(shard.due_at - NOW - failure, 3))
    assert [0.2, 0.2, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0] == due
    assert GetRecords(SHARD, "first") == shard.call(None, NOW + 10)


def test_a_refused_iterator_is_renewed() -> None:
    """Whatever it is that is refused: a fresh one is read inclusive."""
    shard = reading(ShardState("3", 7))
    shard.call(None, NOW)
    shard.failed(Kind.REFUSED, 60.0, Backoff(lambda: 0.0), NOW)
    expected = GetShardIterator(SHARD, "AT_SEQUENCE_NUMBER", sequence_number="3")
    assert expected == shard.call(None, NOW + 1)


def test_it_is_over_after_give_up_s_without_a_good_answer() -> None:
    """A good answer begins anew; an iterator is none."""
    shard = reading()
    for at, is_over in ((0, False), (59, False), (60, True)):
        shard.call(None, NOW + at)
        assert is_over == shard.failed(Kind.UNAVAILABLE, 60.0, Backoff(lambda: 0.0), NOW + at)
        shard.got_iterator("again", NOW + at)
    shard.call(None, NOW + 61)
    shard.got_records(answer(), NOW + 61)
    shard.call(None, NOW + 62)
    assert not shard.failed(Kind.UNAVAILABLE, 60.0, Backoff(lambda: 0.0), NOW + 62)


def test_the_end_counts_when_it_was_given_out() -> None:
    """A shard is closed in its state once its last records were taken."""
    shard = reading()
    shard.got_records(answer(1, then=None, behind_ms=5), NOW)
    assert not shard.state.closed
    shard.take()
    assert shard.state.closed
    assert shard.reached_tip


def test_the_lag_grows_while_nothing_is_read() -> None:
    """By the clock, from what Kinesis said; unknown before that, and none at the end."""
    shard = reading()
    assert None is shard.lag_ms(NOW)
    shard.call(None, NOW)
    shard.got_records(answer(1, behind_ms=1500), NOW + 0.1)
    assert (1500, 3500) == (shard.lag_ms(NOW), shard.lag_ms(NOW + 2))
    shard.take()
    shard.call(None, NOW + 3)
    shard.got_records(answer(then=None), NOW + 3)
    assert None is shard.lag_ms(NOW + 4)
