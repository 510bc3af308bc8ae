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

from .entry import instant_of

NEVER = -(2**62)
"""The tombstone of a profile that was never deleted: earlier than any instant."""

IDENTITIES_MAX = 1_000
"""Identities one profile keeps; the newest by (time, namespace, id) stay."""

NamespacedId: TypeAlias = tuple[str, str]
"""(namespace, id), of an identity or of a segment."""


class Profile(Struct, frozen=True, array_like=True, gc=False):
    """Merged state of one key identity. Times are microseconds UTC.

    In a merged profile all three maps are ordered by key, which makes its packed form canonical;
    in a fragment's content they are in the order of the input.

    Attributes:
        tombstone: time of the newest delete, else ``NEVER``; covers every entry up to it.
        attributes: by dotted path, each an entry (see ``entry``).
        memberships: by (segment namespace, segment id), each an entry.
        identities: latest time each (namespace, id) was seen.
    """

    tombstone: int
    attributes: dict[str, bytes]
    memberships: dict[NamespacedId, bytes]
    identities: dict[NamespacedId, int]


EMPTY = Profile(NEVER, {}, {}, {})

_Key = TypeVar("_Key", str, NamespacedId)
_Entry = TypeVar("_Entry", bytes, int)


def merge(one: Profile, other: Profile, *, identities_max: int = IDENTITIES_MAX) -> Profile:
    """Join a merged profile (or ``EMPTY``) and another of the same key identity.

    Neither is changed; the result is a merged profile.
    """
    attributes, memberships, identities = one.attributes, one.memberships, one.identities
    if other.attributes:
        attributes = _greater(attributes, other.attributes)
    if other.memberships:
        memberships = _greater(memberships, other.memberships)
    if other.identities:
        identities = _greater(identities, other.identities)
    tombstone = NEVER
    if one.tombstone > NEVER or other.tombstone > NEVER:
        tombstone = max(one.tombstone, other.tombstone)
        attributes = {k: e for k, e in attributes.items() if instant_of(e) > tombstone}
        memberships = {k: e for k, e in memberships.items() if instant_of(e) > tombstone}
        identities = {k: seen for k, seen in identities.items() if seen > tombstone}
    if len(identities) > identities_max:
        identities = _newest(identities, identities_max)
    return Profile(tombstone, attributes, memberships, identities)


def _in_key_order(entries: dict[_Key, _Entry]) -> dict[_Key, _Entry]:
    """Give the same entries ordered by key."""
    if len(entries) < 2:  # noqa: PLR2004 - one entry is in order
        return entries
    return {key: entries[key] for key in sorted(entries)}


def _greater(one: dict[_Key, _Entry], other: dict[_Key, _Entry]) -> dict[_Key, _Entry]:
    merged = one.copy()
    for key, entry in other.items():
        known = merged.get(key)
        if known is None or entry > known:
            merged[key] = entry
    return merged if len(merged) == len(one) else _in_key_order(merged)


def _newest(identities: dict[NamespacedId, int], identities_max: int) -> dict[NamespacedId, int]:
    kept = nlargest(identities_max, ((seen, key) for key, seen in identities.items()))
    return _in_key_order({key: seen for seen, key in kept})
