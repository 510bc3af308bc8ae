"""How far a slot's shards were read: what is saved, as bytes.

Promise: a version number and plain msgpack, never our classes, so that a recovery store outlives a
move of a class, and an older program does not misread a newer one's.
"""

from __future__ import annotations

import msgspec

_VERSION = 1


class UnreadableState(Exception):
    """Saved bytes are none that this program can read; the text says what to do."""


class ShardState(msgspec.Struct, frozen=True, array_like=True):
    """How far a shard was read.

    Attributes:
        sequence_number: That of the last record given out; None if there was none.
        ordinal: How many records were given out: the ordinal of the next one.
        seen: Everything that arrived in the shard before this time was given out, in seconds since
            1970 UTC; None if nothing is known, as before the first answer.
        closed: Whether it was read to its end.
    """

    sequence_number: str | None = None
    ordinal: int = 0
    seen: float | None = None
    closed: bool = False


class SlotState(msgspec.Struct, frozen=True, array_like=True):
    """How far the shards of a slot were read.

    Attributes:
        start: Where shards without a state begin: a time in seconds since 1970 UTC, or None for
            the oldest record there is.
        listed_at: When a listing of the stream's shards was last begun that came back: each shard
            of the slot that was there at that time has a state, or was read to its end. None if
            there was no listing yet.
        shards: By the shard's name.
    """

    start: float | None
    listed_at: float | None = None
    shards: dict[str, ShardState] = {}


def pack(state: SlotState) -> bytes:
    """Encode a state as the msgpack array `[version, state]`."""
    return msgspec.msgpack.encode((_VERSION, state))


def unpack(saved: bytes) -> SlotState:
    """Decode what `pack` encoded.

    Raises:
        UnreadableState: It has another version, or is no such state.
    """
    try:
        version, body = msgspec.msgpack.decode(saved, type=tuple[int, msgspec.Raw])
        if version == _VERSION:
            return msgspec.msgpack.decode(body, type=SlotState)
    except (msgspec.DecodeError, TypeError) as error:
        raise UnreadableState(
            "the resume state of a Kinesis source is not one that this program wrote; "
            "start with a fresh recovery store"
        ) from error
    raise UnreadableState(
        f"the resume state of a Kinesis source has version {version}, this program reads version "
        f"{_VERSION}; run the release that wrote it, or start with a fresh recovery store"
    )
