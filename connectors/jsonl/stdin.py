"""Standard input as a file that is read once, from its beginning, without waiting for more.

It cannot be read again: what was piped in and not committed must be piped in again.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable

from .errors import JsonlError
from .lines import LineReader

_READ_BYTES_MAX = 4 << 20


class StandardInput:
    """Standard input while it is read; what has come in is given out at once."""

    def __init__(
        self, name: str, clock: Callable[[], int], *, line_bytes: int, batch_lines: int
    ) -> None:
        """Take hold of standard input; it arrives now.

        Args:
            name: Name of the input, for errors.
            clock: Nanoseconds since 1970, UTC.
            line_bytes: Longest line given out whole.
            batch_lines: Most lines given out at once.

        Raises:
            JsonlError: The process has no standard input.
        """
        try:
            self._fileno = sys.stdin.fileno()
        except (AttributeError, ValueError, OSError) as error:
            raise JsonlError(
                f"cannot read standard input for the input {name!r}: this process has none; "
                "pipe the lines in, or give a file as the path"
            ) from error
        self.arrival = clock() // 1000
        self.lines = LineReader(self._read, line_bytes=line_bytes, batch_lines=batch_lines)

    def position(self) -> None:
        """Return nothing: the next run starts at the beginning of its own standard input."""

    def close(self) -> None:
        """Leave standard input to the process it belongs to."""

    def _read(self) -> bytes | None:
        chunks: list[bytes] = []
        wanted = _READ_BYTES_MAX
        while wanted and select.select([self._fileno], [], [], 0)[0]:
            chunk = os.read(self._fileno, wanted)
            if not chunk:
                return b"".join(chunks) or None
            chunks.append(chunk)
            wanted -= len(chunk)
        return b"".join(chunks)
