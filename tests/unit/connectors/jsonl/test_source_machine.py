"""Files appear, grow, are touched, replaced and removed between runs that may or may not commit.

The model knows of each file only the bytes that were given out, as one text, and states from that
which lines a run must give.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from connectors.jsonl import JsonlBatch, JsonlSource

BOM = b"\xef\xbb\xbf"
NAMES = st.sampled_from(["a.jsonl", "b.ndjson", "c.jsonl"])
CONTENT = st.lists(
    st.sampled_from([b"\n", b"\r\n", b"{}\n", b"xyz", BOM, b"long" * 200 + b"\n"]), max_size=8
).map(b"".join)


class Known(NamedTuple):
    """What is known of a file: what it gave, when that arrived, its size when last opened."""

    given: bytes
    arrival: int
    size: int


class Line(NamedTuple):
    """A line to come: its number and text, and what the file has given after it."""

    number: int
    text: bytes
    given: bytes


def opened(content: bytes, modified: int, known: Known | None) -> Known:
    """State what is known of a file once it is opened again."""
    whole = known.given[: known.given.rfind(b"\n") + 1] if known is not None else b""
    is_alike = content[: len(whole)][-1024:] == whole[-1024:]
    if known is not None and is_alike and content[:1024].startswith(known.given[:1024]):
        if len(content) == known.size:
            return known
        if len(content) >= len(whole):
            return Known(whole, max(known.arrival, modified), len(content))
    return Known(b"", modified, len(content))


def lines_to_come(content: bytes, given: bytes) -> list[Line]:
    """State which lines follow what a file has given."""
    lines, at = [], len(given)
    for raw in split(content[at:]):
        at += len(raw)
        text = raw.removeprefix(BOM) if at == len(raw) else raw
        if text:
            number = content.count(b"\n", 0, at - 1) + 1
            lines.append(Line(number, text.removesuffix(b"\n"), content[:at]))
    return lines


def split(content: bytes) -> list[bytes]:
    """Split after each newline."""
    return [raw for raw in content.replace(b"\n", b"\n\0").split(b"\0") if raw]


class SourceMachine(RuleBasedStateMachine):
    """A folder, its source, and what the model knows to have been committed."""

    def __init__(self) -> None:
        """Begin with an empty folder and no state."""
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.now_s = 1_000
        self.state: bytes | None = None
        self.known: dict[str, Known] = {}
        self.ordinal = 0

    def teardown(self) -> None:
        """Remove the folder."""
        self.folder.cleanup()

    @rule(name=NAMES, content=CONTENT)
    def put(self, name: str, content: bytes) -> None:
        """A file appears, or is replaced."""
        (self.path / name).write_bytes(content)
        self.touch(name)

    @rule(name=NAMES, content=CONTENT)
    def grow(self, name: str, content: bytes) -> None:
        """Something is added to a file."""
        with (self.path / name).open("ab") as file:
            file.write(content)
        self.touch(name)

    @rule(name=NAMES, size=st.integers(0, 20))
    def shorten(self, name: str, size: int) -> None:
        """A file loses its end."""
        if (self.path / name).exists():
            os.truncate(self.path / name, min(size, (self.path / name).stat().st_size))
            self.touch(name)

    @rule(name=NAMES)
    def touch(self, name: str) -> None:
        """A file changes its time alone; each change comes a second after the one before."""
        if (self.path / name).exists():
            self.now_s += 1
            os.utime(self.path / name, (self.now_s, self.now_s))

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        """A file vanishes."""
        (self.path / name).unlink(missing_ok=True)

    @rule(batch_lines=st.integers(1, 4), stop=st.integers(1, 6), commits=st.booleans())
    def run(self, batch_lines: int, stop: int, *, commits: bool) -> None:
        """A run gives out what it must, up to its end or to a number of batches."""
        source = JsonlSource("in", self.path, batch_lines=batch_lines)
        part = source.build_part("read", "in", self.state)
        batches: list[JsonlBatch] = []
        ended = False
        try:
            while len(batches) < stop:
                batches += part.next_batch()
        except StopIteration:
            ended = True
        state = part.snapshot()
        part.close()

        known, ordinal = self.check(batches, ended=ended)
        if commits:
            self.state, self.known, self.ordinal = state, known, ordinal

    def check(self, batches: list[JsonlBatch], *, ended: bool) -> tuple[dict[str, Known], int]:
        """Compare what a run gave with the model; return what the model then knows."""
        files = sorted(self.path.iterdir())
        after = {f.name: self.known[f.name] for f in files if f.name in self.known}
        ordinal = self.ordinal
        for file in files:
            content = file.read_bytes()
            modified = file.stat().st_mtime_ns // 1000
            known = opened(content, modified, after.get(file.name))
            to_come = lines_to_come(content, known.given)
            while batches and batches[0].file == str(file):
                batch = batches.pop(0)
                lines, to_come = to_come[: len(batch.lines)], to_come[len(batch.lines) :]
                texts = [line.text for line in lines]
                expected = JsonlBatch(
                    "in", str(file), known.arrival, lines[0].number, ordinal, texts
                )
                assert batch == expected
                ordinal += len(texts)
                known = known._replace(given=lines[-1].given)
            after[file.name] = known
            if not batches and not ended:
                return after, ordinal  # it was stopped in this file
            assert to_come == []
            after[file.name] = known._replace(given=content)
        assert batches == []
        return after, ordinal


TestSourceMachine = SourceMachine.TestCase
TestSourceMachine.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
