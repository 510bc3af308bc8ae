"""The content of a gzip file, decompressed as it is read, in bounded memory.

Members that stand one after the other are one content, as `cat a.gz b.gz` makes them (RFC 1952,
2.2; https://www.rfc-editor.org/rfc/rfc1952, read 2026-11), and zeros after a member are passed over
as gzip does. What can be decompressed before a damage is given out before the error is raised.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

_RAW_BYTES = 1 << 16
_WBITS = 16 + zlib.MAX_WBITS  # a gzip header, and the check of its end


class Gunzip:
    """Decompresses what it reads; more may come after it came to an end."""

    def __init__(self, read_raw: Callable[[int], bytes]) -> None:
        """Begin before the first member.

        Args:
            read_raw: Gives the next compressed bytes, at most so many; b"" if there are none now.
        """
        self._read_raw = read_raw
        self._member = zlib.decompressobj(_WBITS)
        self._raw = b""
        self._within = self._is_after_one = False
        self._more = False  # whether the member holds back what a bound kept it from giving out
        self._damage: zlib.error | None = None

    @property
    def within_member(self) -> bool:
        """Whether a member has begun and not ended."""
        return self._within

    def read(self, size: int) -> bytes:
        """Give the next bytes of the content.

        Returns:
            At most `size` bytes; less only if there are no more now, or before a damage.

        Raises:
            zlib.error: The compressed data is damaged; all before the damage was given out.
        """
        if self._damage is not None:
            raise self._damage
        pieces: list[bytes] = []
        while size > 0 and self._damage is None:
            if not self._raw and not self._more:
                self._raw = self._read_raw(_RAW_BYTES)
                if not self._raw:
                    break
            piece = self._decompress(size)
            pieces.append(piece)
            size -= len(piece)
        if self._damage is not None and not any(pieces):
            raise self._damage
        return b"".join(pieces)

    def _decompress(self, size: int) -> bytes:
        if not self._within:
            if self._is_after_one:
                self._raw = self._raw.lstrip(b"\0")
            if not self._raw:
                return b""
            self._member = zlib.decompressobj(_WBITS)
            self._within = True
        before = self._member.copy()
        try:
            piece = self._member.decompress(self._raw, size)
        except zlib.error as error:
            self._damage = error
            return _salvage(before, self._raw)
        self._raw = self._member.unconsumed_tail
        self._more = len(piece) == size
        if self._member.eof:
            self._raw, self._within, self._more = self._member.unused_data, False, False
            self._is_after_one = True
        return piece


def _salvage(member: zlib._Decompress, raw: bytes) -> bytes:
    """Decompress byte by byte up to the damage: an error takes all of its call with it."""
    pieces: list[bytes] = []
    try:
        pieces.extend(member.decompress(raw[at : at + 1]) for at in range(len(raw)))
    except zlib.error:
        return b"".join(pieces)
    return b"".join(pieces)
