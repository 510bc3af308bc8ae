"""Following across executions: what was read is known again, wherever it went meanwhile."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from connectors.jsonl import JsonlSource
from tests.unit.connectors.jsonl.runs import SECOND, Follow, Run, append, write


def test_what_was_added_meanwhile_comes_next(tmp_path: Path) -> None:
    """An unterminated line waited for the next run; ordinals go on."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\nha", modified_s=1000)
    first = Follow(path)
    assert first.lines() == [b"1"]
    append(path, b"lf\n3\n")
    os.utime(path, (2000, 2000))
    second = Follow(path, first.stop())
    [batch] = second.batches()
    assert (batch.lines, batch.line, batch.ordinal) == ([b"half", b"3"], 2, 1)
    assert batch.arrival == 2000 * SECOND
    second.stop()


def test_lines_that_come_again_after_a_crash_keep_their_arrival(tmp_path: Path) -> None:
    """If nothing was added since: the older state already says when the unread rest arrived."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n2\n3\n", modified_s=1000)
    first = Follow(path, batch_lines=1)
    while not first.part.next_batch():
        pass
    state = first.part.snapshot()
    lost = first.batches()
    first.stop()
    os.utime(path, (2000, 2000))
    second = Follow(path, state, batch_lines=1)
    assert second.batches() == lost
    second.stop()


@pytest.mark.parametrize("rotated", ["a.jsonl.1", "b.jsonl", "0.jsonl"])
@pytest.mark.parametrize("kind", ["file", "folder", "glob"])
def test_a_file_that_was_rotated_meanwhile_is_read_on(
    tmp_path: Path, kind: str, rotated: str
) -> None:
    """Not again, and before the new one in its place."""
    path = tmp_path / "a.jsonl"
    what = {"file": path, "folder": tmp_path, "glob": tmp_path / "*.jsonl"}[kind]
    write(path, b"1\n2\n")
    first = Follow(what)
    assert first.lines() == [b"1", b"2"]
    state = first.stop()
    append(path, b"3\n")
    path.rename(tmp_path / rotated)
    write(path, b"1\n2\n4\n")
    second = Follow(what, state)
    assert second.lines() == [b"3", b"1", b"2", b"4"]
    third = Follow(what, second.stop())
    assert third.lines() == []
    third.stop()


def test_a_copy_put_in_the_place_of_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    """A restored folder has other inodes."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n2\n")
    first = Follow(path)
    first.lines()
    state = first.stop()
    write(tmp_path / "copy", b"1\n2\n3\n")
    (tmp_path / "copy").rename(path)
    second = Follow(path, state)
    assert second.lines() == [b"3"]
    second.stop()


def test_an_inode_that_another_file_got_is_not_enough(tmp_path: Path) -> None:
    """By a name that matches it is a new file; by another, it is none of ours."""
    for name, lines in (("b.jsonl", [b"x", b"y", b"z"]), ("b.txt", [])):
        path = tmp_path / "a.jsonl"
        write(path, b"1\n2\n")
        first = Follow(tmp_path)
        first.lines()
        state = first.stop()
        path.rename(tmp_path / name)
        (tmp_path / name).write_bytes(b"x\ny\nz\n")
        second = Follow(tmp_path, state)
        assert second.lines() == lines
        second.stop()
        (tmp_path / name).unlink()


def test_an_inode_of_an_unread_file_says_nothing(tmp_path: Path) -> None:
    """A copy may get the inode of a file that was deleted before anything of it was read."""
    path, unread = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    write(path, b"1\n")
    write(unread, b"half")
    first = Follow(tmp_path)
    first.lines()
    state = first.stop()
    unread.write_bytes(b"1\n2\n")
    unread.rename(path)
    second = Follow(tmp_path, state)
    assert second.lines() == [b"2"]
    second.stop()


def test_a_vanished_file_is_forgotten(tmp_path: Path) -> None:
    """The state holds no more than what is there."""
    write(tmp_path / "a.jsonl", b"1\n")
    first = Follow(tmp_path)
    first.lines()
    state = first.stop()
    (tmp_path / "a.jsonl").unlink()
    second = Follow(tmp_path, state)
    assert second.part.snapshot() == state
    second.lines()
    assert b"a.jsonl" not in second.stop()


def test_a_compressed_file_goes_on_where_it_stood(tmp_path: Path) -> None:
    """Stopped within it, and again at its end."""
    path = tmp_path / "a.jsonl.gz"
    content = [b"%d" % (i * 7919 % 1000) for i in range(3000)]
    write(path, gzip.compress(b"\n".join(content)))
    first = Follow(path, batch_lines=100)
    came: list[bytes] = []
    while len(came) < 700:
        came += [line for batch in first.part.next_batch() for line in batch.lines]
    second = Follow(path, first.stop())
    came += second.lines()
    third = Follow(path, second.stop())
    assert came == content
    assert third.lines() == []
    third.stop()


def test_a_run_that_follows_and_one_that_does_not_take_turns(tmp_path: Path) -> None:
    """The one that ends gives out an unterminated last line, which then comes again whole."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\nha")
    first = Follow(path)
    came = [first.lines()]
    run = Run(JsonlSource("in", path), first.stop())
    came.append(run.lines)
    third = Follow(path, run.state)
    came.append(third.lines())
    append(path, b"lf\n")
    came.append(third.lines())
    third.stop()
    assert came == [[b"1"], [b"ha"], [], [b"half"]]
