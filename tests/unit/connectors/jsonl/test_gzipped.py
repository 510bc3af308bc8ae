"""Compressed files: their lines are those of the content, and no damage goes unseen."""

from __future__ import annotations

import gzip
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jsonl import JsonlBatch, JsonlError, JsonlSource
from tests.unit.connectors.jsonl.runs import SECOND, Run, drain, write


def until_error(source: JsonlSource, message: str) -> list[bytes]:
    """Return the lines that come before an error that says the message."""
    batches: list[JsonlBatch] = []
    with (
        closing(source.build_part("read", "in", None)) as part,
        pytest.raises(JsonlError, match=message),
    ):
        batches.extend(drain(part))
    return [line for batch in batches for line in batch.lines]


@given(
    members=st.lists(
        st.lists(st.sampled_from([b"\n", b"{}\n", b"x" * 700, b"\xef\xbb\xbf", b"end"])).map(
            b"".join
        ),
        max_size=4,
    ),
    padding=st.integers(0, 3),
    legs=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 6)), max_size=6),
)
def test_lines_are_those_of_the_content(
    tmp_path_factory: pytest.TempPathFactory,
    members: list[bytes],
    padding: int,
    legs: list[tuple[int, int]],
) -> None:
    """However many members it has, and wherever runs stop; line numbers are of the content."""
    folder = tmp_path_factory.mktemp("in")
    content = b"".join(members)
    write(folder / "a.jsonl", content)
    zeros = b"\0" * (padding if members else 0)
    write(folder / "a.jsonl.gz", b"".join(gzip.compress(each) for each in members) + zeros)
    given: list[list[tuple[int, bytes]]] = []
    for name in ("a.jsonl", "a.jsonl.gz"):
        state: bytes | None = None
        batches: list[JsonlBatch] = []
        for batch_lines, stop in [*legs, (8192, 1 << 30)]:
            run = Run(JsonlSource("in", folder / name, batch_lines=batch_lines), state, stop)
            state = run.state
            batches += run.batches
        given.append([(b.line + i, line) for b in batches for i, line in enumerate(b.lines)])
    assert given[0] == given[1]


def test_a_folder_has_its_compressed_files_in_order(tmp_path: Path) -> None:
    """They are told by their names."""
    write(tmp_path / "b.jsonl", b"2\n")
    write(tmp_path / "a.jsonl.gz", gzip.compress(b"1\n"))
    write(tmp_path / "c.ndjson.gz", gzip.compress(b"3\n4"))
    first = Run(JsonlSource("in", tmp_path))
    again = Run(JsonlSource("in", tmp_path), first.state)
    assert (first.lines, again.lines) == ([b"1", b"2", b"3", b"4"], [])
    assert again.state == first.state


def test_a_member_that_was_added_is_read_on(tmp_path: Path) -> None:
    """Only its lines come, and an unterminated line before it again, whole."""
    path = tmp_path / "a.jsonl.gz"
    write(path, gzip.compress(b"1\n{ha"), modified_s=1000)
    first = Run(JsonlSource("in", path))
    write(path, gzip.compress(b"1\n{ha") + gzip.compress(b"lf}\n3\n"), modified_s=2000)
    second = Run(JsonlSource("in", path), first.state)
    assert (first.lines, second.lines) == ([b"1", b"{ha"], [b"{half}", b"3"])
    assert second.numbers == [("a.jsonl.gz", 2, 2)]
    assert second.batches[0].arrival == 2000 * SECOND


@pytest.mark.parametrize("content", [b"3\n", b"1\n2\n3\n" * 99])
def test_a_compressed_file_that_was_replaced_is_read_from_its_start(
    tmp_path: Path, content: bytes
) -> None:
    """Whether it is shorter or longer now."""
    path = tmp_path / "a.jsonl.gz"
    write(path, gzip.compress(b"1\n2\n"))
    first = Run(JsonlSource("in", path))
    write(path, gzip.compress(content))
    assert b"".join(e + b"\n" for e in Run(JsonlSource("in", path), first.state).lines) == content


@pytest.mark.parametrize("kept", [1, 12, 500, -9, -1])
def test_a_cut_file_gives_its_whole_lines_and_then_an_error(tmp_path: Path, kept: int) -> None:
    """The error says what it may be; once the file is whole, the next run goes on."""
    path = tmp_path / "a.jsonl.gz"
    lines = [b"%d" % (i * 7919 % 1000) for i in range(1000)]
    whole = gzip.compress(b"".join(line + b"\n" for line in lines))
    write(path, whole[:kept])
    message = r"a\.jsonl\.gz further: its gzip data ends too soon; if it is still being written"
    came = until_error(JsonlSource("in", path), message)
    assert came == lines[: len(came)]
    assert (len(came) > 0) == (kept not in (1, 12))
    write(path, whole)
    assert Run(JsonlSource("in", path)).lines == lines


def test_a_damage_is_found_after_the_lines_before_it(tmp_path: Path) -> None:
    """A byte changed in the last of three members, of which the check of the content tells."""
    path = tmp_path / "a.jsonl.gz"
    last = bytearray(gzip.compress(b"5\n6\n", compresslevel=0))
    last[-10] ^= 1
    write(path, gzip.compress(b"1\n2\n") + gzip.compress(b"3\n4\n") + last)
    message = r"a\.jsonl\.gz further: its gzip data is damaged .* after \d lines; put back a whole"
    lines = until_error(JsonlSource("in", path), message)
    assert lines[:5] == [b"1", b"2", b"3", b"4", b"5"]


@pytest.mark.parametrize("content", [b"{}\n", b"\0\0\0", b"PK\3\4"])
def test_what_is_not_gzip_is_an_error(tmp_path: Path, content: bytes) -> None:
    """A plain file with the wrong name gives no line."""
    path = tmp_path / "a.jsonl.gz"
    write(path, content)
    assert until_error(JsonlSource("in", path), "its gzip data is damaged") == []


def test_an_empty_compressed_file_has_no_lines(tmp_path: Path) -> None:
    """It is as an empty file."""
    write(tmp_path / "a.jsonl.gz", b"")
    assert Run(JsonlSource("in", tmp_path)).lines == []


def test_memory_is_bounded_whatever_it_expands_to(tmp_path: Path) -> None:
    """A bomb: 256 MiB of one line in 260 KiB."""
    path = tmp_path / "a.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(64):
            file.write(b"x" * (4 << 20))
    tracemalloc.start()
    try:
        run = Run(JsonlSource("in", path, line_bytes=100))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [b"x" * 101] == run.lines
    assert peak < 24 << 20
