"""The source on standard input."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from datetime import datetime, timezone

import msgspec
import pytest

from connectors.jsonl import JsonlBatch, JsonlError, JsonlSource
from tests.unit.connectors.jsonl.runs import Run, drain


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Make standard input a pipe, and give its writing end; the test closes it."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield writing


def test_standard_input_gives_out_what_has_come_and_never_waits(pipe: int) -> None:
    """Lines come as they are piped in; an unfinished one when standard input ends."""
    part = JsonlSource("in", "-", clock=lambda: 5_000_000_999).build_part("read", "in", None)
    part.next_batch()
    assert part.next_batch() == []
    os.write(pipe, b"\xef")
    assert part.next_batch() == []
    os.write(pipe, b"\xbb\xbf1\n2\nha")
    assert part.next_batch() == [JsonlBatch("in", "-", 5_000_000, 1, 0, [b"1", b"2"])]
    os.write(pipe, b"lf")
    os.close(pipe)
    rest = list(drain(part))
    assert rest == [JsonlBatch("in", "-", 5_000_000, 3, 2, [b"half"])]


def test_idle_standard_input_is_looked_at_less_and_less_often(pipe: int) -> None:
    """Twice as long a wait each time, 32 ms at most; the next line ends the idling."""
    part = JsonlSource("in", "-", clock=lambda: 5_000_000_000).build_part("read", "in", None)
    waits_ms = []
    for _ in range(8):
        part.next_batch()
        awake = part.next_awake()
        assert awake is not None
        waits_ms.append(max(0, round(1000 * (awake.timestamp() - 5))))
    os.write(pipe, b"1\n")
    assert [[b"1"]] == [batch.lines for batch in part.next_batch()]
    awake = part.next_awake()
    os.close(pipe)
    assert waits_ms == [0, 1, 2, 4, 8, 16, 32, 32]
    assert awake == datetime.fromtimestamp(0, timezone.utc)


def test_standard_input_starts_at_its_beginning_and_goes_on_counting(pipe: int) -> None:
    """Its state is the ordinal alone."""
    os.write(pipe, b"1\n2\n3\n")
    os.close(pipe)
    state = msgspec.msgpack.encode((1, ("-", 7, {})))
    run = Run(JsonlSource("in", "-", batch_lines=2), state)
    assert run.numbers == [("-", 1, 7), ("-", 3, 9)]
    assert run.state == msgspec.msgpack.encode((1, ("-", 10, {})))


@pytest.mark.parametrize("stdin", [None, io.StringIO()])
def test_a_process_without_standard_input_is_told_so(
    monkeypatch: pytest.MonkeyPatch, stdin: io.StringIO | None
) -> None:
    """A service has none; the error says what to do."""
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(JsonlError, match="the input 'in': this process has none; pipe the lines"):
        Run(JsonlSource("in", "-"))
