"""The wake source, call by call: all lanes first, then a backfill that waits for its answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone

import pytest

from flows.backfill import BUCKETS, Backfill, BackfillFrame, BackfillUnfinished, Unfinished, pack
from flows.funnel import Funnel
from flows.lanes import LANE_NAMES, LANES, lane_of
from flows.wake import WAKE, WakeSource

NOON_S = 1_600_000_000.0


class Waking:
    """A partition of the source, with the clock and the funnel that it sees."""

    def __init__(
        self, backfill: Backfill | None, state: bytes | None = None, funnel: Funnel | None = None
    ) -> None:
        """Build it as the engine does."""
        self.now = NOON_S
        self.funnel = funnel or Funnel()
        source = WakeSource(backfill, self.funnel, lambda: self.now)
        assert ["wake"] == source.list_parts()
        self.part = source.build_part("wake", "wake", state)

    def next(self) -> list[tuple[str, BackfillFrame]]:
        """Give the next batch, of which each item must ask for something."""
        return [
            (lane, frame)
            for lane, frame in self.part.next_batch()
            if isinstance(frame, BackfillFrame)
        ]

    def answer(self, frames: Iterable[object], records: int) -> None:
        """Let the lanes answer all frames, with so many records in all."""
        self.funnel.answered += len(list(frames))
        self.funnel.backfilled += records


@pytest.mark.parametrize("backfill", [None, Backfill(), Backfill(key="c1")])
def test_every_lane_is_woken_at_once_and_first(backfill: Backfill | None) -> None:
    """One batch with an empty frame for each, whatever follows."""
    waking = Waking(backfill)

    assert [(lane, WAKE) for lane in LANE_NAMES] == waking.part.next_batch()


def test_without_a_backfill_that_is_all() -> None:
    """The source ends, and keeps nothing."""
    waking = Waking(None)
    waking.part.next_batch()

    with pytest.raises(StopIteration):
        waking.part.next_batch()
    assert waking.part.snapshot() is None


def test_the_next_ask_waits_for_all_answers_to_the_last() -> None:
    """No clock makes up for one that is missing, and the engine is told to look again soon."""
    waking = Waking(Backfill(rate=0), pack(Unfinished(None, None, 0, BUCKETS - 1)))
    waking.part.next_batch()
    first = waking.next()
    waking.answer(first, 0)
    second = waking.next()
    assert (1, 1) == (len(first), len(second))
    waking.answer(second, 0)
    for _ in range(5):  # 16, 64, 256, 1,024 and 4,096 buckets: the last reach over two lanes
        waking.answer(asked := waking.next(), 0)
    asked = waking.next()
    assert len(asked) > 1

    waking.now += 3_600
    waking.answer(asked[1:], 7)
    assert [] == waking.next()
    assert waking.part.next_awake() is None
    waking.answer(asked[:1], 0)
    assert waking.next()


def test_the_pace_is_kept_by_the_time_of_the_next_batch() -> None:
    """After 50 records at 100 a second nothing is asked for half a second."""
    waking = Waking(Backfill(rate=100))
    waking.part.next_batch()
    waking.answer(waking.next(), 50)

    assert [] == waking.next()
    half = datetime.fromtimestamp(NOON_S + 0.5, timezone.utc)
    assert half == waking.part.next_awake()
    waking.now = NOON_S + 0.499
    assert [] == waking.next()
    waking.now = NOON_S + 0.5
    assert waking.next()


def test_an_uncapped_backfill_never_waits_for_the_clock() -> None:
    """Only for answers."""
    waking = Waking(Backfill(rate=0))
    waking.part.next_batch()
    for _ in range(20):
        asked = waking.next()
        assert asked
        waking.answer(asked, 10_000)


def test_asks_are_as_wide_as_a_tenth_of_a_second_s_records() -> None:
    """With two records in a bucket and 400 a second, 20 buckets are asked for."""
    waking = Waking(Backfill(rate=400))
    waking.part.next_batch()
    widths = []
    for _ in range(6):
        ((_, frame),) = waking.next()
        widths.append(frame.end - frame.first)
        waking.answer([frame], 2 * widths[-1])
        assert [] == waking.next()
        waking.now += 1

    assert [1, 4, 16, 20, 20, 20] == widths


def test_what_is_left_is_in_every_snapshot_until_all_lanes_are_asked() -> None:
    """From before the first ask; after the last one nothing is, though no answer has come."""
    waking = Waking(Backfill(segment="s1", rate=0))
    assert pack(Unfinished("s1", None, 0, 0)) == waking.part.snapshot()
    waking.part.next_batch()
    assert pack(Unfinished("s1", None, 0, 0)) == waking.part.snapshot()
    waking.next()
    assert pack(Unfinished("s1", None, 0, 1)) == waking.part.snapshot()

    last = Waking(None, pack(Unfinished("s1", None, 0, LANES * BUCKETS - 1)))
    last.part.next_batch()
    assert [(LANE_NAMES[-1], BackfillFrame("s1", None, BUCKETS - 1, BUCKETS))] == last.next()
    assert last.part.snapshot() is None
    with pytest.raises(StopIteration):
        last.part.next_batch()


def test_one_profile_takes_one_ask() -> None:
    """Its own lane is asked for it."""
    waking = Waking(Backfill(key="c1"))
    waking.part.next_batch()

    assert [(lane_of("c1"), BackfillFrame(None, "c1", 0, BUCKETS))] == waking.next()
    assert waking.part.snapshot() is None


def test_counts_of_before_are_no_answers() -> None:
    """A funnel may have counted another execution of this process."""
    funnel = Funnel()
    funnel.answered, funnel.backfilled = 1_000, 1_000
    waking = Waking(Backfill(rate=1_000), funnel=funnel)
    waking.part.next_batch()
    waking.next()

    assert [] == waking.next()
    assert waking.part.next_awake() is None


def test_another_backfill_is_refused_when_the_source_is_built() -> None:
    """So that nothing is woken, read or sent."""
    with pytest.raises(BackfillUnfinished):
        Waking(Backfill(), pack(Unfinished("s1", None, 0, 1)))
