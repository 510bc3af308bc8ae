"""Cutting a stream into lines, against a split that reads everything at once."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from functools import partial
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jsonl.lines import LineReader

BOM = b"\xef\xbb\xbf"
PIECES = st.one_of(
    st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n", BOM, BOM[:2], b"x" * 700, b"\xc3\xa9", b"{}"]),
    st.binary(max_size=20),
)
CONTENT = st.lists(PIECES, max_size=30).map(b"".join)


def split_at_once(content: bytes, line_bytes: int) -> list[bytes]:
    """Return the lines of a content that is held whole."""
    lines = content.removeprefix(BOM).split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [line[: line_bytes + 1] for line in lines]


def read_all(reader: LineReader) -> Iterable[list[bytes]]:
    """Yield what the reader gives out until its end."""
    while (lines := reader.next_lines()) is not None:
        yield lines


@given(
    content=CONTENT,
    cuts=st.lists(st.integers(0, 2000)),
    line_bytes=st.integers(1, 800),
    batch_lines=st.integers(1, 10),
)
def test_lines_do_not_depend_on_where_the_stream_is_cut(
    content: bytes, cuts: list[int], line_bytes: int, batch_lines: int
) -> None:
    """For any bytes in any chunks, the lines are those of a split of the whole."""
    edges = sorted({0, len(content), *(min(cut, len(content)) for cut in cuts)})
    chunks = [content[a:b] for a, b in pairwise(edges)]
    source: list[bytes | None] = [b"", *chunks, b"", None]
    reader = LineReader(partial(source.pop, 0), line_bytes=line_bytes, batch_lines=batch_lines)

    batches = list(read_all(reader))

    assert [line for lines in batches for line in lines] == split_at_once(content, line_bytes)
    assert max(map(len, batches), default=0) <= batch_lines
    assert reader.line == content.count(b"\n")
    assert reader.offset + reader.tail == len(content)
    assert reader.next_lines() is None


@pytest.mark.parametrize("line_bytes", [1, 2, 3, 4, 7])
def test_a_line_that_is_too_long_is_found_wherever_it_stands(line_bytes: int) -> None:
    """Every length around the bound, at every place in a chunk, alone and with lines after it."""
    for before, length, after in product(range(12), range(3 * line_bytes + 3), range(3)):
        content = b"\n" * before + b"x" * length + b"\n" * after
        source: list[bytes | None] = [content, None]
        reader = LineReader(partial(source.pop, 0), line_bytes=line_bytes, batch_lines=99)
        lines = [line for batch in read_all(reader) for line in batch]
        assert lines == split_at_once(content, line_bytes)


def test_a_line_without_end_is_never_held() -> None:
    """A line of 64 MiB costs a chunk and its own first bytes, and its offset stays right."""
    chunk = b"x" * (1 << 20)
    source: list[bytes | None] = [*[chunk] * 64, b"x\nnext\n", None]
    reader = LineReader(partial(source.pop, 0), line_bytes=100, batch_lines=10)

    tracemalloc.start()
    try:
        lines = [line for batch in read_all(reader) for line in batch]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert lines == [b"x" * 101, b"next"]
    assert reader.offset == (64 << 20) + 7
    assert peak < 4 << 20
