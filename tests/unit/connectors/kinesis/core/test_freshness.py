"""The histogram of ages: which bucket, the sum, and what is left out."""

from __future__ import annotations

from connectors.kinesis import KinesisRecord
from connectors.kinesis.core.freshness import BOUNDS_S, Freshness

NOW_US = 1_700_000_000_000_000
NONE = (0,) * 17


def aged(*ages_us: int) -> list[KinesisRecord]:
    """Make a record of each age."""
    return [KinesisRecord(b"", "k", time_us=NOW_US - age_us) for age_us in ages_us]


def observed(*ages_us: int) -> Freshness:
    """Give the histogram of records of these ages."""
    freshness = Freshness()
    freshness.observe(aged(*ages_us), NOW_US)
    return freshness


def by_bound(freshness: Freshness) -> dict[float, int]:
    """Give the counts by the upper bound of their bucket."""
    return dict(zip([*BOUNDS_S, float("inf")], freshness.within, strict=True))


def test_each_bucket_counts_all_that_are_at_most_so_old() -> None:
    """The bound belongs to its bucket, and the last one counts all there are."""
    counts = by_bound(observed(50_000, 50_001, 300_000, 999_999, 86_400_000_001))
    assert (1, 2, 2, 3, 3, 4) == tuple(counts[at] for at in (0.05, 0.1, 0.2, 0.3, 0.5, 1))
    assert (4, 4, 5) == (counts[2], counts[86_400], counts[float("inf")])


def test_ages_add_up() -> None:
    """Over several answers, in microseconds."""
    freshness = observed(1_500_000, 500_000)
    freshness.observe(aged(7), NOW_US)
    assert 2_000_007 == freshness.sum_us
    assert 3 == freshness.within[-1]


def test_a_time_that_lies_ahead_is_an_age_of_0() -> None:
    """A producer's clock that goes wrong takes nothing off the sum."""
    freshness = observed(-1, -3_600_000_000, 2_000_000)
    assert 2_000_000 == freshness.sum_us
    assert (2, 3) == (freshness.within[0], freshness.within[-1])


def test_a_record_without_a_time_is_not_counted() -> None:
    """A backfill shows what has long been so, and says nothing of how fresh it is."""
    freshness = Freshness()
    freshness.observe([KinesisRecord(b"", "k")], NOW_US)
    assert (NONE, 0) == (freshness.within, freshness.sum_us)
    freshness.observe([KinesisRecord(b"", "k"), *aged(1)], NOW_US)
    assert 1 == freshness.within[-1]


def test_a_reader_sees_one_moment() -> None:
    """What was read before stays as it was: the counts are replaced, not changed."""
    freshness = observed(1)
    before = freshness.within
    freshness.observe(aged(1), NOW_US)
    assert (1, 2) == (before[0], freshness.within[0])
