"""The join: merging profiles, as a semilattice.

Every fragment is itself a small profile. ``merge`` takes the greater entry of each key and the
greater tombstone, drops what the tombstone covers, and keeps the newest identities up to a bound.
It is therefore commutative, associative, idempotent and monotone: any order and any repetition of
the same fragments gives the same profile, which is what makes replay after a crash harmless.
(Shapiro, Preguica, Baquero, Zawirski: "Conflict-free replicated data types", INRIA RR-7687, 2011.)
"""

from __future__ import annotations

from heapq import nlargest
from typing import TypeAlias, TypeVar

from msgspec import Struct

NEVER = -(2**62)
"""The tombstone of a profile that was never deleted: earlier than any instant."""

IDENTITIES_MAX = 1_000
"""Identities one profile keeps; the newest by (time, namespace, id) stay."""

Attribute: TypeAlias = tuple[int, int, bytes]
"""(time, ordinal, value as compact JSON): the greater tuple is the newer one."""

Membership: TypeAlias = tuple[int, int, int, bool]
"""(lastQualificationTime, time, ordinal, exited): on a tie exited wins over realized."""

NamespacedId: TypeAlias = tuple[str, str]
"""(namespace, id), of an identity or of a segment."""


class Profile(Struct, frozen=True, array_like=True, gc=False):
    """Merged state of one key identity. Times are microseconds UTC.

    All three maps are ordered by key, which makes the packed form canonical.

    Attributes:
        tombstone: time of the newest delete, else ``NEVER``; covers every entry up to it.
        attributes: by dotted path.
        memberships: by (segment namespace, segment id).
        identities: latest time each (namespace, id) was seen.
    """

    tombstone: int
    attributes: dict[str, Attribute]
    memberships: dict[NamespacedId, Membership]
    identities: dict[NamespacedId, int]


EMPTY = Profile(NEVER, {}, {}, {})

_Key = TypeVar("_Key", str, NamespacedId)
_Entry = TypeVar("_Entry", Attribute, Membership, int)


def merge(one: Profile, other: Profile, *, identities_max: int = IDENTITIES_MAX) -> Profile:
    """Join two profiles of the same key identity; neither is changed."""
    attributes = _greater(one.attributes, other.attributes)
    memberships = _greater(one.memberships, other.memberships)
    identities = _greater(one.identities, other.identities)
    tombstone = one.tombstone if one.tombstone >= other.tombstone else other.tombstone
    if tombstone > NEVER:
        attributes = {k: e for k, e in attributes.items() if e[0] > tombstone}
        memberships = {k: e for k, e in memberships.items() if e[0] > tombstone}
        identities = {k: seen for k, seen in identities.items() if seen > tombstone}
    if len(identities) > identities_max:
        identities = _newest(identities, identities_max)
    return Profile(tombstone, attributes, memberships, identities)


def in_key_order(entries: dict[_Key, _Entry]) -> dict[_Key, _Entry]:
    """Give the same entries ordered by key."""
    if len(entries) < 2:  # noqa: PLR2004 - one entry is in order
        return entries
    return {key: entries[key] for key in sorted(entries)}


def _greater(one: dict[_Key, _Entry], other: dict[_Key, _Entry]) -> dict[_Key, _Entry]:
    if not other:
        return one
    merged = one.copy()
    for key, entry in other.items():
        known = merged.get(key)
        if known is None or entry > known:
            merged[key] = entry
    return merged if len(merged) == len(one) else in_key_order(merged)


def _newest(identities: dict[NamespacedId, int], identities_max: int) -> dict[NamespacedId, int]:
    kept = nlargest(identities_max, ((seen, key) for key, seen in identities.items()))
    return in_key_order({key: seen for seen, key in kept})
