"""The wake source, call by call: all lanes first, then a backfill that waits for its answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from itertools import pairwise

import pytest

from flows.backfill import (
    BUCKETS,
    Backfill,
    BackfillFrame,
    BackfillUnfinished,
    Unfinished,
    pack,
    unpack,
)
from flows.funnel import Funnel
from flows.lanes import GROUPS, LANE_NAMES, lane_of
from flows.profile.state import UnknownSnapshot
from flows.wake import LOOK_AGAIN_S, WAKE, WakeSource, Woken

NOON_S = 1_600_000_000.0
GROUP_BUCKETS = 4 * BUCKETS
GROUP_OF_C1 = 17
"""CRC-32 of "c1" is 1,591,159,457, whose remainder by 60 is 17."""


def names() -> list[str]:
    """Give the names of all partitions."""
    return [f"{group:02d}" for group in range(60)]


class Waking:
    """All partitions of a source in one process, with the clock and the funnel that they see."""

    def __init__(
        self,
        backfill: Backfill | None,
        rows: Mapping[str, bytes] | None = None,
        *,
        funnel: Funnel | None = None,
        process: int = 0,
        processes: int = 1,
    ) -> None:
        """Build those that the engine gives to the process."""
        self.now = NOON_S
        self.funnel = funnel or Funnel()
        source = WakeSource(backfill, self.funnel, lambda: self.now)
        rows = rows or {}
        own = sorted(source.list_parts())[process::processes]
        self.parts = {name: source.build_part("wake", name, rows.get(name)) for name in own}
        self.ended: set[str] = set()

    def wake(self) -> list[tuple[str, Woken]]:
        """Give the first batch of each partition, item by item with the partition."""
        return [(name, item) for name, part in self.parts.items() for item in part.next_batch()]

    def next(self) -> list[tuple[str, BackfillFrame]]:
        """Call all partitions once; give what was asked, of one partition at most."""
        asked: list[list[tuple[str, BackfillFrame]]] = []
        for name in self.parts.keys() - self.ended:
            try:
                batch = self.parts[name].next_batch()
            except StopIteration:
                self.ended.add(name)
            else:
                frames = [(at, each) for at, each in batch if isinstance(each, BackfillFrame)]
                assert len(frames) == len(list(batch))
                asked += [frames] * bool(frames)
        assert len(asked) <= 1
        return asked[0] if asked else []

    def answer(self, frames: Iterable[object], records: int) -> None:
        """Let the lanes answer all frames, with so many records in all."""
        self.funnel.answered += len(list(frames))
        self.funnel.backfilled += records

    def rows(self) -> dict[str, bytes]:
        """Give the state of all."""
        return {name: part.snapshot() for name, part in self.parts.items()}

    def finish(self) -> list[tuple[str, BackfillFrame]]:
        """Answer until all has been asked for, without records; give all frames."""
        found: list[tuple[str, BackfillFrame]] = []
        while len(self.ended) < len(self.parts):
            found += (asked := self.next())
            self.answer(asked, 0)
        return found


def one_left(left: Unfinished, group: int = 0) -> dict[str, bytes]:
    """Give the rows of a store in which one group has something left."""
    return {name: pack(left if int(name) == group else None) for name in names()}


def assert_everybody_once(asked: list[tuple[str, BackfillFrame]]) -> None:
    """Check that the frames cover each lane, and none of its buckets twice."""
    assert 240 == len({lane for lane, _ in asked})
    assert 240 * BUCKETS == sum(frame.end - frame.first for _, frame in asked)
    assert len(asked) == len({(lane, frame.first) for lane, frame in asked})


@pytest.mark.parametrize("backfill", [None, Backfill(), Backfill(key="c1")])
def test_every_lane_is_woken_at_once_and_first(backfill: Backfill | None) -> None:
    """One batch with an empty frame for each lane of a partition, whatever follows."""
    woken = Waking(backfill).wake()

    assert sorted(LANE_NAMES) == sorted(lane for _, (lane, _) in woken)
    assert all(frame is WAKE and lane in GROUPS[int(name)] for name, (lane, frame) in woken)


@pytest.mark.parametrize("processes", [1, 2, 3, 4, 6, 12])
def test_the_processes_of_a_job_wake_and_ask_every_lane_once(processes: int) -> None:
    """Each process those whose partitions the engine gives it, at its share of the rate."""
    woken: list[str] = []
    asked: list[tuple[str, BackfillFrame]] = []
    for process in range(processes):
        waking = Waking(Backfill(rate=60), process=process, processes=processes)
        woken += [lane for _, (lane, _) in waking.wake()]
        asked += (frames := waking.next())
        waking.answer(frames, 1)
        waking.now = NOON_S + processes / 60 - 0.001
        assert [] == waking.next()
        waking.now = NOON_S + processes / 60 + 0.001
        asked += (frames := waking.next())
        waking.answer(frames, 0)
        asked += waking.finish()
    assert sorted(LANE_NAMES) == sorted(woken)
    assert_everybody_once(asked)


def test_without_a_backfill_that_is_all() -> None:
    """The source ends, and keeps of each partition that nothing is left."""
    waking = Waking(None)
    waking.wake()

    assert [] == waking.next()
    assert set(names()) == waking.ended
    assert {pack(None)} == set(waking.rows().values())


def test_the_next_ask_waits_for_all_answers_to_the_last() -> None:
    """No clock makes up for one that is missing, and the engine is told to look again soon."""
    waking = Waking(Backfill(rate=0))
    waking.wake()
    for _ in range(6):  # 1, 4, 16, 64, 256 and 1,024 buckets of one lane
        asked = waking.next()
        assert 1 == len(asked)
        waking.answer(asked, 0)
    asked = waking.next()  # 4,096 buckets: the rest of that lane, and some of the next
    assert 2 == len(asked)
    asking = waking.parts[f"{LANE_NAMES.index(asked[0][0]) % 60:02d}"]

    waking.now += 3_600
    waking.answer(asked[1:], 7)
    assert [] == waking.next()
    assert asking.next_awake() is None
    waking.answer(asked[:1], 0)
    assert waking.next()


def test_one_group_asks_at_a_time_to_its_end() -> None:
    """The others look again a little later; then another one's turn has come."""
    waking = Waking(Backfill(rate=0))
    waking.wake()
    turns: list[int] = []
    while asked := waking.next():
        turns += {LANE_NAMES.index(lane) % 60 for lane, _ in asked}
        waking.answer(asked, 0)
        if len(turns) == 1:
            waiting = [part for name, part in waking.parts.items() if int(name) != turns[0]]
            look = datetime.fromtimestamp(NOON_S + LOOK_AGAIN_S, timezone.utc)
            assert {look} == {part.next_awake() for part in waiting}
    assert set(range(60)) == set(turns)
    assert 59 == sum(before != after for before, after in pairwise(turns))


def test_the_pace_is_kept_by_the_time_of_the_next_batch() -> None:
    """After 50 records at 100 a second nothing is asked for half a second."""
    waking = Waking(Backfill(rate=100))
    waking.wake()
    asked = waking.next()
    waking.answer(asked, 50)

    assert [] == waking.next()
    half = datetime.fromtimestamp(NOON_S + 0.5, timezone.utc)
    asking = waking.parts[f"{LANE_NAMES.index(asked[0][0]) % 60:02d}"]
    assert half == asking.next_awake()
    waking.now = NOON_S + 0.499
    assert [] == waking.next()
    waking.now = NOON_S + 0.5
    assert waking.next()


def test_the_pace_is_kept_from_one_group_to_the_next() -> None:
    """Whoever asks last in a group, the next group waits for the answers and for the rate."""
    rows = one_left(Unfinished(None, None, 100, GROUP_BUCKETS - 1)) | {
        "01": pack(Unfinished(None, None, 100, GROUP_BUCKETS - 1))
    }
    waking = Waking(None, rows)
    waking.wake()
    asked = waking.next()
    assert [] == waking.next()
    waking.answer(asked, 50)
    assert [] == waking.next()
    waking.now = NOON_S + 0.499
    assert [] == waking.next()
    waking.now = NOON_S + 0.5
    assert waking.next()
    assert [] == waking.next()
    assert set(names()) == waking.ended


def test_an_uncapped_backfill_never_waits_for_the_clock() -> None:
    """Only for answers."""
    waking = Waking(Backfill(rate=0))
    waking.wake()
    for _ in range(20):
        asked = waking.next()
        assert asked
        waking.answer(asked, 10_000)


def test_asks_are_as_wide_as_a_tenth_of_a_second_s_records() -> None:
    """With two records in a bucket and 400 a second, 20 buckets are asked for."""
    waking = Waking(Backfill(rate=400))
    waking.wake()
    widths = []
    for _ in range(6):
        ((_, frame),) = waking.next()
        widths.append(frame.end - frame.first)
        waking.answer([frame], 2 * widths[-1])
        assert [] == waking.next()
        waking.now += 1

    assert [1, 4, 16, 20, 20, 20] == widths


def test_what_is_left_is_in_every_snapshot_until_all_lanes_are_asked() -> None:
    """From the first batch on; after the last ask nothing is, though no answer has come."""
    waking = Waking(Backfill(segment="s1", rate=0))
    waking.wake()
    new = pack(Unfinished("s1", None, 0, 0))
    assert dict.fromkeys(names(), new) == waking.rows()
    waking.next()
    begun = pack(Unfinished("s1", None, 0, 1))
    assert sorted([new] * 59 + [begun]) == sorted(waking.rows().values())

    last = Waking(None, one_left(Unfinished("s1", None, 0, GROUP_BUCKETS - 1)))
    last.wake()
    assert [(GROUPS[0][-1], BackfillFrame("s1", None, BUCKETS - 1, BUCKETS))] == last.next()
    assert {pack(None)} == set(last.rows().values())
    assert [] == last.next()
    assert set(names()) == last.ended


def test_what_is_left_is_what_was_left_before_anything_is_asked() -> None:
    """A snapshot that is taken of a partition that was not called keeps what it resumed."""
    left = Unfinished("s1", None, 5, 77)
    waking = Waking(Backfill(segment="s1", rate=9), one_left(left))

    assert one_left(left) == waking.rows()
    waking.wake()
    assert one_left(Unfinished("s1", None, 9, 77)) == waking.rows()


def test_the_same_backfill_asked_for_again_asks_for_the_rest() -> None:
    """Groups that are done are not begun again, wherever it was broken off."""
    waking = Waking(Backfill(rate=0))
    waking.wake()
    asked: list[tuple[str, BackfillFrame]] = []
    for _ in range(30):
        asked += (frames := waking.next())
        waking.answer(frames, 0)
    rows = waking.rows()
    assert 5 < len([row for row in rows.values() if unpack(row) is None]) < 55

    again = Waking(Backfill(rate=0), rows)
    again.wake()
    asked += again.finish()
    assert_everybody_once(asked)


def test_one_profile_takes_one_ask() -> None:
    """Its own lane is asked for it, and the other groups have nothing to do."""
    waking = Waking(Backfill(key="c1"))
    waking.wake()
    assert one_left(Unfinished(None, "c1", 1_000), GROUP_OF_C1) == waking.rows()

    assert [(lane_of("c1"), BackfillFrame(None, "c1", 0, BUCKETS))] == waking.next()
    assert {pack(None)} == set(waking.rows().values())


def test_counts_of_before_are_no_answers() -> None:
    """A funnel may have counted another execution of this process."""
    funnel = Funnel()
    funnel.answered, funnel.backfilled = 1_000, 1_000
    waking = Waking(Backfill(rate=1_000), funnel=funnel)
    waking.wake()
    assert waking.next()

    assert [] == waking.next()


def test_another_backfill_is_refused_when_the_source_is_built() -> None:
    """So that nothing is woken, read or sent."""
    with pytest.raises(BackfillUnfinished):
        Waking(Backfill(), one_left(Unfinished("s1", None, 0, 1)))


def test_a_snapshot_of_another_release_is_refused() -> None:
    """Before anything is woken."""
    with pytest.raises(UnknownSnapshot):
        Waking(None, dict.fromkeys(names(), b"\x02\xc0"))
