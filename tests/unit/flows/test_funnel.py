"""The funnel: every unit is counted once, where it ended."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from flows.funnel import Funnel, Unbalanced
from flows.profile.policy import NOT_QUALIFIED, SAME_VALUE, STALE, UNMAPPED


def filled() -> Funnel:
    """Give a funnel that read ten: one exported, two rejected, three unchanged, four filtered.

    One of the rejected went to no lane.
    """
    funnel = Funnel()
    funnel.received = 10
    funnel.unrouted = 1
    funnel.routed = funnel.taken = 9
    funnel.exported = 1
    funnel.rejected["not_json"] += 2
    for skip in (SAME_VALUE, STALE, STALE, UNMAPPED, UNMAPPED, UNMAPPED, NOT_QUALIFIED):
        funnel.skip(skip)
    return funnel


def test_a_new_funnel_is_empty_and_balanced() -> None:
    """Nothing came, nothing is missing."""
    funnel = Funnel()
    funnel.require_balance()

    assert (0, 0, 0) == (funnel.received, funnel.exported, funnel.skipped())


def test_a_skip_is_counted_under_its_outcome_and_reason() -> None:
    """Unchanged and filtered are kept apart."""
    funnel = filled()

    assert Counter(same_value=1, stale=2) == funnel.unchanged
    assert Counter(unmapped=3, not_qualified=1) == funnel.filtered
    assert Counter(not_json=2) == funnel.rejected


def test_what_became_no_record_is_the_sum_of_all_skips() -> None:
    """Rejected, unchanged and filtered, over all reasons."""
    assert 9 == filled().skipped()


def test_all_that_was_read_must_have_left_for_a_lane_or_been_rejected() -> None:
    """The balance holds, until one is missing or counted twice; the error gives both sides."""
    funnel = filled()
    funnel.require_balance()

    for received in (11, 9):
        funnel.received = received
        expected = f"received {received}, but unrouted 1 + routed 9"
        with pytest.raises(Unbalanced, match=re.escape(expected)):
            funnel.require_balance()


def test_all_that_lanes_took_must_have_ended() -> None:
    """With what no lane took, as that is rejected; the error gives both sides."""
    funnel = filled()
    for taken in (10, 8):
        funnel.taken = taken
        expected = (
            f"taken {taken} + unrouted 1 + backfilled 0, but rejected 2 + unchanged 3 + filtered 4 "
            "+ exported 1"
        )
        with pytest.raises(Unbalanced, match=re.escape(expected)):
            funnel.require_balance()


def test_a_backfill_is_in_the_balance() -> None:
    """What it sends came of no input, and is exported."""
    funnel = filled()
    funnel.backfilled = 5
    expected = r"taken 9 \+ unrouted 1 \+ backfilled 5, but .* exported 1"
    with pytest.raises(Unbalanced, match=expected):
        funnel.require_balance()

    funnel.exported += 5
    funnel.require_balance()


def test_a_process_balances_though_its_lanes_take_what_others_read() -> None:
    """What is read here and what is taken here differ; over all processes they must not."""
    reader, joiner = Funnel(), Funnel()
    reader.received = reader.routed = 3
    joiner.taken = joiner.exported = 3
    for funnel in (reader, joiner):
        funnel.require_balance()
    with pytest.raises(Unbalanced, match="routed 3, but lanes took 0"):
        reader.require_arrival()
    with pytest.raises(Unbalanced, match="routed 0, but lanes took 3"):
        joiner.require_arrival()

    reader.add(joiner)
    reader.require_arrival()
    reader.require_balance()


def test_adding_adds_every_count() -> None:
    """Also those by reason and by lane; whether profiles are sampled is so if one says so."""
    total, other = filled(), filled()
    other.backfilled, other.snapshots, other.answered = 1, 2, 3
    other.rejected["no_key_identity"] = 4
    other.hold(attributes=True, memberships=True)
    other.weigh("1", 7, 700)
    total.weigh("2", 5, 500)
    total.add(other)

    assert (20, 2, 18, 18, 2) == (
        total.received,
        total.unrouted,
        total.routed,
        total.taken,
        total.exported,
    )
    assert (1, 2, 3) == (total.backfilled, total.snapshots, total.answered)
    assert Counter(not_json=4, no_key_identity=4) == total.rejected
    assert Counter(same_value=2, stale=4) == total.unchanged
    assert Counter(unmapped=6, not_qualified=2) == total.filtered
    assert Counter(both=1) == total.profiles
    assert Counter({"1": 7, "2": 5}) == total.lane_profiles
    assert Counter({"1": 700, "2": 500}) == total.lane_bytes
    assert not total.sampled
    other.sampled = True
    total.add(other)
    assert total.sampled


def test_a_profile_is_held_by_what_is_known_of_it() -> None:
    """Attributes only, memberships only, or both; one with neither is in no side of the join."""
    funnel = Funnel()
    for attributes, memberships in ((1, 0), (0, 1), (0, 1), (1, 1), (1, 1), (1, 1), (0, 0)):
        funnel.hold(bool(attributes), bool(memberships))

    assert Counter(attributes=1, memberships=2, both=3) == funnel.profiles
