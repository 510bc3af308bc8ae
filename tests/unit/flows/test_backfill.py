"""A backfill: what is taken up, whom a frame asks for, and what the store keeps of it."""

from __future__ import annotations

import pytest

from flows.backfill import (
    BUCKETS,
    Backfill,
    BackfillFrame,
    BackfillUnfinished,
    Unfinished,
    begin,
    bucket_of,
    pack,
    require_same,
    unpack,
)
from flows.lanes import GROUPS, LANE_NAMES, lane_of
from flows.profile.state import UnknownSnapshot

ALL, SEGMENT, ONE = Backfill(), Backfill(segment="s1"), Backfill(key="c1")
GROUP_OF_C1 = 17
"""CRC-32 of "c1" is 1,591,159,457, whose remainder by 60 is 17."""


def left_of(backfill: Backfill, position: int = 0) -> Unfinished:
    """Give what is left of a backfill in a group that has come so far."""
    return Unfinished(backfill.segment, backfill.key, backfill.rate, position)


def test_nothing_asked_for_and_nothing_left_is_nothing_to_do() -> None:
    """As in most runs; the store keeps that it is nothing, so that a lost row can be told."""
    assert {0: None, 1: None} == begin(None, {0: None, 1: None})
    assert b"\x01\xc0" == pack(None)
    assert unpack(b"\x01\xc0") is None


def test_what_is_left_is_kept_as_it_is() -> None:
    """A version, and an array of segment, key, rate and position in MessagePack."""
    left = Unfinished("s1", None, 7, 300)

    assert b"\x01\x94\xa2s1\xc0\x07\xcd\x01\x2c" == pack(left)
    assert left == unpack(pack(left))


def test_a_run_takes_up_what_is_left() -> None:
    """In each group with its place and its rate."""
    lefts = {0: None, 1: Unfinished("s1", None, 7, 300), 2: Unfinished("s1", None, 7)}

    assert lefts == begin(None, lefts)


@pytest.mark.parametrize("asked", [ALL, SEGMENT], ids=["all", "segment"])
def test_the_same_backfill_goes_on_at_its_new_rate(asked: Backfill) -> None:
    """What was asked of the lanes is not asked again, be it part of a group or all of it."""
    faster = Backfill(segment=asked.segment, rate=9_999)

    lefts = {0: None, 1: left_of(asked, 5), 2: left_of(asked)}
    for left in lefts.values():
        if left is not None:
            require_same(faster, left)
    assert {
        0: None,
        1: Unfinished(asked.segment, None, 9_999, 5),
        2: Unfinished(asked.segment, None, 9_999, 0),
    } == begin(faster, lefts)


def test_a_backfill_that_is_done_can_be_asked_for_again() -> None:
    """From the start, as nothing is left of the one before."""
    new = Unfinished(None, None, 1_000)
    assert {0: new, 1: new} == begin(ALL, {0: None, 1: None})


def test_one_profile_is_for_the_group_of_its_lane_alone() -> None:
    """The other groups have nothing to do; the same backfill goes on there, too."""
    nothing: dict[int, Unfinished | None] = dict.fromkeys(range(60))
    begun = {**nothing, GROUP_OF_C1: left_of(ONE)}

    assert lane_of("c1") in GROUPS[GROUP_OF_C1]
    assert begun == begin(ONE, nothing)
    require_same(ONE, left_of(ONE))
    assert begun == begin(ONE, begun)
    assert begun == begin(None, begun)


@pytest.mark.parametrize(
    ("left", "asked", "words"),
    [
        (ALL, SEGMENT, r"a backfill of all profiles is unfinished\."),
        (SEGMENT, Backfill(segment="s2"), "of the profiles in segment s1 is unfinished"),
        (ONE, Backfill(key="c2"), "of one profile is unfinished"),
    ],
)
def test_another_backfill_is_refused_until_the_first_is_done_or_given_up(
    left: Backfill, asked: Backfill, words: str
) -> None:
    """The refusal says what is unfinished and the two ways out, and names nobody."""
    with pytest.raises(BackfillUnfinished, match=words) as caught:
        require_same(asked, left_of(left, 500))
    assert "`run` finishes it first; `backfill --replace`" in str(caught.value)
    assert "c1" not in str(caught.value)


@pytest.mark.parametrize("left", [ALL, SEGMENT])
def test_a_backfill_that_replaces_begins_at_the_start(left: Backfill) -> None:
    """Whatever was unfinished, the same one too; in each group, done or not."""
    asked = Backfill(segment="s1", rate=5, replace=True)
    new = Unfinished("s1", None, 5)

    require_same(asked, left_of(left))
    assert {0: new, 1: new} == begin(asked, {0: None, 1: left_of(left, 500)})
    assert {0: new, 1: new} == begin(asked, {0: None, 1: None})


def test_a_snapshot_of_another_release_is_refused() -> None:
    """The version is the first byte."""
    with pytest.raises(UnknownSnapshot, match="version 2 found, 1 can be read"):
        unpack(b"\x02\xc0")


def test_one_profile_is_asked_for_in_its_lane_alone() -> None:
    """One frame, and nothing is left."""
    frames, left = Unfinished(None, "c1", 1).ask(GROUPS[GROUP_OF_C1], 1)

    assert [(lane_of("c1"), BackfillFrame(None, "c1", 0, BUCKETS))] == frames
    assert left is None
    assert ["c1"] == frames[0][1].keys(["c0", "c1", "c2"])
    assert [] == frames[0][1].keys(["c0"])


def test_an_ask_may_reach_over_lanes() -> None:
    """From the end of one into the next of the group, at most to the end of its last."""
    group = ("a", "b", "c", "d")
    frames, left = Unfinished("s1", None, 1, BUCKETS - 2).ask(group, BUCKETS + 5)

    assert Unfinished("s1", None, 1, 2 * BUCKETS + 3) == left
    assert [
        ("a", BackfillFrame("s1", None, BUCKETS - 2, BUCKETS)),
        ("b", BackfillFrame("s1", None, 0, BUCKETS)),
        ("c", BackfillFrame("s1", None, 0, 3)),
    ] == frames
    frames, left = Unfinished("s1", None, 1, 4 * BUCKETS - 2).ask(group, 5)
    assert ([("d", BackfillFrame("s1", None, BUCKETS - 2, BUCKETS))], None) == (frames, left)


def test_a_key_has_one_bucket_for_ever() -> None:
    """CRC-32 without what chose the lane; "123456789" is the published check, 0xCBF43926."""
    assert 0xCBF43926 // 240 % 4_096 == bucket_of("123456789")


def test_the_keys_of_a_lane_spread_over_its_buckets() -> None:
    """Half the buckets hold half the keys, give or take a tenth."""
    keys = [key for key in map(str, range(500_000)) if lane_of(key) == LANE_NAMES[0]]
    lower = BackfillFrame(None, None, 0, BUCKETS // 2).keys(keys)

    assert len(keys) > 2_000
    assert 0.45 < len(lower) / len(keys) < 0.55
