"""Hand-computed profiles, decisions and messages."""

from __future__ import annotations

import itertools
import json
from typing import Any

from tests.judges.oracle import (
    Decision,
    Export,
    Fragment,
    Profile,
    Skip,
    final_profiles,
    replay,
)

A, B = ("ups", "seg-a"), ("ups", "seg-b")
ME = frozenset({("crmid", "c1")})
SAME_VALUE, STALE = Skip("unchanged", "same_value"), Skip("unchanged", "stale")
UNMAPPED, NOT_QUALIFIED = Skip("filtered", "unmapped"), Skip("filtered", "not_qualified")


def destination(**parts: Any) -> dict[str, Any]:
    """Two mapped segments and two attributes; the keyword arguments replace whole parts."""
    activation = {"segments": [{"id": "seg-a"}, {"id": "seg-b"}], "attributes": ["t", "n.f"]}
    return {"name": "d", "identities": {"key": "crmid"}, "activation": activation, **parts}


def update(time_us: int, value: str, ordinal: int = 0, more: frozenset[Any] = ME) -> Fragment:
    """Attribute `t` of c1."""
    return Fragment("c1", time_us, ordinal, attributes={"t": value.encode()}, identities=more)


def event(time_us: int, status: str, segment: Any = A, last_us: int | None = None) -> Fragment:
    """A membership of c1."""
    entry = (time_us if last_us is None else last_us, status)
    return Fragment("c1", time_us, 0, memberships={segment: entry}, identities=ME)


def delete(time_us: int) -> Fragment:
    """A delete of c1."""
    return Fragment("c1", time_us, 0, delete=True)


def profile(*fragments: Fragment, bound: int = 1000) -> Profile:
    """The one profile of some fragments, which must be the same in every order."""
    found = [
        final_profiles(destination(), order, identity_bound=bound)["c1"]
        for order in itertools.permutations(fragments)
    ]
    assert all(each == found[0] for each in found)
    return found[0]


def decide(*fragments: Fragment, **parts: Any) -> list[Decision]:
    """The decisions on fragments in arrival order."""
    return replay(destination(**parts), fragments)


def brief(decisions: list[Decision]) -> list[object]:
    """Reasons of exports, skips as they are."""
    return [each.reasons if isinstance(each, Export) else each for each in decisions]


def sent(decision: Decision) -> str:
    """The text of an export."""
    assert isinstance(decision, Export), decision
    assert json.loads(decision.data) == decision.message
    return decision.data.decode()


def test_the_newer_version_wins_and_ties_go_to_the_ordinal_then_the_bytes() -> None:
    """(time, ordinal, encoded value) decides, in any order of arrival."""
    assert profile(update(1, "1"), update(2, "2")).attributes["t"] == (2, 0, b"2")
    assert profile(update(1, "1", 5), update(1, "2", 4)).attributes["t"] == (1, 5, b"1")
    assert profile(update(1, "1"), update(1, '"1"')).attributes["t"] == (1, 0, b"1")


def test_a_membership_is_as_new_as_its_qualification() -> None:
    """The later lastQualificationTime wins over the later version; exited wins a tie."""
    late, early = event(1, "exited", last_us=9), event(5, "realized", last_us=3)
    assert profile(late, early).memberships[A] == (9, 1, 0, "exited")
    assert profile(event(1, "exited"), event(1, "realized")).memberships[A] == (1, 1, 0, "exited")


def test_a_delete_drops_what_is_not_newer() -> None:
    """Entries at or before the greatest tombstone go, each by its own first component."""
    fragments = [update(5, "1"), event(9, "realized", last_us=4), event(3, "exited", B, 6)]
    assert profile(*fragments, delete(5), delete(2)) == Profile(
        tombstone_us=5,
        memberships={B: (6, 3, 0, "exited")},
        identities={("crmid", "c1"): 9},
    )


def test_a_profile_keeps_the_newest_identities() -> None:
    """By (time, namespace, id); one that comes again is as new as its latest time."""

    def seen(time_us: int, *names: str) -> Fragment:
        return Fragment("c1", time_us, 0, identities=frozenset(("ecid", name) for name in names))

    kept = profile(seen(1, "a", "b"), seen(2, "d", "e"), seen(3, "a"), bound=2).identities
    assert kept == {("ecid", "a"): 3, ("ecid", "e"): 2}
    kept = profile(seen(1, "a", "b"), seen(2, "c"), delete(1), bound=2).identities
    assert kept == {("ecid", "c"): 2}


def test_the_identity_bound_shows_in_what_is_exported() -> None:
    """A qualified profile whose identities are pushed out is exported for it."""
    more = frozenset({("ecid", "a")})
    fragments = [event(1, "realized"), update(2, "1", more=more), update(3, "1", more=more)]
    decisions = replay(destination(), fragments, identity_bound=1)
    assert brief(decisions) == [("membership", "identity"), ("identity", "attribute"), SAME_VALUE]
    assert '"identityMap":{"ecid":[{"id":"a"}]}' in sent(decisions[1])


def test_membership_changes_trigger() -> None:
    """Entry, exit from realized and exit from nothing trigger; a repetition does not."""
    decisions = decide(
        event(1, "realized"),
        event(2, "realized"),
        event(3, "exited"),
        event(4, "exited"),
        event(5, "exited", B),
    )
    skipped = SAME_VALUE
    assert brief(decisions) == [
        ("membership", "identity"),
        skipped,
        ("membership",),
        skipped,
        ("membership",),
    ]


def test_attributes_wait_until_the_profile_is_qualified() -> None:
    """A change before that is kept and shown by the message of the qualification."""
    decisions = decide(update(1, '"gold"'), event(2, "realized"), update(3, '"gold"'))
    assert brief(decisions) == [NOT_QUALIFIED, ("membership",), SAME_VALUE]
    assert sent(decisions[1]) == (
        '{"t":"gold","segmentMembership":{"ups":{"seg-a":'
        '{"lastQualificationTime":"1970-01-01T00:00:00.000002Z","status":"realized"}}},'
        '"identityMap":{"crmid":[{"id":"c1"}]}}'
    )


def test_attributes_differ_by_their_bytes() -> None:
    """1, 1.0 and true are three values, and a late old value is stale."""
    decisions = decide(
        event(1, "realized"), update(2, "1"), update(3, "1.0"), update(5, "true"), update(4, "7")
    )
    assert brief(decisions[1:]) == [("attribute",)] * 3 + [STALE]


def test_an_unchanged_attribute_triggers_only_if_configured() -> None:
    """A newer version of the same value is enough then; the same version again is not."""
    fragments = [event(1, "realized"), update(2, "1"), update(3, "1"), update(3, "1")]
    assert brief(decide(*fragments))[2:] == [SAME_VALUE, SAME_VALUE]
    decisions = decide(*fragments, triggers={"unchanged_attributes": True})
    assert brief(decisions)[2:] == [("attribute",), SAME_VALUE]
    unqualified = decide(*fragments[1:], triggers={"unchanged_attributes": True})
    assert brief(unqualified) == [NOT_QUALIFIED, SAME_VALUE, SAME_VALUE]


def test_a_new_identity_triggers_only_if_it_would_be_exported() -> None:
    """The set that would be exported decides, of qualified profiles only."""
    more = Fragment("c1", 2, 0, identities=frozenset({("ecid", "1")}))
    assert brief(decide(event(1, "realized"), more, more))[1:] == [("identity",), UNMAPPED]
    hidden = decide(event(1, "realized"), more, identities={"key": "crmid", "export": ["crmid"]})
    assert hidden[1] == UNMAPPED
    assert brief(decide(more, event(3, "exited"))) == [NOT_QUALIFIED, ("membership",)]


def test_an_unmapped_segment_is_filtered_and_shown_only_if_configured() -> None:
    """It triggers nothing; kept and wanted, it stands after the mapped ones."""
    activation = {"segments": [{"id": "seg-b"}], "attributes": [], "keep_unmapped": True}
    fragments = [event(1, "realized"), event(2, "realized", B)]
    decisions = decide(*fragments, activation=activation, message={"unmapped_segments": True})
    assert brief(decisions) == [NOT_QUALIFIED, ("membership",)]
    assert isinstance(decisions[1], Export)
    assert list(decisions[1].message["segmentMembership"]["ups"]) == ["seg-b", "seg-a"]
    decisions = decide(fragments[1], fragments[0], activation=activation)
    assert brief(decisions) == [("membership", "identity"), UNMAPPED]


def test_a_delete_sends_realized_segments_out_as_exited_once() -> None:
    """At the delete's time, with the identities there were, and without attributes."""
    decisions = decide(
        update(1, "1"),
        event(2, "realized"),
        event(2, "exited", B),
        delete(2_000_000),
        delete(2_000_001),
        event(1_000_000, "realized"),
        event(3_000_000, "realized"),
    )
    assert brief(decisions)[3:] == [
        ("delete",),
        UNMAPPED,
        STALE,
        ("membership", "identity"),
    ]
    assert sent(decisions[3]) == (
        '{"segmentMembership":{"ups":{"seg-a":'
        '{"lastQualificationTime":"1970-01-01T00:00:02Z","status":"exited"}}},'
        '"identityMap":{"crmid":[{"id":"c1"}]}}'
    )


def test_a_delete_leaves_what_is_newer() -> None:
    """What survives is shown as it is; the profile may stay qualified."""
    newer = frozenset({("ecid", "1")})
    older = update(1, "0", more=frozenset({("gaid", "1")}))
    decisions = decide(
        *(older, event(1, "realized"), event(9, "realized", B), update(9, "1", more=newer)),
        delete(5),
    )
    message = decisions[4]
    assert isinstance(message, Export)
    assert message.reasons == ("identity", "delete")
    statuses = message.message["segmentMembership"]["ups"]
    assert [statuses[each]["status"] for each in statuses] == ["exited", "realized"]
    assert message.message["t"] == 1
    assert message.message["identityMap"] == {"crmid": [{"id": "c1"}], "ecid": [{"id": "1"}]}


def test_an_exit_dropped_by_a_delete_leaves_the_view_of_a_profile_that_stays_qualified() -> None:
    """The last message of a qualified profile shows its view, so what is forgotten goes out."""
    fragments = [event(9, "realized"), event(2, "exited", B), delete(5)]
    assert brief(decide(*fragments))[2] == ("delete",)


def test_an_exit_dropped_by_a_delete_of_a_profile_not_qualified_triggers_nothing() -> None:
    """An exit was told when it happened."""
    fragments = [event(2, "exited"), event(2, "exited", B), delete(5)]
    assert brief(decide(*fragments))[2] == NOT_QUALIFIED


def test_a_delete_that_leaves_the_profile_qualified_triggers_by_what_it_drops() -> None:
    """Attributes and identities that go change the view of a profile that stays qualified."""
    hidden = {"key": "crmid", "export": ["ecid"]}
    decisions = decide(event(1, "realized", A, 9), update(2, "1"), delete(5))
    assert brief(decisions)[2] == ("identity", "attribute")
    assert "identityMap" not in sent(decisions[2])
    decisions = decide(event(1, "realized", A, 9), update(2, "1"), delete(5), identities=hidden)
    assert brief(decisions)[2] == ("attribute",)


def test_a_late_delete_changes_nothing() -> None:
    """A delete older than everything known, and one of an unknown profile, are filtered."""
    assert brief(decide(event(5, "realized"), delete(3)))[1] == UNMAPPED
    assert brief(decide(delete(3))) == [UNMAPPED]


def test_profiles_do_not_mix() -> None:
    """Each key id has its own history."""
    other = Fragment("c2", 5, 0, memberships={A: (5, "realized")})
    decisions = decide(event(1, "realized"), other, delete(9))
    assert brief(decisions) == [("membership", "identity"), ("membership",), ("delete",)]
    assert list(final_profiles(destination(), [other, event(1, "realized")])) == ["c1", "c2"]
