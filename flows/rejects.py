"""Rejects: inputs that cannot become a fragment, kept with where they stood and why.

One line of JSON each: input, where it stood there, place in a ``messages`` batch, reason, detail,
and the original as ``bytes`` (text) or ``base64`` (when it is not UTF-8). Of a file the line is
told, of a shard or a topic partition the position: a sequence number or an offset. Nothing in it
depends on when it is written, so a replay writes the same line again.
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


class Reject(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One reject, as its line says it.

    Attributes:
        input: name of the input in the configuration.
        file: the file as shown to a person, if it stood in one.
        line: number of its line there, from 1.
        source: the shard or topic partition, if it stood in one.
        position: its sequence number or offset there.
        index: place in a ``messages`` batch, from 0.
        reason, detail: why it was refused.
        text: the original, if it is UTF-8; ``bytes`` in the line.
        base64: the original, if it is not.
        truncated: whether only the beginning of the original was read.
    """

    input: str
    file: str = ""
    line: int = 0
    source: str = ""
    position: str = ""
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

    @property
    def place(self) -> str:
        """Where it stood in its input, in one word."""
        return f"{self.file}:{self.line}" if self.file else f"{self.source}@{self.position}"

    def __repr__(self) -> str:
        """Say where it stood and why it was refused, never what it holds."""
        return f"Reject({self.place!r}, {self.reason})"


_encode = msgspec.json.Encoder().encode


def encode_reject(
    rejected: Rejected,
    raw: bytes,
    *,
    input_name: str,
    origin: str,
    line: int,
    position: str | None = None,
    index: int = 0,
) -> bytes:
    """Give the line that keeps one reject.

    Args:
        rejected: the reason and its detail.
        raw: the original; of an overlong line, the beginning that was read.
        input_name: name of the input in the configuration.
        origin: the file as shown to a person, or the shard or topic partition.
        line: number of the line in the file, from 1.
        position: of a record of a stream, its place there; None for a line of a file.
        index: place in a ``messages`` batch, from 0.
    """
    text: str | UnsetType = UNSET
    other: bytes | UnsetType = UNSET
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        other = raw
    is_line = position is None
    return _encode(
        Reject(
            input=input_name,
            file=origin if is_line else "",
            line=line if is_line else 0,
            source="" if is_line else origin,
            position=position or "",
            index=index,
            reason=rejected.reason,
            detail=rejected.detail,
            text=text,
            base64=other,
            truncated=rejected.reason == "line_too_long",
        )
    )
