"""The source, case by case: what each run gives out of files that change between runs."""

from __future__ import annotations

import io
import os
import re
import sys
import tracemalloc
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jsonl import JsonlBatch, JsonlError, JsonlSource

SECOND = 1_000_000
Source = JsonlSource


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


def test_a_batch_says_where_its_lines_stand(tmp_path: Path) -> None:
    """Input, file, arrival, line and ordinal are of the first line of each batch."""
    path = tmp_path / "in.jsonl"
    write(path, b"a\nb\nc\n")
    run = Run(Source("profiles", path, batch_lines=2))
    assert run.batches == [
        JsonlBatch("profiles", str(path), 1000 * SECOND, 1, 0, [b"a", b"b"]),
        JsonlBatch("profiles", str(path), 1000 * SECOND, 3, 2, [b"c"]),
    ]


def test_a_folder_is_its_jsonl_files_by_name(tmp_path: Path) -> None:
    """Other files, hidden files and folders within are not read; batches never mix files."""
    for name in ("b.jsonl", "a.ndjson", ".hidden.jsonl", "c.json", "d.jsonl.gz"):
        write(tmp_path / name, name.encode())
    (tmp_path / "folder.jsonl").mkdir()
    write(tmp_path / "folder.jsonl" / "deep.jsonl", b"deep")
    run = Run(Source("in", tmp_path))
    assert run.lines == [b"a.ndjson", b"b.jsonl"]
    assert run.numbers == [("a.ndjson", 1, 0), ("b.jsonl", 1, 1)]


def test_a_call_that_gives_nothing_is_followed_by_the_next_at_once(tmp_path: Path) -> None:
    """Bytewax waits 1 ms after an empty batch unless told a time, which adds up over many files."""
    awake = Source("in", tmp_path).build_part("read", "in", None).next_awake()
    assert awake is not None
    assert awake.timestamp() == 0


def test_a_folder_without_files_ends_at_once(tmp_path: Path) -> None:
    """Files may come later; until then there is nothing."""
    assert Run(Source("in", tmp_path)).ended


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    """A run that resumes at the end of unchanged files gives out nothing."""
    write(tmp_path / "a.jsonl", b"1\n2")
    write(tmp_path / "b.jsonl", b"")
    first = Run(Source("in", tmp_path))
    again = Run(Source("in", tmp_path), first.state)
    assert (first.lines, again.lines) == ([b"1", b"2"], [])
    assert again.state == first.state


def test_a_grown_file_goes_on_where_it_stood(tmp_path: Path) -> None:
    """Only the added lines are given out, with the next numbers and the newer arrival."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n2\n", modified_s=1000)
    first = Run(Source("in", tmp_path))
    write(path, b"1\n2\n3\n", modified_s=2000)
    [batch] = Run(Source("in", tmp_path), first.state).batches
    assert batch == JsonlBatch("in", str(path), 2000 * SECOND, 3, 2, [b"3"])


def test_an_unterminated_last_line_is_read_again_whole_once_it_has_grown(tmp_path: Path) -> None:
    """It counts as a line; grown, it comes again under its line number and a new ordinal."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n{half")
    first = Run(Source("in", path))
    write(path, b"1\n{half whole}\n3")
    second = Run(Source("in", path), first.state)
    third = Run(Source("in", path), second.state)
    assert (first.lines, second.lines) == ([b"1", b"{half"], [b"{half whole}", b"3"])
    assert first.numbers == [("a.jsonl", 1, 0), ("a.jsonl", 2, 1)]
    assert second.numbers == [("a.jsonl", 2, 2), ("a.jsonl", 3, 3)]
    assert third.lines == []


def test_a_newline_that_came_later_repeats_its_line(tmp_path: Path) -> None:
    """The file has grown by the newline alone: the line comes again, the next one after it."""
    path = tmp_path / "a.jsonl"
    write(path, b"1")
    first = Run(Source("in", path))
    write(path, b"1\n")
    second = Run(Source("in", path), first.state)
    write(path, b"1\n2\n")
    third = Run(Source("in", path), second.state)
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
    first = Run(Source("in", path))
    write(path, after, modified_s=1000)
    second = Run(Source("in", path), first.state)
    assert second.lines == Run(Source("in", path)).lines
    for batch in second.batches:
        assert (batch.line, batch.arrival) == (1, 1000 * SECOND)
        assert batch.ordinal == len(first.lines)


def test_a_vanished_file_is_forgotten(tmp_path: Path) -> None:
    """When it comes back it is read from its start, and what is left in its place goes on."""
    write(tmp_path / "a.jsonl", b"a\n")
    write(tmp_path / "b.jsonl", b"b\n")
    first = Run(Source("in", tmp_path))
    (tmp_path / "a.jsonl").unlink()
    second = Run(Source("in", tmp_path), first.state)
    write(tmp_path / "a.jsonl", b"a\n")
    third = Run(Source("in", tmp_path), second.state)
    assert (second.lines, third.lines) == ([], [b"a"])


def test_a_file_that_vanishes_during_a_run_is_skipped(tmp_path: Path) -> None:
    """It was listed, and is gone when its turn comes: it is forgotten, and the others are read."""
    source = Source("in", tmp_path)
    write(tmp_path / "a.jsonl", b"a\n")
    state = Run(source).state
    write(tmp_path / "b.jsonl", b"b\n")
    part = source.build_part("read", "in", state)
    (tmp_path / "a.jsonl").unlink()
    lines = [line for batch in drain(part.next_batch) for line in batch.lines]
    write(tmp_path / "a.jsonl", b"a\n")
    assert (lines, Run(source, part.snapshot()).lines) == ([b"b"], [b"a"])


def drain(next_batch: object) -> Iterator[JsonlBatch]:
    """Yield the batches of a partition until its end."""
    assert callable(next_batch)
    while True:
        try:
            yield from next_batch()
        except StopIteration:
            return


def test_a_file_cut_short_while_it_is_read_ends_there(tmp_path: Path) -> None:
    """Reading does not wait for bytes that are no more, and the next run starts anew."""
    path = tmp_path / "a.jsonl"
    write(path, b"1234567\n" * 500)
    source = Source("in", path, batch_lines=1)
    part = source.build_part("read", "in", None)
    batches: list[JsonlBatch] = []
    while not batches:
        batches += part.next_batch()
    os.truncate(path, 8)
    batches += drain(part.next_batch)
    assert 1 < len(batches) < 500
    assert Run(source, part.snapshot()).lines == [b"1234567"]


def test_a_file_cut_short_and_grown_to_its_size_again_loses_no_line(tmp_path: Path) -> None:
    """The unterminated line that the cut left is read again whole."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n222\n3\n")
    part = Source("in", path).build_part("read", "in", None)
    part.next_batch()
    os.truncate(path, 3)
    first = [line for batch in drain(part.next_batch) for line in batch.lines]
    write(path, b"1\n222\n4\n")
    second = Run(Source("in", path), part.snapshot())
    assert (first, second.lines) == ([b"1", b"2"], [b"222", b"4"])


def test_a_file_that_grows_while_it_is_read_is_read_to_its_first_size(tmp_path: Path) -> None:
    """A writer that is faster than we are cannot keep the run from ending."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n2")
    part = Source("in", path).build_part("read", "in", None)
    part.next_batch()
    write(path, b"1\n2+\n3\n")
    first = [line for batch in drain(part.next_batch) for line in batch.lines]
    second = Run(Source("in", path), part.snapshot())
    assert (first, second.lines) == ([b"1", b"2"], [b"2+", b"3"])


def test_the_arrival_is_kept_while_the_content_is(tmp_path: Path) -> None:
    """A file touched between a crash and the resume gives its lines the same arrival again."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n2\n3\n", modified_s=1000)
    source = Source("in", path, batch_lines=1)
    first = Run(source, stop=2)
    os.utime(path, (2000, 2000))
    second = Run(source, first.state)
    assert (first.lines, second.lines) == ([b"1"], [b"2", b"3"])
    assert {b.arrival for b in first.batches + second.batches} == {1000 * SECOND}


def test_the_arrival_never_goes_back(tmp_path: Path) -> None:
    """A grown file with an older modification time keeps the arrival it had."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n", modified_s=2000)
    first = Run(Source("in", path))
    write(path, b"1\n2\n", modified_s=1000)
    [batch] = Run(Source("in", path), first.state).batches
    assert batch.arrival == 2000 * SECOND


@pytest.mark.parametrize("size", [1, 5, 1023, 1024, 1025])
def test_a_change_in_the_first_kib_that_was_read_is_seen(tmp_path: Path, size: int) -> None:
    """The fingerprint covers the last byte of what was read, up to the first KiB."""
    path = tmp_path / "a.jsonl"
    write(path, b"x" * size)
    first = Run(Source("in", path))
    last = min(size, 1024) - 1
    write(path, b"x" * last + b"y" + b"x" * (size - last - 1))
    assert len(Run(Source("in", path), first.state).lines) == 1


def test_crlf_keeps_its_cr_and_a_bom_is_dropped(tmp_path: Path) -> None:
    """A BOM is dropped at the start of a file only, and offsets still count it."""
    path = tmp_path / "a.jsonl"
    write(path, b"\xef\xbb\xbf{}\r\n\xef\xbb\xbf{}\r\n")
    source = Source("in", path, batch_lines=1)
    first = Run(source, stop=2)
    second = Run(source, first.state)
    assert (first.lines, second.lines) == ([b"{}\r"], [b"\xef\xbb\xbf{}\r"])


def test_a_line_that_is_too_long_is_cut_and_the_next_is_whole(tmp_path: Path) -> None:
    """One byte more than allowed is kept, in the middle and at the end of a file."""
    path = tmp_path / "a.jsonl"
    write(path, b"1234\n12345\n" + b"x" * 9999 + b"\nok\n" + b"y" * 9999)
    source = Source("in", path, line_bytes=4, batch_lines=2)
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
        part = Source("in", tmp_path).build_part("read", "in", None)
        count = sum(len(batch.lines) for batch in drain(part.next_batch))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 1 + 700_000
    assert peak < 16 << 20


PIECES = st.one_of(
    st.sampled_from([b"\n", b"\r\n", b"\xef\xbb\xbf", b"x" * 700, b"{}\n" * 9]),
    st.binary(max_size=30),
)


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
        source = Source("in", path, line_bytes=line_bytes, batch_lines=batch_lines)
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


def test_the_state_is_versioned_plain_msgpack(tmp_path: Path) -> None:
    """Typed by hand: version; kind, ordinal, and each file's position under its name's bytes."""
    write(tmp_path / "a.jsonl", b"1\n2")
    state = Run(Source("in", tmp_path)).state
    offset, line, arrival, tail, size = 2, 1, 1000 * SECOND, 1, 3
    position = [3, sha256(b"1\n2").digest(), offset, line, arrival, tail, size]
    assert msgspec.msgpack.decode(state) == [1, ["folder", 2, {b"a.jsonl": position}]]


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
        Source("profiles", tmp_path).build_part("read", "profiles", state)


def test_a_missing_path_is_an_error(tmp_path: Path) -> None:
    """When the run begins, or when the file is gone when its turn comes."""
    path = tmp_path / "a.jsonl"
    message = f"cannot read {re.escape(str(path))}: it does not exist; correct the path"
    with pytest.raises(JsonlError, match=message):
        Source("in", path).build_part("read", "in", None)
    write(path, b"")
    part = Source("in", path).build_part("read", "in", None)
    path.unlink()
    with pytest.raises(JsonlError, match=message):
        part.next_batch()


@pytest.mark.parametrize("call", ["open", "stat"])
def test_an_unreadable_file_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The error names the file and the permission that is missing."""

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    write(tmp_path / "a.jsonl", b"1\n")
    source = Source("in", tmp_path / "a.jsonl")
    monkeypatch.setattr(Path, call, refuse)
    with pytest.raises(JsonlError, match=r"a\.jsonl: permission was denied; let the user this job"):
        Run(source)


def test_a_path_that_became_a_folder_is_an_error(tmp_path: Path) -> None:
    """Between two runs, and within one."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n")
    source = Source("in", path)
    state = Run(source).state
    part = source.build_part("read", "in", None)
    path.unlink()
    path.mkdir()
    with pytest.raises(JsonlError, match="was a file when it was last read and is a folder now"):
        source.build_part("read", "in", state)
    with pytest.raises(JsonlError, match="it is a folder and was expected to be a file"):
        part.next_batch()


def test_a_pipe_with_a_name_is_refused(tmp_path: Path) -> None:
    """It could not be resumed; opening it would also wait for a writer."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(JsonlError, match="pipe it into standard input, with - as the path"):
        Source("in", tmp_path / "pipe").build_part("read", "in", None)


def test_a_file_name_may_be_any_bytes(tmp_path: Path) -> None:
    """It is read and resumed, and shown as text that can be encoded."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jsonl"))
    write(path, b"1\n")
    first = Run(Source("in", tmp_path))
    assert first.batches[0].file == f"{tmp_path}/\ufffd.jsonl"
    assert Run(Source("in", tmp_path), first.state).lines == []


@pytest.mark.parametrize("options", [{"line_bytes": 0}, {"batch_lines": 0}])
def test_a_source_that_could_read_nothing_is_refused(options: dict[str, int]) -> None:
    """Zero is no bound for a line or a batch."""
    with pytest.raises(ValueError, match="at least 1"):
        Source("in", "a.jsonl", **options)  # type: ignore[arg-type]


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Make standard input a pipe, and give its writing end; the test closes it."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield writing


def test_standard_input_gives_out_what_has_come_and_never_waits(pipe: int) -> None:
    """Lines come as they are piped in; an unfinished one when standard input ends."""
    part = Source("in", "-", clock=lambda: 5_000_000_999).build_part("read", "in", None)
    part.next_batch()
    assert part.next_batch() == []
    os.write(pipe, b"\xef")
    assert part.next_batch() == []
    os.write(pipe, b"\xbb\xbf1\n2\nha")
    assert part.next_batch() == [JsonlBatch("in", "-", 5_000_000, 1, 0, [b"1", b"2"])]
    assert part.next_awake() is None
    os.write(pipe, b"lf")
    os.close(pipe)
    rest = list(drain(part.next_batch))
    assert rest == [JsonlBatch("in", "-", 5_000_000, 3, 2, [b"half"])]


def test_standard_input_starts_at_its_beginning_and_goes_on_counting(pipe: int) -> None:
    """Its state is the ordinal alone."""
    os.write(pipe, b"1\n2\n3\n")
    os.close(pipe)
    state = msgspec.msgpack.encode((1, ("-", 7, {})))
    run = Run(Source("in", "-", batch_lines=2), state)
    assert run.numbers == [("-", 1, 7), ("-", 3, 9)]
    assert run.state == msgspec.msgpack.encode((1, ("-", 10, {})))


@pytest.mark.parametrize("stdin", [None, io.StringIO()])
def test_a_process_without_standard_input_is_told_so(
    monkeypatch: pytest.MonkeyPatch, stdin: io.StringIO | None
) -> None:
    """A service has none; the error says what to do."""
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(JsonlError, match="the input 'in': this process has none; pipe the lines"):
        Run(Source("in", "-"))
