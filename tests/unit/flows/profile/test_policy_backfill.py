"""The export policy asked by a backfill, in the words of `test_policy`."""

from __future__ import annotations

import pytest

from flows.profile.merge import Profile
from flows.profile.policy import NOT_QUALIFIED, Export, ExportPolicy
from tests.support.made import deleted, destination, merged, said

GOLD = {"tier": '"gold"'}
IN, OUT = {"s1": "realized"}, {"s1": "exited"}
IN_2 = {"s2": "realized"}


@pytest.mark.parametrize(
    ("heard", "segment", "exported"),
    [
        ([], None, False),
        ([said(1, GOLD)], None, False),
        ([said(1, {}, IN)], None, True),
        ([said(1, {}, OUT)], None, False),
        ([said(1, {}, OUT | IN_2)], None, True),
        ([said(1, {}, {"s9": "realized"})], None, False),
        ([said(1, {}, {"AAM/s1": "realized"})], None, False),
        ([said(1, {}, IN), deleted(2)], None, False),
        ([said(1, {}, IN)], "s1", True),
        ([said(1, {}, IN_2)], "s1", False),
        ([said(1, {}, OUT | IN_2)], "s1", False),
        ([said(1, {}, {"AAM/s1": "realized"} | IN_2)], "s1", False),
        ([said(1, {}, {"s9": "realized"} | IN_2)], "s9", False),
    ],
)
def test_a_backfill_exports_who_is_in_a_mapped_segment(
    heard: list[Profile],
    segment: str | None,
    exported: bool,  # noqa: FBT001 - pytest gives it
) -> None:
    """In any, or in the one asked for; what is exported is the profile as it is."""
    profile = merged(*heard)
    decision = ExportPolicy(destination()).decide_again(profile, segment)

    expected = Export(("backfill",), profile) if exported else NOT_QUALIFIED
    assert expected == decision


def test_with_all_segments_mapped_a_backfill_takes_any() -> None:
    """Of any namespace, by its id."""
    everything = {"segments": "all", "attributes": []}
    policy = ExportPolicy(destination(activation=everything))
    profile = merged(said(1, {}, {"AAM/x": "realized"}))

    for segment in (None, "x"):
        assert Export(("backfill",), profile) == policy.decide_again(profile, segment)
    assert NOT_QUALIFIED == policy.decide_again(profile, "AAM")
