"""The face that every contender of the source benchmark shows."""

from __future__ import annotations

from typing import Protocol


class Reader(Protocol):
    """Reads a stream; made by a contender module's `get_reader(far)`."""

    def read(self) -> int:
        """Read some, all fields of each record at hand as the reader gives them; the number."""

    def close(self) -> None:
        """Let go."""
