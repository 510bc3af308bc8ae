"""Laws of a backfill: everybody once, whatever the steps, and never faster than allowed."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from flows.backfill import (
    BUCKETS,
    RATE,
    Backfill,
    BackfillFrame,
    Pace,
    begin,
    bucket_of,
    pack,
    unpack,
)
from flows.lanes import GROUPS, lane_of

WIDTHS = st.lists(st.integers(1, 60) | st.integers(1, 100_000), min_size=1, max_size=40)
KEYS = st.sets(st.text(max_size=8), max_size=30)


def asks(widths: list[int]) -> list[list[tuple[str, BackfillFrame]]]:
    """All asks of a backfill of everybody, as wide as these in turn, across any restarts."""
    found = []
    lefts = begin(Backfill(), dict.fromkeys(range(len(GROUPS))))
    for group in range(len(GROUPS)):
        while (left := lefts[group]) is not None:
            # A wide step at the end of the list keeps the number of asks small.
            width = widths.pop(0) if len(widths) > 1 else 200_000
            frames, lefts[group] = left.ask(GROUPS[group], width)
            found.append(frames)
            kept = {other: unpack(pack(each)) for other, each in lefts.items()}
            lefts = begin(Backfill() if len(found) % 2 and any(kept.values()) else None, kept)
    return found


@given(KEYS, WIDTHS)
def test_every_key_is_asked_for_once(keys: set[str], widths: list[int]) -> None:
    """In its own lane and in one frame, however wide the asks are and whatever goes on with it."""
    found: list[str] = []
    for lane, frame in (each for frames in asks(widths) for each in frames):
        held = [key for key in keys if lane_of(key) == lane]
        found += frame.keys(held)
    assert sorted(keys) == sorted(found)


@given(WIDTHS)
def test_the_frames_cut_the_lanes_without_gap_or_overlap(widths: list[int]) -> None:
    """Each lane from its first bucket to its last, and never an empty frame."""
    cut: dict[str, list[tuple[int, int]]] = {}
    for lane, frame in (each for frames in asks(widths) for each in frames):
        cut.setdefault(lane, []).append((frame.first, frame.end))
    assert 240 == len(cut)
    for pieces in cut.values():
        assert (0, BUCKETS) == (pieces[0][0], pieces[-1][1])
        assert all(first < end for first, end in pieces)
        assert all(before[1] == after[0] for before, after in pairwise(pieces))


@given(st.text())
def test_a_bucket_is_one_of_its_lane(key: str) -> None:
    """Whatever the key."""
    assert 0 <= bucket_of(key) < BUCKETS


@given(st.integers(1, 100_000), st.lists(st.integers(0, 50_000), min_size=1))
def test_records_never_outrun_the_rate(rate: int, answers: list[int]) -> None:
    """However many come of an ask: from any ask on, time times rate covers all but the last."""
    pace = Pace()
    due = [0.0]
    for records in answers:
        due.append(pace.answered(records, rate, due[-1]))
    for first in range(len(answers)):
        allowed = (due[-1] - due[first]) * rate
        assert sum(answers[first:]) <= allowed + 1e-6 * rate


@given(st.floats(0, 100_000), st.lists(st.integers(0, 50_000)))
def test_an_ask_is_never_more_than_four_times_as_wide_as_the_last(
    rate: float, answers: list[int]
) -> None:
    """So that one lane without profiles does not make the next ask bring a flood."""
    pace = Pace()
    for records in answers:
        before = pace.buckets
        pace.answered(records, rate, 0)
        assert 1 <= pace.buckets <= 4 * before


def test_a_backfill_is_unpaced_only_if_asked_for() -> None:
    """The default is what one shard takes in a second."""
    assert 1_000 == RATE == Backfill().rate
    assert 5.0 == Pace().answered(1_000_000, 0, 5)
    assert 6.0 == Pace().answered(1_000, RATE, 5)
