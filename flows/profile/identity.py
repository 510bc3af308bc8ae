"""Identities: (namespace, id) pairs, hashing, and the one a fragment is keyed by.

Namespace codes compare without case and are written lower case, as the enterprise destinations
export them. Hashing follows the ``Email_LC_SHA256`` and ``Phone_SHA256`` namespaces of Adobe's
identity documentation (experience-platform.en, help/identity-service/features/namespaces.md):
trimmed, lower case, SHA-256 in lower-case hex, no salt. Identities are not stitched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import TypeAlias

from msgspec import Struct

from flows.destination import Identities, Limits

from .merge import NamespacedId
from .reject import Rejected

PHONE_NAMESPACES = {"phone_sha256": False, "phone_sha256_e.164": True}
"""Hashed phone namespaces, and whether the plus sign of E.164 is hashed with the digits."""

PARTITION_KEY_CHARS = 32
"""128 bits in hex: constant size, no clear personal data, spread evenly over the shards."""

_HASHED = re.compile(r"[0-9a-fA-F]{64}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_PUNCTUATION = str.maketrans("", "", " ().-")


class IdentityItem(Struct, frozen=True, gc=False):
    """One entry of an ``identityMap`` list, as XDM's identity item; the rest is not read."""

    id: str | None = None
    primary: bool | None = None


IdentityMap: TypeAlias = dict[str, list[IdentityItem | None] | None]


def hash_id(target: str, clear: str) -> str:
    """Give the id in the hashed namespace ``target`` of a clear id; a hashed one stays.

    Raises:
        Rejected: a phone number that is not E.164, since a country code cannot be guessed.
    """
    if _HASHED.fullmatch(clear):
        return clear.lower()
    text = clear.strip().lower()
    if target in PHONE_NAMESPACES:
        text = text.translate(_PHONE_PUNCTUATION)
        if not _E164.fullmatch(text):
            raise Rejected("phone_not_e164", f"an id to be hashed into {target} is not E.164")
        text = text if PHONE_NAMESPACES[target] else text[1:]
    return sha256(text.encode()).hexdigest()


def partition_key(namespace: str, id_: str, *, clear: bool) -> str:
    """Give the partition key of a key identity: 128 bits of SHA-256 in hex, or ``namespace:id``."""
    text = f"{namespace}:{id_}"
    return text if clear else sha256(text.encode()).hexdigest()[:PARTITION_KEY_CHARS]


class IdentityReader:
    """Reads a fragment's identities by the destination's rules."""

    def __init__(self, identities: Identities, limits: Limits) -> None:
        """Take the rules: key namespace, hashing, what is exported, bounds."""
        self.key = identities.key
        self._key_is_hashed = identities.key in identities.hash.values()
        self._hash = identities.hash
        named = () if identities.export == "all" else identities.export
        self._dropped = frozenset(identities.hash).difference(named)
        self._id_chars = limits.id_chars
        self._identities_max = limits.identities

    def only_key(self, identity_map: IdentityMap) -> str | None:
        """Give the key id in the common case: one id in the key namespace, and nothing else to it.

        None says no more than that ``read`` has to be asked.
        """
        if self._key_is_hashed:
            return None
        found = None
        for code, items in identity_map.items():
            if items and code.lower() == self.key:
                item = items[0]
                if found is not None or len(items) > 1 or item is None:
                    return None
                found = item.id
        return found

    def read(
        self, identity_map: IdentityMap, fields: Iterable[NamespacedId] = ()
    ) -> tuple[str, list[NamespacedId]]:
        """Give the id in the key namespace and all identities to keep.

        Args:
            identity_map: as in the input, any case of namespace codes.
            fields: identities that the schema keeps in attributes.

        Raises:
            Rejected: a bound is passed, a phone is not E.164, or the key is missing or ambiguous.
        """
        given = list(fields)
        count = 0
        for code, items in identity_map.items():
            if not items or not code:
                continue
            count += len(items)
            namespace = code.lower()
            for item in items:
                if item is None or not item.id:
                    continue
                given.append((namespace, item.id))
        if count > self._identities_max:
            raise Rejected("too_many_identities", f"more than {self._identities_max}")
        keys = []
        for namespace, id_ in given:
            if len(id_) > self._id_chars:
                raise Rejected("id_too_long", f"an id has more than {self._id_chars} characters")
            if namespace == self.key:
                keys.append(id_)
        kept = given
        if self._hash:
            kept = self._hashed(given)
            keys = self._in_key_namespace(kept)
        return keys[0] if len(keys) == 1 else self._choose(set(keys), identity_map, given), kept

    def _in_key_namespace(self, identities: list[NamespacedId]) -> list[str]:
        return [id_ for namespace, id_ in identities if namespace == self.key]

    def _hashed(self, given: list[NamespacedId]) -> list[NamespacedId]:
        """Add the hashed identities, and drop the clear ones that are not exported by name."""
        kept = []
        for namespace, id_ in given:
            if namespace not in self._dropped:
                kept.append((namespace, id_))
            target = self._hash.get(namespace)
            if target is not None and id_.strip():  # blanks alone are no address: all would be one
                kept.append((target, hash_id(target, id_)))
        return kept

    def _choose(self, keys: set[str], identity_map: IdentityMap, given: list[NamespacedId]) -> str:
        if len(keys) == 1:
            return keys.pop()
        if not keys:
            present = ", ".join(sorted({namespace for namespace, _ in given})) or "none"
            raise Rejected("no_key_identity", f"no id in namespace {self.key}; present: {present}")
        primary = [
            (code.lower(), item.id)
            for code, items in identity_map.items()
            for item in items or ()
            if item is not None and item.id and item.primary
        ]
        marked = set(self._in_key_namespace(self._hashed(primary)))
        if len(marked) != 1:
            raise Rejected(
                "ambiguous_key",
                f"{len(keys)} ids in namespace {self.key}, {len(marked)} of them marked primary",
            )
        return marked.pop()
