"""The funnel: every unit is counted once, where it ended."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from flows.funnel import Funnel, Unbalanced
from flows.profile.policy import NOT_QUALIFIED, SAME_VALUE, STALE, UNMAPPED


def filled() -> Funnel:
    """Give a funnel that took ten: one exported, two rejected, three unchanged, four filtered."""
    funnel = Funnel()
    funnel.received = 10
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


def test_all_that_came_must_have_ended() -> None:
    """The balance holds, until one is missing or counted twice; the error gives both sides."""
    funnel = filled()
    funnel.require_balance()

    for received in (11, 9):
        funnel.received = received
        expected = (
            f"received {received} + backfilled 0, but rejected 2 + unchanged 3 + filtered 4 + "
            "exported 1"
        )
        with pytest.raises(Unbalanced, match=re.escape(expected)):
            funnel.require_balance()


def test_a_backfill_is_in_the_balance() -> None:
    """What it sends came of no input, and is exported."""
    funnel = filled()
    funnel.backfilled = 5
    with pytest.raises(Unbalanced, match=r"received 10 \+ backfilled 5, but .* exported 1"):
        funnel.require_balance()

    funnel.exported += 5
    funnel.require_balance()


def test_a_profile_is_held_by_what_is_known_of_it() -> None:
    """Attributes only, memberships only, or both; one with neither is in no side of the join."""
    funnel = Funnel()
    for attributes, memberships in ((1, 0), (0, 1), (0, 1), (1, 1), (1, 1), (1, 1), (0, 0)):
        funnel.hold(bool(attributes), bool(memberships))

    assert Counter(attributes=1, memberships=2, both=3) == funnel.profiles
