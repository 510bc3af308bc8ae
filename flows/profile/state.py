"""Profiles as bytes: canonical, versioned, free of our classes.

A profile is packed as MessagePack (msgpack.org) without field names. Its maps are kept in key
order by ``merge``, so equal profiles have equal bytes. A lane's snapshot is one version byte and
the packed profiles by key; the recovery store never holds a class of ours, so code can be moved
freely and loading a store cannot run code.
"""

from __future__ import annotations

import msgspec

from .merge import Profile

SNAPSHOT_VERSION = 1

pack = msgspec.msgpack.Encoder().encode
"""Profile to canonical bytes."""

unpack = msgspec.msgpack.Decoder(Profile).decode
"""Canonical bytes to the profile they hold."""

_encode_lane = msgspec.msgpack.Encoder(order="deterministic").encode
_decode_lane = msgspec.msgpack.Decoder(dict[str, bytes]).decode


class UnknownSnapshot(ValueError):
    """The recovery store was written by a newer release. Run that release, or ``run --fresh``."""


def pack_lane(profiles: dict[str, bytes]) -> bytes:
    """Give a lane's snapshot: packed profiles by key id, in key order."""
    return bytes((SNAPSHOT_VERSION,)) + _encode_lane(profiles)


def unpack_lane(snapshot: bytes) -> dict[str, bytes]:
    """Give the packed profiles by key id.

    Raises:
        UnknownSnapshot: the version byte is not one this release writes.
    """
    if not snapshot or snapshot[0] != SNAPSHOT_VERSION:
        found = snapshot[0] if snapshot else "nothing"
        raise UnknownSnapshot(
            f"lane snapshot: version {found} found, {SNAPSHOT_VERSION} can be read. "
            "The recovery store comes from another release: run that one, or start anew with "
            "`run --fresh`."
        )
    return _decode_lane(memoryview(snapshot)[1:])
