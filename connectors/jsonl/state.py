"""Resume states as bytes: a version number and plain msgpack, never our classes.

Bytewax pickles what `snapshot()` returns. Bytes keep a recovery store readable after classes have
moved, and the number in front keeps an older program from misreading a newer one's.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from .errors import JsonlError

T = TypeVar("T")


def pack(version: int, content: object) -> bytes:
    """Encode a state as the msgpack array `[version, content]`."""
    return msgspec.msgpack.encode((version, content))


def unpack(state: bytes, version: int, content: type[T], owner: str) -> T:
    """Decode what `pack` encoded.

    Args:
        state: The bytes from the recovery store.
        version: The only version the caller understands.
        content: The type the content must have.
        owner: Whose state it is, for the error.

    Returns:
        The content.

    Raises:
        JsonlError: The version is another one, or the bytes are no such state.
    """
    try:
        found, body = msgspec.msgpack.decode(state, type=tuple[int, msgspec.Raw])
        if found == version:
            return msgspec.msgpack.decode(body, type=content)
    except (msgspec.DecodeError, TypeError) as error:
        raise JsonlError(
            f"the resume state of {owner} is not one that this program wrote; "
            "start with a fresh recovery store"
        ) from error
    raise JsonlError(
        f"the resume state of {owner} has version {found}, this program reads version {version}; "
        "run the release that wrote it, or start with a fresh recovery store"
    )
