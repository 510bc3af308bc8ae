"""The source and paths that cannot be read: each error says what, where and what to do."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from connectors.jsonl import JsonlError, JsonlSource
from tests.unit.connectors.jsonl.runs import Run, write


def test_a_missing_path_is_an_error(tmp_path: Path) -> None:
    """When the run begins, or when the file is gone when its turn comes."""
    path = tmp_path / "a.jsonl"
    message = f"cannot read {re.escape(str(path))}: it does not exist; correct the path"
    with pytest.raises(JsonlError, match=message):
        JsonlSource("in", path).build_part("read", "in", None)
    write(path, b"")
    part = JsonlSource("in", path).build_part("read", "in", None)
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
    source = JsonlSource("in", tmp_path / "a.jsonl")
    monkeypatch.setattr(Path, call, refuse)
    with pytest.raises(JsonlError, match=r"a\.jsonl: permission was denied; let the user this job"):
        Run(source)


def test_a_path_that_became_a_folder_is_an_error(tmp_path: Path) -> None:
    """Between two runs, and within one."""
    path = tmp_path / "a.jsonl"
    write(path, b"1\n")
    source = JsonlSource("in", path)
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
        JsonlSource("in", tmp_path / "pipe").build_part("read", "in", None)


@pytest.mark.parametrize("options", [{"line_bytes": 0}, {"batch_lines": 0}])
def test_a_source_that_could_read_nothing_is_refused(options: dict[str, int]) -> None:
    """Zero is no bound for a line or a batch."""
    with pytest.raises(ValueError, match="at least 1"):
        JsonlSource("in", "a.jsonl", **options)  # type: ignore[arg-type]
