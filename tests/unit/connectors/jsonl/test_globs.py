"""Which files a path stands for, and what may not change about it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connectors.jsonl import JsonlError, JsonlSource
from connectors.jsonl.globs import list_files
from tests.unit.connectors.jsonl.runs import Run, write

FILES = (
    "a.jsonl",
    "b.jsonl.gz",
    "b.jsonl.1",
    ".hidden.jsonl",
    "2026/01/a.jsonl",
    "2026/02/a.jsonl",
    "2026/02/b.txt",
    "2026/.hidden/a.jsonl",
    "[odd]/a.jsonl",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make a tree of files."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write(tmp_path / name, b"")
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        pytest.param("*.jsonl", ["a.jsonl"], id="star"),
        pytest.param("b.jsonl*", ["b.jsonl.1", "b.jsonl.gz"], id="star-after-the-suffix"),
        pytest.param("?.jsonl", ["a.jsonl"], id="question-mark"),
        pytest.param("[a-b].jsonl*", ["a.jsonl", "b.jsonl.1", "b.jsonl.gz"], id="set"),
        pytest.param("2026/*/a.jsonl", ["01/a.jsonl", "02/a.jsonl"], id="fixed-at-both-ends"),
        pytest.param("*/02/*", ["2026/02/a.jsonl", "2026/02/b.txt"], id="fixed-in-the-middle"),
        pytest.param(
            "**/a.jsonl",
            ["2026/01/a.jsonl", "2026/02/a.jsonl", "[odd]/a.jsonl", "a.jsonl"],
            id="any-depth-and-none",
        ),
        pytest.param("2026/**", ["01/a.jsonl", "02/a.jsonl", "02/b.txt"], id="all-below"),
        pytest.param(
            "**/02/**/*.jsonl", ["2026/02/a.jsonl"], id="twice-any-depth-gives-each-file-once"
        ),
        pytest.param("[odd]/*.jsonl", [], id="a-set-is-no-name"),
        pytest.param("2026/*", [], id="folders-are-no-files"),
        pytest.param("a.jsonl/*", [], id="a-file-is-no-folder"),
    ],
)
def test_a_glob_is_the_files_that_match(tree: Path, pattern: str, keys: list[str]) -> None:
    """Their keys are relative to the part before the first glob character, in byte order."""
    listing = list_files(tree / pattern)
    assert ("glob", keys) == (listing.kind, [os.fsdecode(key) for key in listing.files])
    assert list(listing.files.values()) == [listing.root / key for key in keys]


def test_a_relative_path_has_the_same_keys(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the folder that it is relative to is called."""
    expected = list_files(tree / "2026" / "**").files
    for folder, pattern in ((tree, "2026/**"), (tree / "2026", "**"), (tree / "2026/01", "../**")):
        monkeypatch.chdir(folder)
        assert list(list_files(Path(pattern)).files) == list(expected)
    assert list(list_files(Path()).files) == [b"a.jsonl"]


def test_a_name_with_glob_characters_is_itself(tree: Path) -> None:
    """A folder of exactly that name is read as a folder."""
    listing = list_files(tree / "[odd]")
    assert ("folder", [b"a.jsonl"]) == (listing.kind, list(listing.files))


def test_a_link_in_a_circle_is_not_followed(tree: Path) -> None:
    """It would never end."""
    (tree / "2026" / "again").symlink_to(tree)
    found = list_files(tree / "**" / "b.txt").files
    assert list(found) == [b"2026/02/b.txt"]


def test_a_glob_below_what_is_missing_is_an_error_unless_optional(tmp_path: Path) -> None:
    """A glob that matches nothing is none: files may come."""
    assert list_files(tmp_path / "*.jsonl").files == {}
    with pytest.raises(JsonlError, match=r"gone/\*: it does not exist; correct the path"):
        list_files(tmp_path / "gone" / "*")
    assert list_files(tmp_path / "gone" / "*", optional=True).files == {}


def test_a_folder_that_must_not_be_read_is_an_error(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files would be missing without a word."""
    scan = os.scandir

    def refuse(path: Path) -> object:
        if path.name == "02":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(JsonlError, match="permission was denied"):
        list_files(tree / "2026" / "**" / "*.jsonl")


def test_a_glob_resumes_by_relative_paths(tmp_path: Path) -> None:
    """Files of one name in two folders are two files, and a glob stays a glob."""
    for day in ("01", "02"):
        (tmp_path / day).mkdir()
        write(tmp_path / day / "a.jsonl", day.encode() + b"\n")
    source = JsonlSource("in", tmp_path / "*" / "*.jsonl")
    first = Run(source)
    write(tmp_path / "01" / "a.jsonl", b"01\nmore\n")
    second = Run(source, first.state)
    assert (first.lines, second.lines) == ([b"01", b"02"], [b"more"])
    with pytest.raises(JsonlError, match="was a glob when it was last read and is a folder now"):
        JsonlSource("in", tmp_path).build_part("read", "in", second.state)
