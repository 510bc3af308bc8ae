"""Following within one execution: growth, new files, compressed files, many files."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from connectors.jsonl import JsonlBatch, JsonlSource
from connectors.jsonl.following import OPEN_MAX
from tests.unit.connectors.jsonl.runs import SECOND, Follow, append, logged, write


def open_files() -> int:
    """Return how many files this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_new_lines_come_with_their_own_place_and_time(tmp_path: Path) -> None:
    """Numbers go on; lines arrived when their file was last written."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n2\n", modified_s=1000)
    follow = Follow(path)
    first = follow.batches()
    write(path, b"1\n2\n3\n", modified_s=2000)
    second = follow.batches()
    follow.stop()
    assert first == [JsonlBatch("in", str(path), 1000 * SECOND, 1, 0, [b"1", b"2"])]
    assert second == [JsonlBatch("in", str(path), 2000 * SECOND, 3, 2, [b"3"])]


def test_the_arrival_never_goes_back(tmp_path: Path) -> None:
    """A modification time that was set back is not believed."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n", modified_s=2000)
    follow = Follow(path)
    follow.batches()
    write(path, b"1\n2\n", modified_s=1000)
    assert [2000 * SECOND] == [batch.arrival for batch in follow.batches()]
    follow.stop()


def test_a_line_waits_for_its_end(tmp_path: Path) -> None:
    """It comes whole, in whatever pieces it is written; a byte-order mark is none of it."""
    path = tmp_path / "a.jsonl"
    write(path, b"")
    follow = Follow(path)
    came = []
    for piece in (b"\xef", b"\xbb\xbf{", b"}", b"\n{", b"}\n\n"):
        append(path, piece)
        came.append(follow.lines())
    follow.stop()
    assert came == [[], [], [], [b"{}"], [b"{}", b""]]


def test_an_idle_input_is_looked_at_each_fifth_of_a_second(tmp_path: Path) -> None:
    """A line waits no longer; before that there is nothing to do."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n")
    follow = Follow(path)
    follow.lines()
    append(path, b"2\n")
    assert follow.lines(after_s=0.19) == []
    assert follow.lines(after_s=0.02) == [b"2"]
    follow.stop()


def test_new_files_are_found_within_a_second(tmp_path: Path) -> None:
    """In a folder, and in folders that a glob reaches."""
    follow = Follow(tmp_path / "**" / "*.jsonl")
    assert follow.lines() == []
    (tmp_path / "new").mkdir()
    write(tmp_path / "new" / "a.jsonl", b"1\n")
    write(tmp_path / "new" / "other", b"no\n")
    assert follow.lines(after_s=0.9) == []
    assert follow.lines(after_s=0.2) == [b"1"]
    follow.stop()


def test_compressed_files_are_read_as_they_come(tmp_path: Path) -> None:
    """Half copied, whole, without a last newline, and with a member added."""
    path = tmp_path / "a.jsonl.gz"
    content = b"".join(b"%d\n" % (i * 7919 % 1000) for i in range(3000)) + b"end"
    whole = gzip.compress(content)
    write(path, whole[:4000])
    follow = Follow(tmp_path)
    came = follow.lines()
    assert came
    append(path, whole[4000:])
    came += follow.lines()
    append(path, gzip.compress(b"ing\nmore\n"))
    assert came == content.split(b"\n")
    assert [b"ending", b"more"] == follow.lines()
    follow.stop()


def test_a_compressed_file_that_is_gone_before_its_end_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot come any more must not go unseen."""
    path = tmp_path / "a.jsonl.gz"
    write(path, gzip.compress(b"1\n2\n" * 999)[:-3])
    follow = Follow(tmp_path)
    assert len(follow.lines()) == 1998
    path.unlink()
    assert [follow.lines(after_s=6) for _ in range(3)] == [[], [], []]
    follow.stop()
    assert [("jsonl_gzip_cut", "a.jsonl.gz")] == logged(caplog)


def test_many_files_are_followed_with_few_open(tmp_path: Path) -> None:
    """Those that were read longest ago are closed, and opened again when they grow."""
    paths = [tmp_path / f"{i:04}.jsonl" for i in range(OPEN_MAX + 150)]
    for path in paths:
        write(path, b"1\nhalf")
    before = open_files()
    follow = Follow(tmp_path)
    assert len(follow.lines()) == len(paths)
    assert open_files() - before == OPEN_MAX
    for path in paths:
        append(path, b" whole\n")
    assert follow.lines() == [b"half whole"] * len(paths)
    follow.stop()
    assert open_files() == before


def test_a_call_looks_at_a_bounded_number_of_files(tmp_path: Path) -> None:
    """More files take more calls, and are looked at less often."""
    paths = [tmp_path / f"{i:04}.jsonl" for i in range(2500)]
    for path in paths:
        write(path, b"1\n")
    follow = Follow(tmp_path)
    for _ in range(2):
        assert follow.part.next_batch() == []
        assert follow.is_due()
    assert len(follow.lines()) == len(paths)
    append(paths[-1], b"2\n")
    assert follow.lines(after_s=0.4) == []
    assert follow.lines(after_s=0.2) == [b"2"]
    follow.stop()


def test_standard_input_cannot_be_followed() -> None:
    """It waits for its writer anyway."""
    with pytest.raises(ValueError, match="standard input cannot be followed"):
        JsonlSource("in", "-", follow=True)
