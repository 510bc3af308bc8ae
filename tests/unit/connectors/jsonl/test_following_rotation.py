"""Files that are renamed, replaced, cut off or deleted while they are followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.jsonl import JsonlError
from tests.unit.connectors.jsonl.runs import Follow, append, logged, write


@pytest.mark.parametrize("rotated", ["a.jsonl.1", "b.jsonl", "c.txt"])
@pytest.mark.parametrize("kind", ["file", "folder", "glob"])
def test_a_rotated_file_is_read_on_before_the_new_one(
    tmp_path: Path, kind: str, rotated: str
) -> None:
    """Under a name that matches or not, also when its writer goes on, for as long as it does."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n")
    what = {"file": path, "folder": tmp_path, "glob": tmp_path / "*.jsonl"}[kind]
    follow = Follow(what)
    came = [follow.lines()]
    append(path, b"2\n")
    path.rename(tmp_path / rotated)
    write(path, b"3\n")
    came.append(follow.lines())
    append(tmp_path / rotated, b"4\n")
    append(path, b"5\n")
    came.append(follow.lines(after_s=100))
    came.append(follow.lines(after_s=100))
    follow.stop()
    assert came == [[b"1"], [b"2", b"3"], [b"4", b"5"], []]


def test_a_chain_of_rotations_reads_each_line_once(tmp_path: Path) -> None:
    """From a to a.1 to a.2 to a.3, as logrotate renames them, all between two looks."""
    path = tmp_path / "a.jsonl"
    write(path, b"")
    follow = Follow(tmp_path / "a.jsonl*")
    came = []
    for i in range(6):
        append(path, b"%d\n" % i)
        came += follow.lines() if i % 2 else []
        append(path, b"%d+\n" % i)
        for n in (2, 1):
            if (tmp_path / f"a.jsonl.{n}").exists():
                (tmp_path / f"a.jsonl.{n}").rename(tmp_path / f"a.jsonl.{n + 1}")
        path.rename(tmp_path / "a.jsonl.1")
        write(path, b"")
    came += follow.lines()
    follow.stop()
    assert sorted(came) == sorted(b"%d%s" % (i, e) for i in range(6) for e in (b"", b"+"))


@pytest.mark.parametrize("leave", ["delete", "move"])
def test_a_file_that_left_its_folder_is_read_on_until_it_is_quiet(
    tmp_path: Path, leave: str
) -> None:
    """Its writer may not know yet; after ten quiet seconds its last line ends."""
    folder = tmp_path / "in"
    folder.mkdir()
    path = folder / "a.jsonl"
    write(path, b"1\n")
    follow = Follow(folder)
    came = [follow.lines()]
    with path.open("ab", buffering=0) as writer:
        if leave == "delete":
            path.unlink()
        else:
            path.rename(tmp_path / "a.jsonl")
        for piece in (b"2\n", b"3\n", b"ha", b"lf"):
            writer.write(piece)
            came.append(follow.lines(after_s=6))
        came += [follow.lines(after_s=6) for _ in range(2)]
        writer.write(b"late\n")
        came.append(follow.lines(after_s=6))
    assert came == [[b"1"], [b"2"], [b"3"], [], [], [], [b"half"], []]
    assert b"a.jsonl" not in follow.stop()


def test_a_file_that_is_replaced_is_read_from_its_start(tmp_path: Path) -> None:
    """Renaming a new one over it is as deleting it first: neither loses a line."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n")
    follow = Follow(tmp_path)
    follow.lines()
    append(path, b"2\n")
    write(tmp_path / "new", b"1\n3\n")
    (tmp_path / "new").rename(path)
    assert follow.lines() == [b"2", b"1", b"3"]
    follow.stop()


def test_a_longer_copy_in_the_place_of_a_file_is_read_on(tmp_path: Path) -> None:
    """As rsync puts it there: what it begins with was read already."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n")
    follow = Follow(tmp_path)
    follow.lines()
    append(path, b"2\n")
    write(tmp_path / "new", b"1\n2\n3\n")
    (tmp_path / "new").rename(path)
    assert follow.lines() == [b"2", b"3"]
    assert follow.lines(after_s=20) == []
    follow.stop()


def test_a_copy_has_the_last_line_whole(tmp_path: Path) -> None:
    """The half of it in the file that is gone is none."""
    path = tmp_path / "a.jsonl"
    for before, lines in ((b"", [b"half whole"]), (b"1\n", [b"1", b"half whole"])):
        write(path, before + b"half")
        follow = Follow(tmp_path)
        came = follow.lines()
        write(tmp_path / "new", before + b"half whole\n")
        (tmp_path / "new").rename(path)
        came += [line for _ in range(3) for line in follow.lines(after_s=6)]
        follow.stop()
        assert came == lines


@pytest.mark.parametrize("after", [b"", b"9\n", b"8\n9\n10\n11\n"])
def test_a_file_cut_off_in_place_is_read_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, after: bytes
) -> None:
    """It is shorter, or begins with something else; the log says so."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n2\n3\n")
    follow = Follow(path)
    follow.lines()
    write(path, after, modified_s=1001)
    came = follow.lines()
    append(path, b"more\n")
    came += follow.lines()
    follow.stop()
    assert b"".join(line + b"\n" for line in came) == after + b"more\n"
    assert [("jsonl_read_again", "a.jsonl")] == logged(caplog)


def test_a_renamed_file_that_is_cut_off_is_not_ours_any_more(tmp_path: Path) -> None:
    """By a name that does not match, only what follows the lines that were read is read."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n2\n")
    follow = Follow(path)
    follow.lines()
    path.rename(tmp_path / "other")
    follow.lines()
    write(tmp_path / "other", b"x\n", modified_s=1001)
    came = follow.lines()
    append(tmp_path / "other", b"y\n")
    came += follow.lines()
    assert came == []
    assert b"other" not in follow.stop()


def test_a_file_that_is_gone_may_come_back(tmp_path: Path) -> None:
    """Its path may be missing for a while, and so may the whole folder."""
    folder = tmp_path / "in"
    folder.mkdir()
    follow = Follow(folder)
    folder.rename(tmp_path / "away")
    came = [follow.lines()]
    folder.mkdir()
    write(folder / "a.jsonl", b"1\n")
    came.append(follow.lines())
    follow.stop()
    assert came == [[], [b"1"]]


def test_a_path_that_becomes_something_else_is_an_error(tmp_path: Path) -> None:
    """A folder in the place of the file has files that were not meant."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n")
    follow = Follow(path)
    follow.lines()
    path.unlink()
    path.mkdir()
    write(path / "b.jsonl", b"2\n")
    with pytest.raises(JsonlError, match="was a file when it was last read and is a folder now"):
        follow.lines()
    follow.stop()
