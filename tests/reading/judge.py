"""What is wrong with what came out of some streams.

Imports nothing of the project: it is told what was written, what was kept, and what each execution
took back because it was given out and not committed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

SNAPSHOT = "-"
"""A line that says that an epoch ended here; each other one is a record."""


@dataclass(frozen=True)
class Line:
    """A record as it was given out; the shard's name begins with its stream's."""

    shard: str
    ordinal: int
    sequence_number: int
    data: str

    @classmethod
    def read(cls, text: str) -> Line:
        """Read the line of a record: its values with blanks between them."""
        shard, ordinal, sequence_number, data = text.split(" ")
        return cls(shard, int(ordinal), int(sequence_number), data)


@dataclass(frozen=True)
class TakenBack:
    """What one file of an execution lost when the next one resumed.

    Attributes:
        execution: which one resumed.
        after_kill: whether the one before was killed; else it was stopped, or there was none.
        lines: the lines, those of snapshots too.
    """

    execution: int
    after_kill: bool
    lines: Sequence[str]

    @property
    def is_hit(self) -> bool:
        """Whether the kill cost records that were given out."""
        return any(line != SNAPSHOT for line in self.lines)


def faults(
    written: Iterable[str], kept: Iterable[str], taken_back: Iterable[TakenBack]
) -> Iterator[str]:
    """Say what is wrong; everything that was written was waited for.

    Args:
        written: data of each record that the streams took; no two are the same.
        kept: lines that were committed, in order within each shard.
        taken_back: see there.
    """
    lines = [Line.read(text) for text in kept if text != SNAPSHOT]
    came, expected = Counter(line.data for line in lines), Counter(written)
    yield from (f"{data} never came" for data in expected - came)
    yield from (f"{data} came too often" for data in came - expected)
    shards: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        shards[line.shard].append(line)
    for shard, found in shards.items():
        if [line.ordinal for line in found] != list(range(len(found))):
            yield f"{shard}: the ordinals are not 0 to {len(found) - 1} in order"
        numbers = [line.sequence_number for line in found]
        if numbers != sorted(set(numbers)):
            yield f"{shard}: the sequence numbers do not ascend"
    by_data = {line.data: line for line in lines}
    for each in taken_back:
        yield from _taken_back_faults(each, by_data)


def _taken_back_faults(taken: TakenBack, kept: dict[str, Line]) -> Iterator[str]:
    which = f"what execution {taken.execution} took back"
    if taken.lines and not taken.after_kill:
        yield f"{which} was given out before a clean stop"
    if taken.lines.count(SNAPSHOT) > 1:
        yield f"{which} is more than an epoch"
    for text in taken.lines:
        if text != SNAPSHOT and kept.get((line := Line.read(text)).data) != line:
            yield f"{which} came again as another: {line.data}"
