"""Running a source over files, as the tests of its cases do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
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


class Follow:
    """One execution of a source that follows, on a clock of its own."""

    def __init__(
        self, path: Path, state: bytes | None = None, *, batch_lines: int = 8192, now_s: int = 5000
    ) -> None:
        """Begin to follow; nothing is read yet."""
        self.now_ns = now_s * 1_000_000_000
        source = JsonlSource(
            "in", path, batch_lines=batch_lines, follow=True, clock=lambda: self.now_ns
        )
        self.part = source.build_part("read", "in", state)

    def batches(self, *, after_s: float = 1) -> list[JsonlBatch]:
        """Return what comes when that much time has passed, until there is nothing to do."""
        self.now_ns += round(after_s * 1_000_000_000)
        batches: list[JsonlBatch] = []
        while self.is_due():
            batches += self.part.next_batch()
        return batches

    def lines(self, *, after_s: float = 1) -> list[bytes]:
        """Return the lines of `batches`."""
        return [line for batch in self.batches(after_s=after_s) for line in batch.lines]

    def is_due(self) -> bool:
        """Return whether the source wants to be called now."""
        awake = self.part.next_awake()
        assert awake is not None
        return awake.timestamp() * 1e9 <= self.now_ns

    def stop(self) -> bytes:
        """End the execution; return its state."""
        state = self.part.snapshot()
        self.part.close()
        return bytes(state)


def append(path: Path, content: bytes) -> None:
    """Write at a file's end."""
    with path.open("ab") as file:
        file.write(content)


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return the events that were logged, with the names of their files."""
    return [(each.getMessage(), Path(each.__dict__["file"]).name) for each in caplog.records]
