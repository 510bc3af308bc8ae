"""One line of input: is it fit to be read, and which fragments does it hold.

Each limit has its reason: a line's bytes bound memory, nesting bounds the decoder's recursion.
"""

from __future__ import annotations

import re

from flows.destination import Limits

from .form import split_batch
from .reject import Rejected

PLACE_BITS = 20
"""A fragment's ordinal is the number of its line times 2**20 plus its place in the line."""

UNFIT = frozenset(("line_too_long", "not_utf8", "too_deep"))
"""Reasons that say a line must not be decoded at all."""

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)


def check_line(line: bytes, limits: Limits) -> None:
    """Check that a line is fit to be decoded.

    Raises:
        Rejected: ``line_too_long``, ``not_utf8`` or ``too_deep``.
    """
    if len(line) > limits.line_bytes:
        raise Rejected("line_too_long", f"more than {limits.line_bytes} bytes")
    if not line.isascii():
        try:
            line.decode()
        except UnicodeDecodeError as error:
            raise Rejected("not_utf8", f"byte {error.start} of the line") from None
    if line.count(b"{") + line.count(b"[") > limits.depth and depth(line) > limits.depth:
        raise Rejected("too_deep", f"nested deeper than {limits.depth}")


def is_blank(line: bytes) -> bool:
    """Whether a line holds nothing but white space."""
    return not line or line.isspace()


def split_line(line: bytes) -> list[bytes]:
    """Give the bytes of a checked line's fragments: none of a blank one, several of a batch.

    Raises:
        Rejected: it is not a JSON object, or its ``messages`` are no batch.
    """
    if is_blank(line):
        return []
    batch = split_batch(line)
    if batch is None:
        return [line]
    if len(batch) >> PLACE_BITS:
        raise Rejected("bad_batch", f"`messages` has more than {1 << PLACE_BITS} entries")
    return batch


def depth(line: bytes) -> int:
    """Give how deep arrays and objects nest in a line, strings left aside."""
    deepest = level = 0
    for byte in _STRINGS.sub(b"", line):
        if byte in b"{[":
            level += 1
            deepest = max(deepest, level)
        elif byte in b"}]":
            level -= 1
    return deepest
