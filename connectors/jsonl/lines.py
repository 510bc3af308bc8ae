r"""Cut a stream into lines, in bounded memory.

Only b"\n" ends a line: the "\r" of a CR LF stays, as JSON reads it as white space. A UTF-8
byte-order mark at the very start is dropped. Of a line that is too long the beginning is kept, one
byte more than allowed, so that whoever gets it can tell; the rest is counted and let go.
"""

from __future__ import annotations

from collections.abc import Callable

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
        self._hungry = True  # no whole line is held
        self._held = b""  # what follows `offset`, as far as it is kept
        self._let_go = 0  # number of bytes of the present line that followed `_held`

    def next_lines(self) -> list[bytes] | None:
        """Give out the next lines after one read at most.

        Returns:
            At most `batch_lines` lines without their newlines, each of at most `line_bytes + 1`
            bytes; none, if what was read ends none; None at the end.
        """
        if not self._hungry:
            return self._cut(b"", self._held)
        chunk = None if self._ended else self._read()
        if chunk is None:
            return self._last()
        if self._at_start:
            return self._cut(b"", self._without_bom(self._held + chunk))
        return self._cut(self._held, chunk)

    def _without_bom(self, start: bytes) -> bytes:
        if len(start) < len(_BOM) and _BOM.startswith(start):
            return start  # too short to tell: looked at again with what follows
        self._at_start = False
        if not start.startswith(_BOM):
            return start
        self.offset = len(_BOM)
        return start[len(_BOM) :]

    def _cut(self, begun: bytes, fresh: bytes) -> list[bytes]:
        lines = fresh.split(b"\n", self._batch_lines)  # makes no more lines than are wanted
        rest = lines.pop()
        self._hungry = len(lines) < self._batch_lines
        if lines:
            lines[0] = begun + lines[0]
            self.offset += len(begun) + self._let_go + len(fresh) - len(rest)
            self.line += len(lines)
            self._let_go = 0
            if max(map(len, lines)) > self._limit:
                lines = [line[: self._limit] for line in lines]
        else:
            rest = begun + rest
        if self._hungry and len(rest) > self._limit:
            self._let_go += len(rest) - self._limit
            rest = rest[: self._limit]
        self._held = rest
        return lines

    def _last(self) -> list[bytes] | None:
        if self._ended or not self._held:
            self._ended = True
            return None
        self._ended = True
        self.tail = len(self._held) + self._let_go
        return [self._held]
