"""A batch: what every source gives out, whatever it reads."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

Stamp: TypeAlias = tuple[int, int, str]
"""Of one record of a stream: when it arrived (µs UTC), its ordinal, and its position as it is told
to a person. All three are the same when it is read again."""


class Batch(Struct, frozen=True, gc=False):
    """Consecutive lines of one file, or records of one shard or topic partition, unparsed.

    Attributes:
        input: name of the input.
        origin: the file as shown to a person, or the shard or topic partition.
        arrival: when a file arrived, µs UTC.
        line: number of the first line in its file, from 1.
        ordinal: number of the first line in its input, from 0.
        lines: the lines, or the data of the records.
        stamps: one for each record of a stream, which stands in for the three before; None for a
            file.
    """

    input: str
    origin: str
    arrival: int
    line: int
    ordinal: int
    lines: list[bytes]
    stamps: list[Stamp] | None = None

    def __repr__(self) -> str:
        """Say where the lines stand, never what they hold."""
        return f"Batch({self.origin!r}, line {self.line}, {len(self.lines)} lines)"

    def stamp(self, number: int) -> Stamp:
        """Give when one of the lines arrived, its ordinal, and its position in the origin."""
        if self.stamps is not None:
            return self.stamps[number]
        return self.arrival, self.ordinal + number, str(self.line + number)
