"""The profile of one key identity: sort everything its fragments say, then fold.

Promises what any order and repetition of the same fragments must end in, without an incremental
merge to share a mistake with. Imports nothing of the project.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.judges.plan import Pair, Plan
from tests.judges.reading import Fragment

IDENTITY_BOUND = 1_000
"""Identities a profile keeps: the newest by (time, namespace, id)."""

_STATUS_RANK = {"realized": 0, "exited": 1}


@dataclass(frozen=True)
class Profile:
    """The merged state of one key identity, each part in sorted order.

    `attributes`: path -> (time, ordinal, compact JSON). `memberships`: (namespace, id) ->
    (lastQualificationTime, time, ordinal, status). `identities`: (namespace, id) -> latest time.
    """

    tombstone_us: int | None = None
    attributes: Mapping[str, tuple[int, int, bytes]] = field(default_factory=dict)
    memberships: Mapping[Pair, tuple[int, int, int, str]] = field(default_factory=dict)
    identities: Mapping[Pair, int] = field(default_factory=dict)


@dataclass(frozen=True)
class View:
    """What of a profile decides: mapped attributes, mapped statuses, identities to export."""

    attributes: Mapping[str, bytes]
    statuses: Mapping[Pair, str]
    identities: tuple[Pair, ...]

    @property
    def qualified(self) -> bool:
        """Whether at least one mapped segment is realized."""
        return "realized" in self.statuses.values()


def fold(fragments: Sequence[Fragment], identity_bound: int) -> Profile:
    """Sort all candidates, keep the greatest of each entry, then apply the greatest tombstone."""
    tombstone = max((each.time_us for each in fragments if each.delete), default=None)
    attributes = sorted(
        (path, (each.time_us, each.ordinal, value))
        for each in fragments
        for path, value in each.attributes.items()
    )
    memberships = sorted(
        (
            (segment, (last_us, each.time_us, each.ordinal, status))
            for each in fragments
            for segment, (last_us, status) in each.memberships.items()
        ),
        key=lambda entry: (entry[0], *entry[1][:3], _STATUS_RANK[entry[1][3]]),
    )
    identities = sorted(
        (identity, each.time_us)
        for each in fragments
        if not each.delete
        for identity in each.identities
    )

    def lives(time_us: int) -> bool:
        return tombstone is None or time_us > tombstone

    # dict() keeps the last of each name: the greatest, as the candidates are sorted
    latest = {name: time_us for name, time_us in dict(identities).items() if lives(time_us)}
    newest = sorted(latest.items(), key=lambda entry: (entry[1], entry[0]))[-identity_bound:]
    return Profile(
        tombstone_us=tombstone,
        attributes={path: kept for path, kept in dict(attributes).items() if lives(kept[0])},
        memberships={name: kept for name, kept in dict(memberships).items() if lives(kept[0])},
        identities=dict(sorted(newest)),
    )


def view_of(plan: Plan, profile: Profile) -> View:
    """The part of a profile that decides about exports."""
    return View(
        attributes={path: kept[2] for path, kept in profile.attributes.items()},
        statuses={
            segment: kept[3] for segment, kept in profile.memberships.items() if plan.maps(segment)
        },
        identities=tuple(each for each in profile.identities if plan.exports(each[0])),
    )
