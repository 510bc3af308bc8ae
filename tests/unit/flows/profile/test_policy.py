"""The export policy as a table: what a profile has heard, what it hears now, and what comes of it.

Mapped are the segments `s1` and `s2` and the attributes `tier` and `name`; every fragment names the
identity `crmid:c1`. The numbers are times; a membership's own time is that of its fragment.
"""

from __future__ import annotations

from typing import Any

import pytest

from flows.profile.entry import read_membership
from flows.profile.merge import EMPTY, Profile, merge
from flows.profile.policy import Export, ExportPolicy
from tests.support.made import deleted, destination, merged, said
from tests.support.pipeline import describe

GOLD, SILVER = {"tier": '"gold"'}, {"tier": '"silver"'}
IN, OUT = {"s1": "realized"}, {"s1": "exited"}
IN_2 = {"s2": "realized"}
ECID = (("crmid", "c1"), ("ecid", "e1"))
GAID = (("crmid", "c1"), ("gaid", "g1"))

Row = tuple[list[Profile], Profile, str]

MEMBERSHIPS: dict[str, Row] = {
    "a new profile enters": ([], said(1, {}, IN), "export(membership, identity)"),
    "one exits from nothing": ([], said(1, {}, OUT), "export(membership)"),
    "one enters again": ([said(1, {}, OUT)], said(2, {}, IN), "export(membership)"),
    "one exits": ([said(1, {}, IN)], said(2, {}, OUT), "export(membership)"),
    "one is still in": ([said(1, {}, IN)], said(2, {}, IN), "unchanged/same_value"),
    "an exit comes late": ([said(2, {}, IN)], said(1, {}, OUT), "unchanged/stale"),
    "an entry comes late": ([said(2, {}, OUT)], said(1, {}, IN), "unchanged/stale"),
    "an exit at the same time wins": ([said(1, {}, IN)], said(1, {}, OUT), "export(membership)"),
    "an entry then does not": ([said(1, {}, OUT)], said(1, {}, IN), "unchanged/stale"),
    "one enters a second": ([said(1, {}, IN)], said(2, {}, IN_2), "export(membership)"),
    "one exits the second": (
        [said(1, {}, IN | IN_2)],
        said(2, {}, {"s2": "exited"}),
        "export(membership)",
    ),
    "one enters and exits": (
        [said(1, {}, IN)],
        said(2, {}, OUT | IN_2),
        "export(membership)",
    ),
    "a segment is not mapped": (
        [said(1, {}, IN)],
        said(2, {}, {"s9": "realized"}),
        "filtered/unmapped",
    ),
    "a namespace is not mapped": (
        [said(1, {}, IN)],
        said(2, {}, {"UPS/s2": "realized"}),
        "filtered/unmapped",
    ),
    "a new profile is in an unmapped one": (
        [],
        said(1, GOLD, {"s9": "realized"}),
        "filtered/not_qualified",
    ),
}

ATTRIBUTES: dict[str, Row] = {
    "nobody asked": ([], said(1, GOLD), "filtered/not_qualified"),
    "the first": ([said(1, {}, IN)], said(2, GOLD), "export(attribute)"),
    "another": ([said(1, GOLD, IN)], said(2, SILVER), "export(attribute)"),
    "another, after the exit": ([said(1, GOLD, OUT)], said(2, SILVER), "filtered/not_qualified"),
    "the same": ([said(1, GOLD, IN)], said(2, GOLD), "unchanged/same_value"),
    "the same, not qualified": ([said(1, GOLD)], said(2, GOLD), "unchanged/same_value"),
    "an older one": ([said(2, GOLD, IN)], said(1, SILVER), "unchanged/stale"),
    "an older one, the same": ([said(2, GOLD, IN)], said(1, GOLD), "unchanged/stale"),
    "one of two is older": (
        [said(2, GOLD, IN)],
        said(1, SILVER | {"name": '"Ann"'}),
        "export(attribute)",
    ),
    "a later ordinal": (
        [said(1, GOLD, IN)],
        said(1, SILVER, ordinal=1),
        "export(attribute)",
    ),
    "an earlier ordinal": (
        [said(1, GOLD, IN, ordinal=1)],
        said(1, SILVER),
        "unchanged/stale",
    ),
    "equal numbers, other bytes": (
        [said(1, {"tier": "1"}, IN)],
        said(2, {"tier": "1.0"}),
        "export(attribute)",
    ),
    "true is not 1": (
        [said(1, {"tier": "1"}, IN)],
        said(2, {"tier": "true"}),
        "export(attribute)",
    ),
    "with an entry": ([said(1, GOLD)], said(2, SILVER, IN), "export(membership, attribute)"),
    "with an exit": ([said(1, GOLD, IN)], said(2, SILVER, OUT), "export(membership)"),
    "with a stale exit": ([said(3, GOLD, IN)], said(2, {}, OUT), "unchanged/stale"),
}

IDENTITIES: dict[str, Row] = {
    "the first": ([], said(1), "filtered/not_qualified"),
    "the same": ([said(1)], said(2), "filtered/unmapped"),
    "one more": ([said(1, {}, IN)], said(2, identities=ECID), "export(identity)"),
    "one more, late": ([said(2, {}, IN)], said(1, identities=ECID), "export(identity)"),
    "one more, not qualified": (
        [said(1, GOLD)],
        said(2, identities=ECID),
        "filtered/not_qualified",
    ),
    "one known": (
        [said(1, {}, IN, identities=ECID)],
        said(2, identities=ECID),
        "filtered/unmapped",
    ),
    "one more and an attribute": (
        [said(1, {}, IN)],
        said(2, GOLD, identities=ECID),
        "export(identity, attribute)",
    ),
    "everything at once": (
        [said(1)],
        said(2, GOLD, IN, identities=ECID),
        "export(membership, identity, attribute)",
    ),
}

DELETES: dict[str, Row] = {
    "an unknown profile": ([], deleted(5), "filtered/unmapped"),
    "a qualified one": ([said(1, GOLD, IN)], deleted(5), "export(delete)"),
    "at the same time": ([said(5, GOLD, IN)], deleted(5), "export(delete)"),
    "one that exited": ([said(1, GOLD, OUT)], deleted(5), "filtered/not_qualified"),
    "an exit alone": ([said(1, {}, OUT), said(9)], deleted(5), "filtered/not_qualified"),
    "one never qualified": ([said(1, GOLD)], deleted(5), "filtered/not_qualified"),
    "one newer than the delete": ([said(9, GOLD, IN)], deleted(5), "filtered/unmapped"),
    "one of two memberships": ([said(1, {}, IN), said(9, {}, IN_2)], deleted(5), "export(delete)"),
    "an exit, while in another": (
        [said(1, {}, OUT), said(9, {}, IN_2)],
        deleted(5),
        "export(delete)",
    ),
    "an attribute, while in": ([said(1, GOLD), said(9, {}, IN)], deleted(5), "export(attribute)"),
    "an identity, while in": (
        [said(1, identities=ECID), said(9, {}, IN)],
        deleted(5),
        "export(identity)",
    ),
    "all of these, while in": (
        [said(1, GOLD, IN, identities=ECID), said(9, {}, IN_2)],
        deleted(5),
        "export(identity, attribute, delete)",
    ),
    "an attribute no longer mapped": (
        [said(1, {"gone": "1"}), said(9, {}, IN)],
        deleted(5),
        "filtered/unmapped",
    ),
    "a segment not mapped": (
        [said(1, {}, {"s9": "realized"}), said(9, {}, IN)],
        deleted(5),
        "filtered/unmapped",
    ),
    "once more": ([said(1, GOLD, IN), deleted(5)], deleted(5), "filtered/unmapped"),
    "later, nothing left": ([said(1, GOLD, IN), deleted(5)], deleted(6), "filtered/unmapped"),
    "earlier": ([said(1, GOLD, IN), deleted(5)], deleted(4), "filtered/unmapped"),
    "then what it covers": ([said(1, {}, IN), deleted(5)], said(5, GOLD, IN), "unchanged/stale"),
    "then an attribute": ([said(1, {}, IN), deleted(5)], said(6, GOLD), "filtered/not_qualified"),
    "then an entry": (
        [said(1, {}, IN), deleted(5)],
        said(6, {}, IN),
        "export(membership, identity)",
    ),
}

UNCHANGED_ATTRIBUTES: dict[str, Row] = {
    "a newer version": ([said(1, GOLD, IN)], said(2, GOLD), "export(attribute)"),
    "the same version": ([said(1, GOLD, IN)], said(1, GOLD), "unchanged/same_value"),
    "an older version": ([said(2, GOLD, IN)], said(1, GOLD), "unchanged/stale"),
    "not qualified": ([said(1, GOLD)], said(2, GOLD), "unchanged/same_value"),
    "a newer membership": ([said(1, GOLD, IN)], said(2, {}, IN), "unchanged/same_value"),
}

EXPORTED: dict[str, Row] = {
    "a new profile": ([], said(1, {}, IN), "export(membership)"),
    "one not exported": ([said(1, {}, IN)], said(2, identities=GAID), "filtered/unmapped"),
    "one exported": ([said(1, {}, IN)], said(2, identities=ECID), "export(identity)"),
}

ALL_SEGMENTS: dict[str, Row] = {
    "any membership": ([said(1, {}, IN)], said(2, {}, {"A/z": "exited"}), "export(membership)"),
    "any entry qualifies": ([said(1, {}, {"A/z": "realized"})], said(2, GOLD), "export(attribute)"),
    "no membership": ([], said(1, GOLD), "filtered/not_qualified"),
}

ROWS = [
    pytest.param(sections, *row, id=f"{table}: {what}")
    for table, sections, rows in (
        ("membership", {}, MEMBERSHIPS),
        ("attribute", {}, ATTRIBUTES),
        ("identity", {}, IDENTITIES),
        ("delete", {}, DELETES),
        ("overwrites", {"triggers": {"unchanged_attributes": True}}, UNCHANGED_ATTRIBUTES),
        ("exported", {"identities": {"key": "crmid", "export": ["ecid"]}}, EXPORTED),
        ("all", {"activation": {"segments": "all", "attributes": ["tier"]}}, ALL_SEGMENTS),
    )
    for what, row in rows.items()
]


def decide(known: list[Profile], says: Profile, **sections: Any) -> tuple[str, Profile]:
    """Give the decision in words, and the profile it shows if it is an export."""
    before = merged(*known)
    policy = ExportPolicy(destination(**sections))
    decision = policy.decide(before, merge(before, says), says)
    return describe(decision), decision.shown if isinstance(decision, Export) else EMPTY


@pytest.mark.parametrize(("sections", "known", "says", "expected"), ROWS)
def test_the_decision_is_that_of_the_table(
    sections: dict[str, Any], known: list[Profile], says: Profile, expected: str
) -> None:
    """Each row is one rule."""
    assert expected == decide(known, says, **sections)[0]


def test_an_export_shows_the_profile_as_it_is_after() -> None:
    """Unless it is a delete, nothing else is shown."""
    known, says = said(1, GOLD, IN), said(2, SILVER)

    assert ("export(attribute)", merged(known, says)) == decide([known], says)


def test_a_delete_shows_what_it_ended() -> None:
    """Entered segments exited at the delete's time, no attributes, the identities it had."""
    known = said(1, GOLD, {"s1": "realized", "s2": "exited", "s9": "realized"}, identities=ECID)
    _, shown = decide([known], deleted(5))

    assert {("ups", "s1"): (5, True)} == {
        segment: read_membership(entry) for segment, entry in shown.memberships.items()
    }
    assert {} == shown.attributes
    assert set(ECID) == set(shown.identities)


def test_a_delete_shows_what_outlives_it() -> None:
    """Attributes, memberships and identities that are newer stay; the old identity is gone."""
    old = said(1, GOLD, IN, identities=(("crmid", "c1"), ("ecid", "e1")))
    new = said(9, {"name": '"Ann"'}, IN_2)
    _, shown = decide([old, new], deleted(5))

    assert {("ups", "s1"): (5, True), ("ups", "s2"): (9, False)} == {
        segment: read_membership(entry) for segment, entry in shown.memberships.items()
    }
    assert ["name"] == list(shown.attributes)
    assert [("crmid", "c1")] == list(shown.identities)


def test_a_delete_shows_identities_it_ended_only_if_nothing_else_names_the_profile() -> None:
    """The ones left, if any; none of the old ones, either, while the profile stays qualified."""
    old = said(1, {}, IN, identities=ECID)
    only_ecid = {"identities": {"key": "crmid", "export": ["ecid"]}}

    assert [("crmid", "c1")] == list(decide([old, said(9)], deleted(5))[1].identities)
    assert ("ecid", "e1") in decide([old, said(9)], deleted(5), **only_ecid)[1].identities
    assert [("crmid", "c1")] == list(
        decide([old, said(9, {}, IN_2)], deleted(5), **only_ecid)[1].identities
    )


@pytest.mark.parametrize(
    ("held", "expected"),
    [({}, False), (IN, True), (OUT, False), (OUT | IN_2, True), ({"s9": "realized"}, False)],
)
def test_qualified_is_being_in_a_mapped_segment(held: dict[str, str], expected: bool) -> None:  # noqa: FBT001 - a column
    """One is enough; exits and unmapped segments do not count."""
    assert expected is ExportPolicy(destination()).qualified(merged(said(1, GOLD, held)))
