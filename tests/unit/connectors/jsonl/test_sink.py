"""The sink, case by case: modes, bounds, resumes and what a person may do to its file."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import msgspec
import pytest
from bytewax.outputs import StatefulSinkPartition

from connectors.jsonl import JsonlError, JsonlFull, JsonlSink

Partition = StatefulSinkPartition[list[bytes], bytes]


def build(folder: Path, state: bytes | None = None, *, max_bytes: int = 1 << 20) -> Partition:
    """Build the only partition of a sink."""
    sink = JsonlSink(folder, "out.jsonl", max_bytes=max_bytes)
    [name] = sink.list_parts()
    return sink.build_part("rejects", name, state)


def state_at(offset: int) -> bytes:
    """Return the state of a file of that length."""
    return msgspec.msgpack.encode((1, offset))


def test_lines_are_written_in_order(tmp_path: Path) -> None:
    """Each ends with a newline; empty lines are lines, and empty lists are not."""
    part = build(tmp_path)
    part.write_batch([[b"1", b"2"], [], [b""], [b"3"]])
    part.write_batch([[]])
    assert (tmp_path / "out.jsonl").read_bytes() == b"1\n2\n\n3\n"
    part.close()


def test_every_key_goes_to_the_one_partition(tmp_path: Path) -> None:
    """There is one file, whatever the keys."""
    sink = JsonlSink(tmp_path, "out.jsonl", max_bytes=1)
    assert sink.list_parts() == ["0"]
    assert {sink.part_fn(key) for key in ("", "0", "lane-17")} == {0}


def test_the_state_is_versioned_and_holds_the_length(tmp_path: Path) -> None:
    """The bytes are those of the msgpack array [1, 4], and an empty list changes nothing."""
    part = build(tmp_path)
    part.write_batch([[b"123"]])
    assert part.snapshot() == b"\x92\x01\x04"
    part.write_batch([[]])
    assert part.snapshot() == b"\x92\x01\x04"
    part.close()


def test_what_is_snapshotted_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot syncs the file after writes, and only then."""
    part = build(tmp_path)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    for lines, syncs in (([], 0), ([b"1"], 1), ([], 1), ([b"2"], 2)):
        part.write_batch([lines])
        part.snapshot()
        assert len(synced) == syncs
    part.close()


def test_folder_and_file_are_for_their_owner_alone(tmp_path: Path) -> None:
    """Whatever the umask, and although the file was there with wider rights."""
    before = os.umask(0)
    try:
        build(tmp_path / "new" / "rejects").close()
    finally:
        os.umask(before)
    file = tmp_path / "new" / "rejects" / "out.jsonl"
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    build(file.parent).close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("content", "state", "left"),
    [
        pytest.param(b"1\n2\n3\n", state_at(4), b"1\n2\n", id="cut-back"),
        pytest.param(b"1\n2\n", state_at(4), b"1\n2\n", id="as-it-was"),
        pytest.param(b"1\n", state_at(4), b"1\n", id="never-extended"),
        pytest.param(b"", state_at(4), b"", id="removed"),
        pytest.param(b"1\n2\n", None, b"", id="never-committed"),
    ],
)
def test_a_resume_keeps_what_was_committed(
    tmp_path: Path, content: bytes, state: bytes | None, left: bytes
) -> None:
    """The file is cut back to the state, or emptied without one, and then appended to."""
    (tmp_path / "out.jsonl").write_bytes(content)
    part = build(tmp_path, state)
    assert (tmp_path / "out.jsonl").read_bytes() == left
    part.write_batch([[b"next"]])
    assert (tmp_path / "out.jsonl").read_bytes() == left + b"next\n"
    assert part.snapshot() == state_at(len(left) + 5)
    part.close()


def test_a_line_never_joins_one_that_lost_its_newline(tmp_path: Path) -> None:
    """A person who edited the file away within a line costs that line alone."""
    (tmp_path / "out.jsonl").write_bytes(b"1\n{cut")
    part = build(tmp_path, state_at(100))
    part.write_batch([[b"next"]])
    part.write_batch([[b"more"]])
    assert (tmp_path / "out.jsonl").read_bytes() == b"1\n{cut\nnext\nmore\n"
    assert part.snapshot() == state_at(17)
    part.close()


def test_a_full_folder_stops_the_sink_before_a_partial_batch(tmp_path: Path) -> None:
    """All files of the folder count; the error names it and says what to do."""
    (tmp_path / "older.jsonl").write_bytes(b"x" * 90)
    part = build(tmp_path, max_bytes=100)
    part.write_batch([[b"1234"], [b"1234"]])
    message = (
        f"{re.escape(str(tmp_path))} holds 100 bytes, and 2 more.*pass its bound of 100; "
        r"move older files out of it, or raise the bound \(rejects.max_bytes\)"
    )
    with pytest.raises(JsonlFull, match=message):
        part.write_batch([[b"1"]])
    assert (tmp_path / "out.jsonl").read_bytes() == b"1234\n1234\n"
    part.write_batch([[]])
    part.close()


def test_moving_files_away_makes_room_at_once(tmp_path: Path) -> None:
    """The folder is measured again before the sink gives up."""
    older = tmp_path / "older.jsonl"
    older.write_bytes(b"x" * 90)
    part = build(tmp_path, max_bytes=100)
    older.unlink()
    part.write_batch([[b"x" * 98]])
    part.close()
    assert (tmp_path / "out.jsonl").stat().st_size == 99


def test_what_was_never_committed_takes_no_room(tmp_path: Path) -> None:
    """A resume cuts back first and measures then."""
    (tmp_path / "out.jsonl").write_bytes(b"x" * 100)
    part = build(tmp_path, max_bytes=100)
    part.write_batch([[b"x" * 99]])
    part.close()


def test_close_never_raises(tmp_path: Path) -> None:
    """Not the second time, and not when the file was closed under it."""
    part = build(tmp_path)
    os.close(part._file.fileno())  # type: ignore[attr-defined]
    part.close()
    part.close()


def test_a_disk_that_is_full_is_an_error_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot that cannot be synced fails, so that its epoch is not committed."""
    part = build(tmp_path)
    part.write_batch([[b"1"]])

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(JsonlError, match=r"out\.jsonl: No space left on device; see to the disk"):
        part.snapshot()
    part.close()


def test_a_folder_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    """The error names the path and says what to do."""
    (tmp_path / "rejects").write_bytes(b"")
    with pytest.raises(JsonlError, match=r"cannot write .*rejects.*: a part of its path is a file"):
        build(tmp_path / "rejects")


def test_a_state_of_another_version_is_refused(tmp_path: Path) -> None:
    """And nothing is cut off the file."""
    (tmp_path / "out.jsonl").write_bytes(b"1\n")
    with pytest.raises(JsonlError, match=r"the file out\.jsonl has version 9, this program reads"):
        build(tmp_path, msgspec.msgpack.encode((9, 0)))
    assert (tmp_path / "out.jsonl").read_bytes() == b"1\n"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a"])
def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    """The file is in the folder, and nowhere else."""
    with pytest.raises(ValueError, match="file_name"):
        JsonlSink(tmp_path, name, max_bytes=1)


def test_a_bound_of_nothing_is_refused(tmp_path: Path) -> None:
    """A sink that may hold nothing is a mistake."""
    with pytest.raises(ValueError, match="max_bytes"):
        JsonlSink(tmp_path, "a", max_bytes=0)
