"""A backfill: what is taken up, whom a frame asks for, and what the store keeps of it."""

from __future__ import annotations

import pytest

from flows.backfill import (
    BUCKETS,
    Backfill,
    BackfillFrame,
    BackfillUnfinished,
    Unfinished,
    bucket_of,
    pack,
    resume,
)
from flows.lanes import LANE_NAMES, LANES, lane_of
from flows.profile.state import UnknownSnapshot

ALL, SEGMENT, ONE = Backfill(), Backfill(segment="s1"), Backfill(key="c1")
HALF = LANES * BUCKETS // 2


def kept(backfill: Backfill, position: int = 0) -> bytes:
    """Give the snapshot of a backfill that has come so far."""
    snapshot = pack(Unfinished(backfill.segment, backfill.key, backfill.rate, position))
    assert snapshot is not None
    return snapshot


def test_nothing_asked_for_and_nothing_left_is_nothing_to_do() -> None:
    """As in most runs; it leaves nothing in the store either."""
    assert resume(None, None) is None
    assert pack(None) is None


def test_a_run_takes_up_what_is_left() -> None:
    """With its place and its rate."""
    snapshot = kept(Backfill(segment="s1", rate=7), HALF)

    assert Unfinished("s1", None, 7, HALF) == resume(None, snapshot)


@pytest.mark.parametrize("asked", [ALL, SEGMENT, ONE], ids=["all", "segment", "one"])
def test_the_same_backfill_goes_on_at_its_new_rate(asked: Backfill) -> None:
    """What was asked of the lanes is not asked again."""
    faster = Backfill(segment=asked.segment, key=asked.key, rate=9_999)

    assert Unfinished(asked.segment, asked.key, 9_999, 5) == resume(faster, kept(asked, 5))


@pytest.mark.parametrize(
    ("left", "asked", "words"),
    [
        (ALL, SEGMENT, "a backfill of all profiles is unfinished, 50 % done"),
        (SEGMENT, Backfill(segment="s2"), "of the profiles in segment s1 is unfinished"),
        (ONE, Backfill(key="c2"), "of one profile is unfinished"),
    ],
)
def test_another_backfill_is_refused_until_the_first_is_done_or_given_up(
    left: Backfill, asked: Backfill, words: str
) -> None:
    """The refusal says what is unfinished and the two ways out, and names nobody."""
    with pytest.raises(BackfillUnfinished, match=words) as caught:
        resume(asked, kept(left, HALF))
    assert "`run` finishes it first; `backfill --replace`" in str(caught.value)
    assert "c1" not in str(caught.value)


@pytest.mark.parametrize("left", [ALL, SEGMENT])
def test_a_backfill_that_replaces_begins_at_the_start(left: Backfill) -> None:
    """Whatever was unfinished, the same one too."""
    asked = Backfill(segment="s1", rate=5, replace=True)

    assert Unfinished("s1", None, 5, 0) == resume(asked, kept(left, HALF))
    assert Unfinished("s1", None, 5, 0) == resume(asked, None)


def test_a_snapshot_of_another_release_is_refused() -> None:
    """The version is the first byte."""
    with pytest.raises(UnknownSnapshot, match="version 2 found, 1 can be read"):
        resume(None, b"\x02" + kept(ALL)[1:])


def test_one_profile_is_asked_for_in_its_lane_alone() -> None:
    """One frame, and nothing is left."""
    frames, left = Unfinished(None, "c1", 1).ask(1)

    assert [(lane_of("c1"), BackfillFrame(None, "c1", 0, BUCKETS))] == frames
    assert left is None
    assert ["c1"] == frames[0][1].keys(["c0", "c1", "c2"])
    assert [] == frames[0][1].keys(["c0"])


def test_an_ask_may_reach_over_lanes() -> None:
    """From the end of one into the next, at most to the end of the last."""
    frames, left = Unfinished("s1", None, 1, BUCKETS - 2).ask(BUCKETS + 5)

    assert left is not None
    assert 2 * BUCKETS + 3 == left.position
    assert [
        (LANE_NAMES[0], BackfillFrame("s1", None, BUCKETS - 2, BUCKETS)),
        (LANE_NAMES[1], BackfillFrame("s1", None, 0, BUCKETS)),
        (LANE_NAMES[2], BackfillFrame("s1", None, 0, 3)),
    ] == frames
    frames, left = Unfinished("s1", None, 1, LANES * BUCKETS - 2).ask(5)
    assert ([(LANE_NAMES[-1], BackfillFrame("s1", None, BUCKETS - 2, BUCKETS))], None) == (
        frames,
        left,
    )


def test_a_key_has_one_bucket_for_ever() -> None:
    """CRC-32 without what chose the lane; "123456789" is the published check, 0xCBF43926."""
    assert 0xCBF43926 // 240 % 4_096 == bucket_of("123456789")


def test_the_keys_of_a_lane_spread_over_its_buckets() -> None:
    """Half the buckets hold half the keys, give or take a tenth."""
    keys = [key for key in map(str, range(500_000)) if lane_of(key) == LANE_NAMES[0]]
    lower = BackfillFrame(None, None, 0, BUCKETS // 2).keys(keys)

    assert len(keys) > 2_000
    assert 0.45 < len(lower) / len(keys) < 0.55
