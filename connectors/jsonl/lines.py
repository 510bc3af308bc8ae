r"""Cut a stream into lines, in bounded memory.

Only b"\n" ends a line: the "\r" of a CR LF stays, as JSON reads it as white space. A UTF-8
byte-order mark at the very start is dropped. Of a line that is too long the beginning is kept, one
byte more than allowed, so that whoever gets it can tell; the rest is counted and let go.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from itertools import islice

_BOM = b"\xef\xbb\xbf"


class LineReader:
    """Gives out the lines of a stream, and knows where the next one begins.

    It holds at most one chunk and one line.

    Attributes:
        offset: Where the first line begins that was not given out, or the unterminated last one.
        line: Number of lines before `offset`.
        tail: Length of the unterminated last line at `offset`, once it was given out; before, 0.
    """

    def __init__(
        self,
        read: Callable[[], bytes | None],
        *,
        line_bytes: int,
        batch_lines: int,
        offset: int = 0,
        line: int = 0,
        tail: int = 0,
    ) -> None:
        """Stand where an earlier reader stood, or at the start.

        Args:
            read: Gives the next chunk from `offset` on; b"" if there is none yet, None at the end.
            line_bytes: Longest line given out whole.
            batch_lines: Most lines given out at once.
            offset: As the attribute.
            line: As the attribute.
            tail: As the attribute; then `read` has nothing more.
        """
        self.offset = offset
        self.line = line
        self.tail = tail
        self._read = read
        self._limit = line_bytes + 1
        self._batch_lines = batch_lines
        self._at_start = offset == 0
        self._ended = False
        self._chunk = BytesIO()  # its lines are found by memchr, those of bytes.split byte by byte
        self._chunk_bytes = 0
        self._chunk_ends_a_line = True
        self._chunk_has_long_lines = False
        self._begun = b""  # the line at `offset` as far as earlier chunks held it and it is kept
        self._let_go = 0  # number of its bytes after those

    def next_lines(self) -> list[bytes] | None:
        """Give out the next lines after one read at most.

        Returns:
            At most `batch_lines` lines without their newlines, each of at most `line_bytes + 1`
            bytes; none, if what was read ends none; None at the end.
        """
        if self._chunk.tell() < self._chunk_bytes:
            return self._cut()
        chunk = None if self._ended else self._read()
        if chunk is None:
            return self._last()
        if self._at_start:
            chunk = self._without_bom(self._begun + chunk)
            self._begun = b""
        self._chunk = BytesIO(chunk)
        self._chunk_bytes = len(chunk)
        self._chunk_ends_a_line = chunk.endswith(b"\n")
        self._chunk_has_long_lines = _has_run_without_newline(chunk, self._limit // 2 + 1)
        return self._cut() if chunk else []

    def _without_bom(self, start: bytes) -> bytes:
        if len(start) < len(_BOM) and _BOM.startswith(start):
            return start  # too short to tell: looked at again with what follows
        self._at_start = False
        if not start.startswith(_BOM):
            return start
        self.offset = len(_BOM)
        return start[len(_BOM) :]

    def _cut(self) -> list[bytes]:
        start = self._chunk.tell()
        lines = [line.removesuffix(b"\n") for line in islice(self._chunk, self._batch_lines)]
        end = self._chunk.tell()
        rest = b""
        if end == self._chunk_bytes and not self._chunk_ends_a_line:
            rest = lines.pop()
        if lines:
            lines[0] = self._begun + lines[0]
            self.offset += len(self._begun) + self._let_go + end - start - len(rest)
            self.line += len(lines)
            self._begun, self._let_go = b"", 0
            if self._chunk_has_long_lines or len(lines[0]) > self._limit:
                lines = [line[: self._limit] for line in lines]
        begun = self._begun + rest
        self._begun = begun[: self._limit]
        self._let_go += len(begun) - len(self._begun)
        return lines

    def _last(self) -> list[bytes] | None:
        if self._ended or not self._begun:
            self._ended = True
            return None
        self._ended = True
        self.tail = len(self._begun) + self._let_go
        return [self._begun]


def _has_run_without_newline(chunk: bytes, length: int) -> bool:
    """Return whether one of the chunk's aligned pieces of that length holds no newline.

    Any run of twice the length covers such a piece whole, so without one no line is as long.
    """
    return any(
        chunk.find(b"\n", at, at + length) < 0 for at in range(0, len(chunk) - length + 1, length)
    )
