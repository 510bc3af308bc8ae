"""Laws that the oracle keeps, so that what it says of a system can be believed."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.judges.broken_lines import streams
from tests.judges.lines import destinations
from tests.judges.oracle import (
    Export,
    Fragment,
    Profile,
    Skip,
    final_profiles,
    judge_lines,
    replay,
    view,
)

LAWS = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[dict[str, Any], list[Fragment]]:
    """A destination and the fragments of a source, some of them again."""
    target = draw(destinations())
    lines = draw(streams(target, max_lines=8, broken=False))
    lines += draw(st.lists(st.sampled_from(lines), max_size=3))
    return target, [each for each in judge_lines(target, lines) if isinstance(each, Fragment)]


def _merged(profile_: Profile, fragment: Fragment, bound: int) -> Profile:
    """One fragment merged into a profile, as a running system would: the greater of each."""
    attributes, memberships = dict(profile_.attributes), dict(profile_.memberships)
    identities, tombstone = dict(profile_.identities), profile_.tombstone_us
    for path, value in fragment.attributes.items():
        new = (fragment.time_us, fragment.ordinal, value)
        attributes[path] = max(attributes.get(path, new), new)
    for pair, (last_us, status) in fragment.memberships.items():
        entry = (last_us, fragment.time_us, fragment.ordinal, status)
        memberships[pair] = max(
            memberships.get(pair, entry), entry, key=lambda each: (each[:3], each[3] == "exited")
        )
    for pair in fragment.identities:
        identities[pair] = max(identities.get(pair, fragment.time_us), fragment.time_us)
    if fragment.delete:
        tombstone = max(fragment.time_us, fragment.time_us if tombstone is None else tombstone)
    floor = float("-inf") if tombstone is None else tombstone
    alive = {pair: time_us for pair, time_us in identities.items() if time_us > floor}
    while len(alive) > bound:
        del alive[min(alive, key=lambda pair: (alive[pair], pair))]
    return Profile(
        tombstone,
        {path: kept for path, kept in attributes.items() if kept[0] > floor},
        {pair: kept for pair, kept in memberships.items() if kept[0] > floor},
        alive,
    )


@LAWS
@given(histories(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_folding_at_once_is_merging_one_by_one(
    history: tuple[dict[str, Any], list[Fragment]], bound: int, random: Any
) -> None:
    """Dropping what is old or too much at every step, in any order, loses nothing of the end."""
    target, fragments = history
    expected = final_profiles(target, fragments, identity_bound=bound)
    random.shuffle(fragments)
    running: dict[str, Profile] = {}
    for fragment in fragments:
        running[fragment.key] = _merged(running.get(fragment.key, Profile()), fragment, bound)
    assert running == expected


@LAWS
@given(histories())
def test_the_last_message_of_a_qualified_profile_shows_its_view(
    history: tuple[dict[str, Any], list[Fragment]],
) -> None:
    """Attributes, realized segments and identities; an exit and nothing known are the same.

    One exception follows from the rule for deletes: a message about a segment that a delete
    ended shows the identities there were, if none is left.
    """
    target, fragments = history
    last: dict[str, Export] = {}
    for fragment, decision in zip(fragments, replay(target, fragments), strict=True):
        if isinstance(decision, Export):
            last[fragment.key] = decision
    for key, found in final_profiles(target, fragments).items():
        now = view(target, found)
        if not now.qualified:
            continue
        message = last[key].message
        shown = {
            (namespace, name)
            for namespace, segments in message.get("segmentMembership", {}).items()
            for name, entry in segments.items()
            if entry["status"] == "realized"
        }
        assert shown >= {pair for pair, status in now.statuses.items() if status == "realized"}
        assert not shown & {pair for pair, status in now.statuses.items() if status == "exited"}
        for path, value in now.attributes.items():
            node: Any = message
            for name in path.split("."):
                node = node[name]
            assert node == json.loads(value)
        identities = {
            (space, item["id"])
            for space, items in message.get("identityMap", {}).items()
            for item in items
        }
        if now.identities or "delete" not in last[key].reasons:
            assert identities == set(now.identities)


@LAWS
@given(histories())
def test_a_repeated_fragment_exports_nothing_at_once(
    history: tuple[dict[str, Any], list[Fragment]],
) -> None:
    """Whatever came before, the same fragment straight after itself changes nothing."""
    target, fragments = history
    doubled = [each for fragment in fragments for each in (fragment, fragment)]
    decisions = replay(target, doubled)
    assert decisions[::2] == replay(target, fragments)
    assert all(isinstance(each, Skip) for each in decisions[1::2])
