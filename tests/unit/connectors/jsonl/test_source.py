"""The source within a run: what a batch says, which files are read, how lines are cut."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jsonl import JsonlBatch, JsonlSource
from tests.unit.connectors.jsonl.runs import SECOND, Run, drain, write

PIECES = st.one_of(
    st.sampled_from([b"\n", b"\r\n", b"\xef\xbb\xbf", b"x" * 700, b"{}\n" * 9]),
    st.binary(max_size=30),
)


def test_a_batch_says_where_its_lines_stand(tmp_path: Path) -> None:
    """Input, file, arrival, line and ordinal are of the first line of each batch."""
    path = tmp_path / "in.jsonl"
    write(path, b"a\nb\nc\n")
    run = Run(JsonlSource("profiles", path, batch_lines=2))
    assert run.batches == [
        JsonlBatch("profiles", str(path), 1000 * SECOND, 1, 0, [b"a", b"b"]),
        JsonlBatch("profiles", str(path), 1000 * SECOND, 3, 2, [b"c"]),
    ]


def test_a_folder_is_its_jsonl_files_by_name(tmp_path: Path) -> None:
    """Other files, hidden files and folders within are not read; batches never mix files."""
    for name in ("b.jsonl", "a.ndjson", ".hidden.jsonl", "c.json", "d.jsonl.zip"):
        write(tmp_path / name, name.encode())
    (tmp_path / "folder.jsonl").mkdir()
    write(tmp_path / "folder.jsonl" / "deep.jsonl", b"deep")
    run = Run(JsonlSource("in", tmp_path))
    assert run.lines == [b"a.ndjson", b"b.jsonl"]
    assert run.numbers == [("a.ndjson", 1, 0), ("b.jsonl", 1, 1)]


def test_a_call_that_gives_nothing_is_followed_by_the_next_at_once(tmp_path: Path) -> None:
    """Bytewax waits 1 ms after an empty batch unless told a time, which adds up over many files."""
    awake = JsonlSource("in", tmp_path).build_part("read", "in", None).next_awake()
    assert awake is not None
    assert awake.timestamp() == 0


def test_an_optional_path_may_be_missing_and_come_later(tmp_path: Path) -> None:
    """What is missing is an empty folder, on which a later run goes on; a file would be another."""
    source = JsonlSource("in", tmp_path / "later", optional=True)
    first = Run(source)
    assert first.ended
    assert [] == first.lines
    (tmp_path / "later").mkdir()
    write(tmp_path / "later" / "a.jsonl", b"a\n")
    assert [b"a"] == Run(source, first.state).lines


def test_a_folder_without_files_ends_at_once(tmp_path: Path) -> None:
    """Files may come later; until then there is nothing."""
    assert Run(JsonlSource("in", tmp_path)).ended


def test_crlf_keeps_its_cr_and_a_bom_is_dropped(tmp_path: Path) -> None:
    """A BOM is dropped at the start of a file only, and offsets still count it."""
    path = tmp_path / "a.jsonl"
    write(path, b"\xef\xbb\xbf{}\r\n\xef\xbb\xbf{}\r\n")
    source = JsonlSource("in", path, batch_lines=1)
    first = Run(source, stop=2)
    second = Run(source, first.state)
    assert (first.lines, second.lines) == ([b"{}\r"], [b"\xef\xbb\xbf{}\r"])


def test_a_line_that_is_too_long_is_cut_and_the_next_is_whole(tmp_path: Path) -> None:
    """One byte more than allowed is kept, in the middle and at the end of a file."""
    path = tmp_path / "a.jsonl"
    write(path, b"1234\n12345\n" + b"x" * 9999 + b"\nok\n" + b"y" * 9999)
    source = JsonlSource("in", path, line_bytes=4, batch_lines=2)
    first = Run(source)
    assert first.lines == [b"1234", b"12345", b"xxxxx", b"ok", b"yyyyy"]
    assert Run(source, first.state).lines == []


def test_memory_is_bounded_whatever_the_input(tmp_path: Path) -> None:
    """A file of 64 MiB without a newline, then one of short lines, is read within a few chunks."""
    with (tmp_path / "a.jsonl").open("wb") as file:
        file.truncate(64 << 20)
    write(tmp_path / "b.jsonl", b"1234567\n" * 700_000)
    tracemalloc.start()
    try:
        part = JsonlSource("in", tmp_path).build_part("read", "in", None)
        count = sum(len(batch.lines) for batch in drain(part))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 1 + 700_000
    assert peak < 16 << 20


@given(
    content=st.lists(PIECES, max_size=40).map(b"".join),
    legs=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 6)), max_size=8),
    line_bytes=st.integers(1, 900),
)
def test_lines_do_not_depend_on_where_runs_stop(
    tmp_path_factory: pytest.TempPathFactory,
    content: bytes,
    legs: list[tuple[int, int]],
    line_bytes: int,
) -> None:
    """Whatever the bytes, the batch sizes and the stops, the lines are those of a plain split."""
    path = tmp_path_factory.mktemp("in") / "a.jsonl"
    write(path, content)
    state: bytes | None = None
    batches: list[JsonlBatch] = []
    for batch_lines, stop in [*legs, (8192, 1 << 30)]:
        source = JsonlSource("in", path, line_bytes=line_bytes, batch_lines=batch_lines)
        run = Run(source, state, stop)
        assert all(1 <= len(batch.lines) <= batch_lines for batch in run.batches)
        state = run.state
        batches += run.batches

    expected = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if not expected[-1]:
        expected.pop()
    lines = [line for batch in batches for line in batch.lines]
    assert lines == [line[: line_bytes + 1] for line in expected]
    starts = [sum(len(b.lines) for b in batches[:i]) for i in range(len(batches))]
    assert [(b.line, b.ordinal) for b in batches] == [(start + 1, start) for start in starts]


def test_a_file_name_may_be_any_bytes(tmp_path: Path) -> None:
    """It is read and resumed, and shown as text that can be encoded."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jsonl"))
    write(path, b"1\n")
    first = Run(JsonlSource("in", tmp_path))
    assert first.batches[0].file == f"{tmp_path}/\ufffd.jsonl"
    assert Run(JsonlSource("in", tmp_path), first.state).lines == []
