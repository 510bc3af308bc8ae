"""Rejects: inputs that cannot become a fragment, kept with where they stood and why.

One line of JSON each: input, file, line, place in a ``messages`` batch, reason, detail, and the
original as ``bytes`` (text) or ``base64`` (when it is not UTF-8). Nothing in it depends on when it
is written, so a replay writes the same line again.
"""

from __future__ import annotations

from base64 import b64encode

import msgspec
from msgspec import UNSET, Struct, UnsetType

from flows.profile.reject import Rejected


class Rejects(Struct, frozen=True, gc=False):
    """Encoded rejects on their way to the rejects file, one line each."""

    lines: list[bytes]

    def __repr__(self) -> str:
        """Say how many, never what they hold."""
        return f"Rejects({len(self.lines)} lines)"


class _Reject(Struct, frozen=True, gc=False):
    input: str
    file: str
    line: int
    index: int
    reason: str
    detail: str
    bytes: str | UnsetType = UNSET
    base64: str | UnsetType = UNSET
    truncated: bool | UnsetType = UNSET


_encode = msgspec.json.Encoder().encode


def encode_reject(
    rejected: Rejected, raw: bytes, *, input_name: str, file: str, line: int, index: int = 0
) -> bytes:
    """Give the line that keeps one reject.

    Args:
        rejected: the reason and its detail.
        raw: the original; of an overlong line, the beginning that was read.
        input_name: name of the input in the configuration.
        file: the file as shown to a person.
        line: number of the line in the file, from 1.
        index: place in a ``messages`` batch, from 0.
    """
    text: str | UnsetType = UNSET
    encoded: str | UnsetType = UNSET
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        encoded = b64encode(raw).decode()
    truncated = True if rejected.reason == "line_too_long" else UNSET
    return _encode(
        _Reject(
            input_name,
            file,
            line,
            index,
            rejected.reason,
            rejected.detail,
            text,
            encoded,
            truncated,
        )
    )
