"""The export policy: does this fragment send the profile out, and if not, why not.

The policy compares what a message would show before and after the fragment. It follows the
triggers of the Amazon Kinesis destination (experience-platform.en,
help/destinations/catalog/cloud-storage/amazon-kinesis.md, "profile export behavior"), with two
deliberate differences: a same-value update exports nothing unless asked to, and a profile that is
in no mapped segment exports nothing but its exit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from msgspec import Struct, structs

from flows.destination import Destination

from .merge import NEVER, Membership, NamespacedId, Profile

Trigger = Literal["membership", "identity", "attribute", "delete"]


class Export(Struct, frozen=True, gc=False):
    """The profile goes out.

    Attributes:
        reasons: every trigger that held, in the order of ``Trigger``.
        shown: the profile as the message shows it; after a delete it still names the identities
            and the memberships that ended.
    """

    reasons: tuple[Trigger, ...]
    shown: Profile


class Skip(Struct, frozen=True, gc=False):
    """Nothing goes out: ``unchanged`` (the view is the same) or ``filtered`` (nobody may see it)."""

    outcome: Literal["unchanged", "filtered"]
    reason: Literal["same_value", "stale", "unmapped", "not_qualified"]


Decision: TypeAlias = Export | Skip

SAME_VALUE = Skip("unchanged", "same_value")
STALE = Skip("unchanged", "stale")
UNMAPPED = Skip("filtered", "unmapped")
NOT_QUALIFIED = Skip("filtered", "not_qualified")


class ExportPolicy:
    """Decides by one destination's mapping."""

    def __init__(self, destination: Destination) -> None:
        """Take what is mapped and exported."""
        activation, identities = destination.activation, destination.identities
        self._attributes = frozenset(activation.attributes)
        self._segments = activation.mapped
        self._exported = None if identities.export == "all" else frozenset(identities.export)
        self._overwrites = destination.triggers.unchanged_attributes

    def decide(self, before: Profile, after: Profile, content: Profile) -> Decision:
        """Decide about one fragment.

        Args:
            before: the profile it met.
            after: ``merge(before, content)``.
            content: what the fragment says.
        """
        deleted = after.tombstone > before.tombstone
        paths = self._mapped_paths(before, after) if deleted else list(content.attributes)
        segments = self._mapped_segments(
            before.memberships | after.memberships if deleted else content.memberships
        )
        qualified = self.qualified(after)
        identities_changed = self._identities_changed(before, after, content, deleted)
        values_changed = any(_value(before, path) != _value(after, path) for path in paths)
        ended = [key for key in segments if deleted and _ended(before, after, key)]
        reasons: list[Trigger] = []
        if any(_became(before.memberships.get(k), after.memberships.get(k)) for k in segments):
            reasons.append("membership")
        if qualified and identities_changed:
            reasons.append("identity")
        if qualified and (values_changed or self._overwritten(before, after, paths)):
            reasons.append("attribute")
        if ended:
            reasons.append("delete")
        if reasons:
            return Export(tuple(reasons), _with_ended(before, after, ended) if ended else after)
        if values_changed or identities_changed or deleted:
            return NOT_QUALIFIED
        return _why_unchanged(after, content, paths, segments)

    def _mapped_paths(self, before: Profile, after: Profile) -> list[str]:
        return [path for path in before.attributes | after.attributes if path in self._attributes]

    def _mapped_segments(self, memberships: Iterable[NamespacedId]) -> list[NamespacedId]:
        if self._segments is None:
            return list(memberships)
        return [key for key in memberships if key in self._segments]

    def _overwritten(self, before: Profile, after: Profile, paths: list[str]) -> bool:
        return self._overwrites and any(
            before.attributes.get(path) != after.attributes.get(path) for path in paths
        )

    def qualified(self, profile: Profile) -> bool:
        """Whether the profile is in at least one mapped segment."""
        segments = self._segments
        return any(
            not entry[3] and (segments is None or key in segments)
            for key, entry in profile.memberships.items()
        )

    def _identities_changed(
        self, before: Profile, after: Profile, content: Profile, deleted: bool
    ) -> bool:
        if not deleted and all(key in before.identities for key in content.identities):
            return False
        return self._shown(before) != self._shown(after)

    def _shown(self, profile: Profile) -> set[NamespacedId]:
        if self._exported is None:
            return set(profile.identities)
        return {key for key in profile.identities if key[0] in self._exported}


def _value(profile: Profile, path: str) -> bytes | None:
    entry = profile.attributes.get(path)
    return None if entry is None else entry[2]


def _ended(before: Profile, after: Profile, key: NamespacedId) -> bool:
    """Whether a membership was realized and is gone."""
    entry = before.memberships.get(key)
    return entry is not None and not entry[3] and key not in after.memberships


def _became(before: Membership | None, after: Membership | None) -> bool:
    return after is not None and (before is None or before[3] != after[3])


def _with_ended(before: Profile, after: Profile, ended: list[NamespacedId]) -> Profile:
    """Show what a delete ended: exited at the delete's time, under the identities it had."""
    at = after.tombstone
    exits: dict[NamespacedId, Membership] = {key: (at, at, 0, True) for key in ended}
    return structs.replace(
        after,
        memberships={**after.memberships, **exits},
        identities=after.identities or before.identities,
    )


def _why_unchanged(
    after: Profile, content: Profile, paths: list[str], segments: list[NamespacedId]
) -> Skip:
    if content.tombstone > NEVER:
        return STALE if content.tombstone < after.tombstone else SAME_VALUE
    if not paths and not segments:
        return UNMAPPED
    lost = any(after.attributes.get(path) != content.attributes[path] for path in paths) or any(
        after.memberships.get(key) != content.memberships[key] for key in segments
    )
    return STALE if lost else SAME_VALUE
