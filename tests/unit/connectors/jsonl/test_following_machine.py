"""Files are written, rotated, cut off, copied and deleted while they are followed, or while not.

The model knows which lines each file was given, and how many of them came. Each line is another, so
that where it came from is never in doubt. A line that was written before a whole look must have
come by its end, exactly once in an execution that goes on from a clean stop, and in its file's
order. After a crash the lines since the state come again.
"""

from __future__ import annotations

import gzip
import os
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.unit.connectors.jsonl.runs import Follow, append

NAMES = st.sampled_from(["a.jsonl", "b.jsonl"])
SIZES = st.lists(st.sampled_from([1, 20, 900]), min_size=1, max_size=3)


class Written:
    """A file as the model knows it."""

    def __init__(self, name: str) -> None:
        """Begin an empty file."""
        self.name = name
        self.lines: list[bytes] = []
        self.begun = b""  # a line that does not end yet
        self.came = 0  # number of lines given out, by the present lineage of executions
        self.committed = 0  # the same at the last state
        self.is_copy = False  # whether a copy took its place that no state may know
        self.is_looked_at = False

    @property
    def matches(self) -> bool:
        """Whether a newcomer of that name would be read."""
        return self.name.endswith((".jsonl", ".jsonl.gz"))


class FollowingMachine(RuleBasedStateMachine):
    """A folder, what was written there, and an execution that follows it, or none."""

    def __init__(self) -> None:
        """Begin with an empty folder and no state."""
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.files: list[Written] = []
        self.state: bytes | None = None
        self.follow: Follow | None = None
        self.counter = 0
        self.now_s = 10_000

    def teardown(self) -> None:
        """Stop, and remove the folder."""
        if self.follow is not None:
            self.follow.part.close()
        self.folder.cleanup()

    def new_name(self, suffix: str) -> str:
        """Return a name that no file had."""
        self.counter += 1
        return f"r{self.counter}{suffix}"

    def new_lines(self, sizes: list[int]) -> list[bytes]:
        """Return lines that no file had."""
        self.counter += len(sizes)
        return [b"%d-" % (self.counter - i) + b"x" * size for i, size in enumerate(sizes)]

    def at(self, name: str) -> Written:
        """Return the file of a name; it is made if there is none."""
        for file in self.files:
            if file.name == name:
                return file
        self.files.append(Written(name))
        (self.path / name).touch()
        return self.files[-1]

    def settle(self) -> None:
        """Look at everything, if somebody follows: what comes now may be lost afterwards."""
        if self.follow is not None:
            self.take(self.follow.lines())
            for file in self.files:
                assert file.came == len(file.lines)
                file.is_looked_at = True

    def take(self, lines: list[bytes]) -> None:
        """Check that each line is the next of its file."""
        for line in lines:
            [file] = [each for each in self.files if line in each.lines]
            assert file.lines[file.came] == line
            file.came += 1

    @rule(name=NAMES, sizes=SIZES, ends=st.booleans())
    def write(self, name: str, sizes: list[int], *, ends: bool) -> None:
        """Lines are added, of which the last may not end yet."""
        file = self.at(name)
        *whole, last = self.new_lines(sizes)
        raw = b"".join(line + b"\n" for line in whole) + last + b"\n" * ends
        append(self.path / name, raw)
        lines = (file.begun + raw).split(b"\n")
        file.begun = lines.pop()
        file.lines += lines

    @rule(name=NAMES, suffix=st.sampled_from([".jsonl", ".txt"]))
    def rotate(self, name: str, suffix: str) -> None:
        """A file gets another name, which need not match."""
        file = self.at(name)
        if file.is_copy:
            return  # by another name it would be a new file, and lines come twice
        if suffix == ".txt":
            self.settle()
        file.name = self.new_name(suffix)
        (self.path / name).rename(self.path / file.name)

    @rule(name=NAMES, sizes=SIZES)
    def cut_off(self, name: str, sizes: list[int]) -> None:
        """A file is emptied in place, and written anew."""
        self.settle()
        self.files.remove(self.at(name))
        (self.path / name).write_bytes(b"")
        self.write(name, sizes, ends=True)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        """A file is deleted after its last line ended."""
        file = self.at(name)
        if file.begun:
            self.write(name, [1], ends=True)
        self.settle()
        self.files.remove(file)
        (self.path / name).unlink()

    @precondition(lambda self: self.follow is not None)
    @rule(name=NAMES, sizes=SIZES)
    def copy(self, name: str, sizes: list[int]) -> None:
        """A longer copy takes the place of a file."""
        file = self.at(name)
        file.is_copy, file.is_looked_at = True, False
        (self.path / ".copy").write_bytes((self.path / name).read_bytes())
        (self.path / ".copy").rename(self.path / name)
        self.write(name, sizes, ends=True)

    @rule(sizes=SIZES, halves=st.booleans())
    def compress(self, sizes: list[int], *, halves: bool) -> None:
        """A compressed file comes, whole or with a pause within it."""
        file = self.at(self.new_name(".jsonl.gz"))
        lines = self.new_lines(sizes)
        raw = gzip.compress(b"".join(line + b"\n" for line in lines))
        append(self.path / file.name, raw[:-9])
        if halves and self.follow is not None:
            file.lines = lines
            self.take(self.follow.lines())
        append(self.path / file.name, raw[-9:])
        file.lines = lines

    @precondition(lambda self: self.follow is None)
    @rule(batch_lines=st.integers(1, 3))
    def start(self, batch_lines: int) -> None:
        """An execution goes on from the last state."""
        for file in list(self.files):
            file.came = file.committed
            if not file.matches and not file.committed:
                self.files.remove(file)  # nothing of it was committed, so nothing knows it
        self.now_s += 100
        self.follow = Follow(self.path, self.state, batch_lines=batch_lines, now_s=self.now_s)

    @precondition(lambda self: self.follow is not None)
    @rule(calls=st.integers(1, 12))
    def step(self, calls: int) -> None:
        """Some calls, in the middle of a look or of a file."""
        assert self.follow is not None
        for _ in range(calls):
            batches = self.follow.part.next_batch()
            self.take([line for batch in batches for line in batch.lines])

    @rule()
    def look(self) -> None:
        """A whole look."""
        self.settle()

    @precondition(lambda self: self.follow is not None)
    @rule(commits=st.booleans(), stops=st.booleans())
    def snapshot(self, *, commits: bool, stops: bool) -> None:
        """A state is taken, which may be lost; the execution may end then, cleanly or not."""
        assert self.follow is not None
        state = bytes(self.follow.part.snapshot())
        if commits:
            self.state = state
            for file in self.files:
                file.committed = file.came
                file.is_copy = file.is_copy and not file.is_looked_at
        if stops:
            self.follow.part.close()
            self.follow = None

    @invariant()
    def names_are_as_the_model_says(self) -> None:
        """The model has every file that is to be read."""
        there = {entry.name for entry in os.scandir(self.path)}
        assert {file.name for file in self.files} <= there


TestFollowingMachine = FollowingMachine.TestCase
TestFollowingMachine.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
