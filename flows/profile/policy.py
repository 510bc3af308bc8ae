"""The export policy: does this fragment send the profile out, and if not, why not.

The policy compares what a message would show before and after the fragment. It follows the
triggers of the Amazon Kinesis destination (experience-platform.en,
help/destinations/catalog/cloud-storage/amazon-kinesis.md, "profile export behavior"), with two
deliberate differences: a same-value update exports nothing unless asked to, and a profile that is
in no mapped segment exports nothing but its exit.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct, structs

from flows.destination import Destination

from .entry import VALUE, is_exited, membership, pack_version
from .merge import NamespacedId, Profile

Trigger = Literal["membership", "identity", "attribute", "delete", "backfill"]
"""What sends a profile out: a change that a fragment made, or a backfill that asked for it."""


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
        said, segments = content.attributes, content.memberships
        if segments:
            segments = self._mapped(segments)
        values_changed = bool(said) and _any_changed(before.attributes, after.attributes, said)
        identities_changed = self._identities_changed(before, after, content)
        newer = values_changed or (
            self._overwrites and _any_newer(before.attributes, after.attributes, said)
        )
        reasons: tuple[Trigger, ...] = ()
        if segments and _any_became(before.memberships, after.memberships, segments):
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
        return _why_unchanged(after, said, segments)

    def decide_again(self, profile: Profile, segment: str | None) -> Decision:
        """Decide about a profile that a backfill asks for, whoever received it before.

        Args:
            profile: as it is.
            segment: id of a mapped segment that it must be in; None takes any.
        """
        for key in self._mapped(profile.memberships):
            if not is_exited(profile.memberships[key]) and segment in (None, key[1]):
                return Export(("backfill",), profile)
        return NOT_QUALIFIED

    def _decide_delete(self, before: Profile, after: Profile) -> Decision:
        """Decide about a delete that covers more than the profile's last one did."""
        segments = self._mapped(before.memberships | after.memberships)
        ended = [key for key in segments if _ended(before, after, key)]
        dropped = any(key not in after.memberships for key in segments)
        values_changed = self._values(before) != self._values(after)
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

    def _mapped(self, memberships: dict[NamespacedId, bytes]) -> dict[NamespacedId, bytes]:
        mapped = self._segments
        if mapped is None:
            return memberships
        return {key: entry for key, entry in memberships.items() if key in mapped}

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

    def _values(self, profile: Profile) -> dict[str, bytes]:
        return {
            path: entry[VALUE]
            for path, entry in profile.attributes.items()
            if path in self._attributes
        }

    def _shown(self, profile: Profile) -> set[NamespacedId]:
        if self._exported is None:
            return set(profile.identities)
        return {key for key in profile.identities if key[0] in self._exported}


def _any_changed(before: dict[str, bytes], after: dict[str, bytes], said: dict[str, bytes]) -> bool:
    """Whether what was said of an attribute is another value than before, and came to stand."""
    for path, entry in said.items():
        old = before.get(path)
        if (old is None or old[VALUE] != entry[VALUE]) and after.get(path) != old:
            return True
    return False


def _any_newer(before: dict[str, bytes], after: dict[str, bytes], said: dict[str, bytes]) -> bool:
    """Whether what was said of an attribute came to stand, the same value or not."""
    return any(before.get(path) != after.get(path) for path in said)


def _ended(before: Profile, after: Profile, key: NamespacedId) -> bool:
    """Whether a membership was realized and is gone."""
    entry = before.memberships.get(key)
    return entry is not None and not is_exited(entry) and key not in after.memberships


def _any_became(
    before: dict[NamespacedId, bytes],
    after: dict[NamespacedId, bytes],
    said: dict[NamespacedId, bytes],
) -> bool:
    """Whether a membership became realized or exited."""
    for key in said:
        old, new = before.get(key), after.get(key)
        if new is not None and (old is None or is_exited(old) != is_exited(new)):
            return True
    return False


def _why_unchanged(
    after: Profile, said: dict[str, bytes], segments: dict[NamespacedId, bytes]
) -> Skip:
    if not said and not segments:
        return UNMAPPED
    stands = said.items() <= after.attributes.items()
    return SAME_VALUE if stands and segments.items() <= after.memberships.items() else STALE
