"""What the source gives out: consecutive lines of one file, and where they stand."""

from __future__ import annotations

from msgspec import Struct


class JsonlBatch(Struct, frozen=True, gc=False):
    """Consecutive lines of one file.

    Attributes:
        input: Name of the input.
        file: The file's path as shown to a person; "-" for standard input.
        arrival: When the file arrived, µs UTC.
        line: Number of the first of the lines in the file, from 1.
        ordinal: Number of the first of the lines in the input, from 0, over all files and runs.
        lines: The lines without their newlines; one that is too long is its first `line_bytes + 1`
            bytes.
    """

    input: str
    file: str
    arrival: int
    line: int
    ordinal: int
    lines: list[bytes]

    def __repr__(self) -> str:
        """Say where the lines stand, never what they hold."""
        return f"JsonlBatch({self.file!r}, line {self.line}, {len(self.lines)} lines)"
