"""When shards are listed."""

from __future__ import annotations

import math

import pytest

from connectors.kinesis.core.discovery import Discovery


def listed(at: float, random: float = 0.0) -> Discovery:
    """A discovery whose first listing came back at this time."""
    made = Discovery(60.0, lambda: random)
    made.soon()
    made.begin(at)
    made.done(at)
    return made


def test_nothing_is_listed_without_a_reason() -> None:
    """A reading that owns no slot makes no call."""
    made = Discovery(60.0, lambda: 0.0)
    assert (math.inf, False) == (made.due_at, made.is_complete)


@pytest.mark.parametrize(("random", "due_at"), [(0.0, 110.0), (0.5, 107.5), (1.0, 105.0)])
def test_the_next_listing_comes_within_ten_seconds(random: float, due_at: float) -> None:
    """And not before five."""
    assert due_at == listed(100.0, random).due_at


def test_a_reason_brings_it_forward_but_not_below_a_second() -> None:
    """However many shards end, the service is asked once a second at most."""
    made = listed(100.0)
    made.soon()
    made.soon()
    assert (101.0, False) == (made.due_at, made.is_complete)


def test_a_listing_under_way_is_none_for_a_later_reason() -> None:
    """It may have been answered before; so there is another one, and only then all is known."""
    made = listed(100.0)
    made.begin(110.0)
    made.soon()
    assert math.inf == made.due_at
    made.done(110.5)
    assert (111.0, False) == (made.due_at, made.is_complete)
    made.begin(111.0)
    assert not made.is_complete
    made.done(111.5)
    assert (121.0, True) == (made.due_at, made.is_complete)


def test_a_failure_is_tried_again_until_it_is_over() -> None:
    """With pauses of full jitter, here the longest; give_up_s after the first it is over."""
    made = Discovery(60.0, lambda: 1.0)
    made.soon()
    made.begin(100.0)
    assert not made.failed(100.0)
    assert (100.05, False) == (made.due_at, made.is_complete)
    made.begin(100.05)
    assert not made.failed(159.0)
    made.begin(160.0)
    assert made.failed(160.0)


def test_a_good_answer_ends_the_trouble() -> None:
    """What failed before it does not count any more."""
    made = Discovery(60.0, lambda: 0.0)
    made.soon()
    made.begin(100.0)
    made.failed(100.0)
    made.begin(101.0)
    made.done(101.0)
    made.begin(159.0)
    assert not made.failed(170.0)
