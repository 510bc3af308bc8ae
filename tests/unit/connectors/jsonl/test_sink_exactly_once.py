"""Exactly once: a sink through epochs, commits, crashes and double crashes.

The store here does as Bytewax's: it keeps the row of an epoch that never committed, and resumes
from the latest row of an epoch before the one that it resumes in.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from bytewax.outputs import StatefulSinkPartition
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from connectors.jsonl import JsonlSink

LINE = st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"_"))
ITEMS = st.lists(st.lists(LINE, max_size=3), min_size=1, max_size=3)


class Executions:
    """Executions of a sink over one recovery store, one after the other."""

    def __init__(self, folder: Path, *, wakes: bool = True) -> None:
        """Start the first; with `wakes`, each begins by writing an empty list."""
        self.sink = JsonlSink(folder, "out.jsonl", max_bytes=1 << 20)
        self.file = folder / "out.jsonl"
        self.wakes = wakes
        self.rows: dict[int, bytes] = {}
        self.epoch = 0  # the one that is open; all before it are committed
        self.committed: list[bytes] = []
        self.written: list[bytes] = []
        self.synced = 0
        self.start()

    def start(self) -> None:
        """Resume from the store."""
        row = max((epoch for epoch in self.rows if epoch < self.epoch), default=None)
        state = None if row is None else self.rows[row]
        self.part: StatefulSinkPartition[list[bytes], bytes] = self.sink.build_part("s", "0", state)
        self.written = []
        self.touched = False
        if self.wakes:
            self.write([[]])

    def write(self, items: list[list[bytes]]) -> None:
        """Write in the open epoch."""
        self.part.write_batch(items)
        self.written += [line for lines in items for line in lines]
        self.touched = True

    def snapshot(self) -> None:
        """Store the row of the open epoch, if it wrote; the epoch is not committed by that."""
        if self.touched:
            self.rows[self.epoch] = self.part.snapshot()
            self.synced = self.file.stat().st_size

    def commit(self) -> None:
        """End the open epoch as it should end."""
        self.snapshot()
        self.committed += self.written
        self.written = []
        self.touched = False
        self.epoch += 1

    def crash(self, unsynced: int = 1 << 20) -> None:
        """Die, keeping as many bytes of what was not synced, and start again."""
        self.part.close()  # it buffers nothing, so that this writes nothing
        size = self.file.stat().st_size
        os.truncate(self.file, min(size, self.synced + unsynced))
        self.start()

    @property
    def expected(self) -> bytes:
        """What the file must hold now."""
        return b"".join(line + b"\n" for line in [*self.committed, *self.written])


class SinkMachine(RuleBasedStateMachine):
    """Any sequence of writes, commits, crashes, and crashes between a snapshot and its commit."""

    def __init__(self) -> None:
        """Begin with an empty folder."""
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.executions = Executions(Path(self.folder.name))

    def teardown(self) -> None:
        """Remove the folder."""
        self.executions.part.close()
        self.folder.cleanup()

    @rule(items=ITEMS)
    def write(self, items: list[list[bytes]]) -> None:
        """Write some lines."""
        self.executions.write(items)

    @rule()
    def commit(self) -> None:
        """An epoch ends."""
        self.executions.commit()

    @rule(unsynced=st.integers(0, 60))
    def crash(self, unsynced: int) -> None:
        """The machine dies within an epoch, with any part of what it had not synced."""
        self.executions.crash(unsynced)

    @rule()
    def crash_before_the_commit(self) -> None:
        """The row of the epoch is in the store and its commit is not."""
        self.executions.snapshot()
        self.executions.crash()

    @invariant()
    def the_file_holds_each_line_once(self) -> None:
        """Committed lines and those written since, nothing else."""
        assert self.executions.file.read_bytes() == self.executions.expected


TestSinkMachine = SinkMachine.TestCase
TestSinkMachine.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)


def double_crash(executions: Executions) -> None:
    """Leave a row of an epoch that dies, let the next execution commit that epoch, and die."""
    executions.write([[b"never committed, longer"]])
    executions.snapshot()
    executions.crash()
    executions.commit()
    executions.write([[b"a"], [b"b"]])
    executions.crash()


def test_an_empty_list_overwrites_what_a_dead_execution_left(tmp_path: Path) -> None:
    """With one at the start of each execution, a double crash leaves the committed lines."""
    executions = Executions(tmp_path)
    double_crash(executions)
    assert executions.file.read_bytes() == executions.expected == b""
    executions.part.close()


def test_without_the_empty_list_a_double_crash_repeats_lines(tmp_path: Path) -> None:
    """The danger is real: the dead row keeps uncommitted lines, which will be written again."""
    executions = Executions(tmp_path, wakes=False)
    double_crash(executions)
    assert executions.file.read_bytes() == b"a\nb\n"
    assert executions.expected == b""
    executions.part.close()
