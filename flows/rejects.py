"""Rejects: inputs that cannot become a fragment, kept with where they stood and why.

One line of JSON each: input, file, line, place in a ``messages`` batch, reason, detail, and the
original as ``bytes`` (text) or ``base64`` (when it is not UTF-8). Nothing in it depends on when it
is written, so a replay writes the same line again.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Struct, UnsetType

from flows.profile.reject import Rejected


class Rejects(Struct, frozen=True, gc=False):
    """Encoded rejects on their way to the rejects file, one line each."""

    lines: list[bytes]

    def __repr__(self) -> str:
        """Say how many, never what they hold."""
        return f"Rejects({len(self.lines)} lines)"


class Reject(Struct, frozen=True, gc=False, omit_defaults=True):
    """One reject, as its line says it.

    Attributes:
        input, file, line, index, reason, detail: as ``encode_reject`` was given them.
        text: the original, if it is UTF-8; ``bytes`` in the line.
        base64: the original, if it is not.
        truncated: whether only the beginning of the original was read.
    """

    input: str
    file: str
    line: int
    index: int
    reason: str
    detail: str
    text: str | UnsetType = msgspec.field(default=UNSET, name="bytes")
    base64: bytes | UnsetType = UNSET
    truncated: bool = False

    @property
    def original(self) -> bytes:
        """The original, or its beginning."""
        return self.text.encode() if isinstance(self.text, str) else bytes(self.base64 or b"")

    def __repr__(self) -> str:
        """Say where it stood and why it was refused, never what it holds."""
        return f"Reject({self.file!r}, line {self.line}, {self.reason})"


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
    other: bytes | UnsetType = UNSET
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        other = raw
    truncated = rejected.reason == "line_too_long"
    return _encode(
        Reject(
            input_name, file, line, index, rejected.reason, rejected.detail, text, other, truncated
        )
    )
