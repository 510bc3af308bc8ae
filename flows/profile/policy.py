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

from .entry import VALUE_AT, is_exited, membership, pack_version
from .merge import NamespacedId, Profile

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
    """Nothing goes out: ``unchanged`` (same view) or ``filtered`` (not for the receiver)."""

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
        if after.tombstone > before.tombstone:
            return self._decide_delete(before, after)
        segments = self._mapped(content.memberships) if content.memberships else []
        values_changed = _differ(before.attributes, after.attributes, content.attributes)
        identities_changed = self._identities_changed(before, after, content)
        newer = values_changed or (
            self._overwrites
            and _differ(before.attributes, after.attributes, content.attributes, versions=True)
        )
        reasons: tuple[Trigger, ...] = ()
        if segments and _any_became(before, after, segments):
            reasons = ("membership",)
        if (identities_changed or newer) and self.qualified(after):
            if identities_changed:
                reasons += ("identity",)
            if newer:
                reasons += ("attribute",)
        if reasons:
            return Export(reasons, after)
        if values_changed or identities_changed:
            return NOT_QUALIFIED
        return _why_unchanged(after, content, segments)

    def _decide_delete(self, before: Profile, after: Profile) -> Decision:
        """Decide about a delete that covers more than the profile's last one did."""
        paths = [path for path in before.attributes | after.attributes if path in self._attributes]
        segments = self._mapped(before.memberships | after.memberships)
        ended = [key for key in segments if _ended(before, after, key)]
        dropped = any(key not in after.memberships for key in segments)
        values_changed = _differ(before.attributes, after.attributes, paths)
        identities_changed = self._shown(before) != self._shown(after)
        qualified = self.qualified(after)
        reasons: list[Trigger] = []
        if identities_changed and qualified:
            reasons.append("identity")
        if values_changed and qualified:
            reasons.append("attribute")
        if ended or (dropped and qualified):
            reasons.append("delete")
        if reasons:
            return Export(tuple(reasons), self._with_ended(before, after, ended))
        if values_changed or identities_changed or dropped:
            return NOT_QUALIFIED
        return UNMAPPED

    def _with_ended(self, before: Profile, after: Profile, ended: list[NamespacedId]) -> Profile:
        """Show what a delete ended: exited at the delete's time.

        A profile that nothing qualifies any more goes out under the identities it had.
        """
        at = after.tombstone
        exits = dict.fromkeys(ended, membership(at, pack_version(at, 0), exited=True))
        identities = after.identities
        if not self.qualified(after) and not self._shown(after):
            identities = before.identities
        return structs.replace(
            after, memberships={**after.memberships, **exits}, identities=identities
        )

    def _mapped(self, memberships: dict[NamespacedId, bytes]) -> list[NamespacedId]:
        if self._segments is None:
            return list(memberships)
        return [key for key in memberships if key in self._segments]

    def qualified(self, profile: Profile) -> bool:
        """Whether the profile is in at least one mapped segment."""
        segments = self._segments
        for key, entry in profile.memberships.items():
            if not is_exited(entry) and (segments is None or key in segments):
                return True
        return False

    def _identities_changed(self, before: Profile, after: Profile, content: Profile) -> bool:
        for key in content.identities:
            if key not in before.identities:
                return self._shown(before) != self._shown(after)
        return False

    def _shown(self, profile: Profile) -> set[NamespacedId]:
        if self._exported is None:
            return set(profile.identities)
        return {key for key in profile.identities if key[0] in self._exported}


def _differ(
    before: dict[str, bytes],
    after: dict[str, bytes],
    paths: Iterable[str],
    *,
    versions: bool = False,
) -> bool:
    """Whether the value of an attribute differs, or its version if asked for."""
    for path in paths:
        old, new = before.get(path), after.get(path)
        if old is None or new is None:
            if old is not new:
                return True
        elif old != new and (versions or old[VALUE_AT:] != new[VALUE_AT:]):
            return True
    return False


def _ended(before: Profile, after: Profile, key: NamespacedId) -> bool:
    """Whether a membership was realized and is gone."""
    entry = before.memberships.get(key)
    return entry is not None and not is_exited(entry) and key not in after.memberships


def _any_became(before: Profile, after: Profile, keys: Iterable[NamespacedId]) -> bool:
    """Whether a membership became realized or exited."""
    for key in keys:
        old, new = before.memberships.get(key), after.memberships.get(key)
        if new is not None and (old is None or is_exited(old) != is_exited(new)):
            return True
    return False


def _why_unchanged(after: Profile, content: Profile, segments: list[NamespacedId]) -> Skip:
    if not content.attributes and not segments:
        return UNMAPPED
    for path, entry in content.attributes.items():
        if after.attributes.get(path) != entry:
            return STALE
    for key in segments:
        if after.memberships.get(key) != content.memberships[key]:
            return STALE
    return SAME_VALUE
