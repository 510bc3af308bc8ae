"""The source between runs: files grow, vanish, are replaced, and its state tells which."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from connectors.jsonl import JsonlBatch, JsonlError, JsonlSource
from tests.unit.connectors.jsonl.runs import SECOND, Run, drain, write


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    """A run that resumes at the end of unchanged files gives out nothing."""
    write(tmp_path / "a.jsonl", b"1\n2")
    write(tmp_path / "b.jsonl", b"")
    first = Run(JsonlSource("in", tmp_path))
    again = Run(JsonlSource("in", tmp_path), first.state)
    assert (first.lines, again.lines) == ([b"1", b"2"], [])
    assert again.state == first.state


def test_a_grown_file_goes_on_where_it_stood(tmp_path: Path) -> None:
    """Only the added lines are given out, with the next numbers and the newer arrival."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n2\n", modified_s=1000)
    first = Run(JsonlSource("in", tmp_path))
    write(path, b"1\n2\n3\n", modified_s=2000)
    [batch] = Run(JsonlSource("in", tmp_path), first.state).batches
    assert batch == JsonlBatch("in", str(path), 2000 * SECOND, 3, 2, [b"3"])


def test_an_unterminated_last_line_is_read_again_whole_once_it_has_grown(tmp_path: Path) -> None:
    """It counts as a line; grown, it comes again under its line number and a new ordinal."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n{half")
    first = Run(JsonlSource("in", path))
    write(path, b"1\n{half whole}\n3")
    second = Run(JsonlSource("in", path), first.state)
    third = Run(JsonlSource("in", path), second.state)
    assert (first.lines, second.lines) == ([b"1", b"{half"], [b"{half whole}", b"3"])
    assert first.numbers == [("a.jsonl", 1, 0), ("a.jsonl", 2, 1)]
    assert second.numbers == [("a.jsonl", 2, 2), ("a.jsonl", 3, 3)]
    assert third.lines == []


def test_a_newline_that_came_later_repeats_its_line(tmp_path: Path) -> None:
    """The file has grown by the newline alone: the line comes again, the next one after it."""
    path = tmp_path / "a.jsonl"
    write(path, b"1")
    first = Run(JsonlSource("in", path))
    write(path, b"1\n")
    second = Run(JsonlSource("in", path), first.state)
    write(path, b"1\n2\n")
    third = Run(JsonlSource("in", path), second.state)
    assert [first.lines, second.lines, third.lines] == [[b"1"], [b"1"], [b"2"]]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b"1\n2\n", b"9\n2\n3\n", id="other-beginning"),
        pytest.param(b"1\n2\n", b"1\n", id="shorter"),
        pytest.param(b"1", b"2", id="one-line-of-the-same-size"),
        pytest.param(b"x" * 2000 + b"\ny\n", b"x" * 2000, id="shorter-with-the-same-beginning"),
        pytest.param(b"1\n", b"", id="emptied"),
    ],
)
def test_a_replaced_file_is_read_from_its_start(
    tmp_path: Path, before: bytes, after: bytes
) -> None:
    """It is a new file under an old name: line 1, a new arrival, and ordinals that go on."""
    path = tmp_path / "a.jsonl"
    write(path, before, modified_s=2000)
    first = Run(JsonlSource("in", path))
    write(path, after, modified_s=1000)
    second = Run(JsonlSource("in", path), first.state)
    assert second.lines == Run(JsonlSource("in", path)).lines
    for batch in second.batches:
        assert (batch.line, batch.arrival) == (1, 1000 * SECOND)
        assert batch.ordinal == len(first.lines)


def test_a_vanished_file_is_forgotten(tmp_path: Path) -> None:
    """When it comes back it is read from its start, and what is left in its place goes on."""
    write(tmp_path / "a.jsonl", b"a\n")
    write(tmp_path / "b.jsonl", b"b\n")
    first = Run(JsonlSource("in", tmp_path))
    (tmp_path / "a.jsonl").unlink()
    second = Run(JsonlSource("in", tmp_path), first.state)
    write(tmp_path / "a.jsonl", b"a\n")
    third = Run(JsonlSource("in", tmp_path), second.state)
    assert (second.lines, third.lines) == ([], [b"a"])


def test_a_file_that_vanishes_during_a_run_is_skipped(tmp_path: Path) -> None:
    """It was listed, and is gone when its turn comes: it is forgotten, and the others are read."""
    source = JsonlSource("in", tmp_path)
    write(tmp_path / "a.jsonl", b"a\n")
    state = Run(source).state
    write(tmp_path / "b.jsonl", b"b\n")
    part = source.build_part("read", "in", state)
    (tmp_path / "a.jsonl").unlink()
    lines = [line for batch in drain(part) for line in batch.lines]
    write(tmp_path / "a.jsonl", b"a\n")
    assert (lines, Run(source, part.snapshot()).lines) == ([b"b"], [b"a"])


def test_a_file_cut_short_while_it_is_read_ends_there(tmp_path: Path) -> None:
    """Reading does not wait for bytes that are no more, and the next run starts anew."""
    path = tmp_path / "a.jsonl"
    write(path, b"1234567\n" * 500)
    source = JsonlSource("in", path, batch_lines=1)
    part = source.build_part("read", "in", None)
    batches: list[JsonlBatch] = []
    while not batches:
        batches += part.next_batch()
    os.truncate(path, 8)
    batches += drain(part)
    assert 1 < len(batches) < 500
    assert Run(source, part.snapshot()).lines == [b"1234567"]


def test_a_file_cut_short_and_grown_to_its_size_again_loses_no_line(tmp_path: Path) -> None:
    """The unterminated line that the cut left is read again whole."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n222\n3\n")
    part = JsonlSource("in", path).build_part("read", "in", None)
    part.next_batch()
    os.truncate(path, 4)
    first = [line for batch in drain(part) for line in batch.lines]
    write(path, b"1\n222\n4\n")
    second = Run(JsonlSource("in", path), part.snapshot())
    assert (first, second.lines) == ([b"1", b"22"], [b"222", b"4"])


def test_a_file_that_grows_while_it_is_read_is_read_to_its_first_size(tmp_path: Path) -> None:
    """A writer that is faster than we are cannot keep the run from ending."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n2")
    part = JsonlSource("in", path).build_part("read", "in", None)
    part.next_batch()
    write(path, b"1\n2+\n3\n")
    first = [line for batch in drain(part) for line in batch.lines]
    second = Run(JsonlSource("in", path), part.snapshot())
    assert (first, second.lines) == ([b"1", b"2"], [b"2+", b"3"])


def test_the_arrival_is_kept_while_the_content_is(tmp_path: Path) -> None:
    """A file touched between a crash and the resume gives its lines the same arrival again."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n2\n3\n", modified_s=1000)
    source = JsonlSource("in", path, batch_lines=1)
    first = Run(source, stop=2)
    os.utime(path, (2000, 2000))
    second = Run(source, first.state)
    assert (first.lines, second.lines) == ([b"1"], [b"2", b"3"])
    assert {b.arrival for b in first.batches + second.batches} == {1000 * SECOND}


def test_the_arrival_never_goes_back(tmp_path: Path) -> None:
    """A grown file with an older modification time keeps the arrival it had."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n", modified_s=2000)
    first = Run(JsonlSource("in", path))
    write(path, b"1\n2\n", modified_s=1000)
    [batch] = Run(JsonlSource("in", path), first.state).batches
    assert batch.arrival == 2000 * SECOND


@pytest.mark.parametrize("size", [1, 5, 1023, 1024, 1025])
def test_a_change_in_the_first_kib_that_was_read_is_seen(tmp_path: Path, size: int) -> None:
    """The fingerprint covers the last byte of what was read, up to the first KiB."""
    path = tmp_path / "a.jsonl"
    write(path, b"x" * size)
    first = Run(JsonlSource("in", path))
    last = min(size, 1024) - 1
    write(path, b"x" * last + b"y" + b"x" * (size - last - 1))
    assert len(Run(JsonlSource("in", path), first.state).lines) == 1


def test_the_state_is_versioned_plain_msgpack(tmp_path: Path) -> None:
    """Typed by hand: version; kind, ordinal, and each file's position under its name's bytes."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n2")
    state = Run(JsonlSource("in", tmp_path)).state
    offset, line, arrival, tail, size = 2, 1, 1000 * SECOND, 1, 3
    position = [3, sha256(b"1\n2").digest(), offset, line, arrival, tail, size]
    position += [path.stat().st_ino, sha256(b"1\n").digest(), False]
    assert msgspec.msgpack.decode(state) == [1, ["folder", 2, {b"a.jsonl": position}]]


def test_a_state_of_the_first_release_goes_on(tmp_path: Path) -> None:
    """It has neither inode nor end digest; what is known of the file is enough."""
    write(tmp_path / "a.jsonl", b"1\n2\n3\n", modified_s=2000)
    position = [2, sha256(b"1\n").digest(), 2, 1, 1000 * SECOND, 0, 4]
    state = msgspec.msgpack.encode((1, ("folder", 7, {b"a.jsonl": position})))
    run = Run(JsonlSource("in", tmp_path), state)
    assert (run.lines, run.numbers) == ([b"2", b"3"], [("a.jsonl", 2, 7)])


@pytest.mark.parametrize("lines", [1, 1024, 5000])
def test_a_change_in_the_last_kib_that_was_read_is_seen(tmp_path: Path, lines: int) -> None:
    """A longer file that begins alike, as today's list after yesterday's, is read whole."""
    path = tmp_path / "a.jsonl"
    write(path, b"x" * 2000 + b"\n" + b"1\n" * lines)
    first = Run(JsonlSource("in", path))
    write(path, b"x" * 2000 + b"\n" + b"1\n" * (lines - 1) + b"2\n3\n")
    assert len(Run(JsonlSource("in", path), first.state).lines) == lines + 2


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (msgspec.msgpack.encode((2, None)), "version 2, this program reads version 1; run the"),
        (b"\x80", "not one that this program wrote; start with a fresh recovery store"),
        (b"", "not one that this program wrote"),
        (msgspec.msgpack.encode((1, ["pipe", 0, {}])), "not one that this program wrote"),
    ],
)
def test_a_state_that_is_not_ours_is_refused(tmp_path: Path, state: bytes, message: str) -> None:
    """The error names the input, and says what to do."""
    with pytest.raises(JsonlError, match=f"the input 'profiles' .*{message}"):
        JsonlSource("profiles", tmp_path).build_part("read", "profiles", state)
