"""Running a source over files, as the tests of its cases do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from bytewax.inputs import StatefulSourcePartition

from connectors.jsonl import JsonlBatch, JsonlSource

SECOND = 1_000_000


class Run:
    """One execution of a source: what it gave out, and its state where it was stopped."""

    def __init__(
        self, source: JsonlSource, state: bytes | None = None, stop: int = 1 << 30
    ) -> None:
        """Run until the end, or for `stop` calls."""
        [name] = source.list_parts()
        part = source.build_part("read", name, state)
        self.batches: list[JsonlBatch] = []
        self.ended = False
        for _ in range(stop):
            try:
                self.batches += part.next_batch()
            except StopIteration:
                self.ended = True
                break
        self.state = part.snapshot()
        part.close()

    @property
    def lines(self) -> list[bytes]:
        """All lines given out."""
        return [line for batch in self.batches for line in batch.lines]

    @property
    def numbers(self) -> list[tuple[str, int, int]]:
        """File, line and ordinal of each batch."""
        return [(Path(b.file).name, b.line, b.ordinal) for b in self.batches]


def write(path: Path, content: bytes, modified_s: int = 1000) -> None:
    """Write a file as if at a given second."""
    path.write_bytes(content)
    os.utime(path, (modified_s, modified_s))


def drain(part: StatefulSourcePartition[JsonlBatch, bytes]) -> Iterator[JsonlBatch]:
    """Yield the batches of a partition until its end."""
    while True:
        try:
            yield from part.next_batch()
        except StopIteration:
            return
