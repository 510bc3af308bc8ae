"""Rejects as they are kept: each once, put back once, and all or nothing when a process dies."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from connectors.jsonl import JsonlError
from flows.destination import Destination, Input, Jsonl
from flows.profile.reject import Reason, Rejected
from flows.rejects import encode_reject
from flows.retry import Group, Retry, count, inputs, kept_rejects, retry
from flows.runner.store import fingerprint
from tests.support import made


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    """A destination whose rejects are in a folder of the test."""
    (tmp_path / "rejects").mkdir()
    return made.destination(rejects={"path": str(tmp_path / "rejects")})


def line(raw: bytes, reason: Reason = "not_json", number: int = 1, name: str = "profiles") -> bytes:
    """Give the line of one reject."""
    return encode_reject(
        Rejected(reason, "a detail"), raw, input_name=name, origin=f"{name}.jsonl", line=number
    )


def keep(destination: Destination, *lines: bytes, store: str = "1") -> None:
    """Write rejects as the sink of a store does."""
    path = Path(destination.rejects.path) / f"{store}.jsonl"
    path.write_bytes(b"".join(each + b"\n" for each in lines))


def put_back(destination: Destination, *reasons: str) -> Retry:
    """Retry rejects with these reasons, or all."""
    return retry(destination, lambda reject: not reasons or reject.reason in reasons)


def files(destination: Destination) -> dict[str, bytes]:
    """Give what is under `retry/`, without names that nobody can know before."""
    folder = Path(destination.rejects.path) / "retry"
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


def test_the_input_of_retried_rejects_comes_last(destination: Destination) -> None:
    """It reads a folder of the rejects, and no store is told apart by it."""
    *configured, last = inputs(destination)
    assert list(destination.inputs) == configured
    assert Input(name="retry", jsonl=Jsonl(path=f"{destination.rejects.path}/retry")) == last
    assert ["profiles"] == fingerprint(destination).inputs


def test_where_nothing_was_rejected_there_is_nothing(tmp_path: Path) -> None:
    """The folder need not be there, and a retry does not make it."""
    destination = made.destination(rejects={"path": str(tmp_path / "none")})
    assert [] == list(kept_rejects(destination))
    assert Retry(0, 0, None) == put_back(destination)
    assert [] == list(tmp_path.iterdir())


def test_a_reject_of_several_stores_is_one(destination: Destination) -> None:
    """`run --fresh` rejects the same lines again in another file."""
    keep(destination, line(b"a"), line(b"b", number=2))
    keep(destination, line(b"a"), line(b"c", number=3), store="2")
    originals = [each.reject.original for each in kept_rejects(destination)]
    assert [b"a", b"b", b"c"] == originals
    put_back(destination)
    assert {".jsonl": b"a\nb\nc\n"} == files(destination)


def test_rejects_are_counted_by_input_file_and_reason(destination: Destination) -> None:
    """With how many of them were put back."""
    keep(
        destination,
        line(b"a"),
        line(b"b", number=2),
        line(b"c", "bad_time", 3),
        line(b"d", name="segments"),
    )
    put_back(destination, "bad_time")
    keep(destination, line(b"e", "bad_time", 4), store="2")
    profiles = Group("profiles", "profiles.jsonl", "not_json")
    late = structs.replace(profiles, reason="bad_time")
    segments = Group("segments", "segments.jsonl", "not_json")
    assert ({profiles: 2, late: 2, segments: 1}, {profiles: 0, late: 1, segments: 0}) == count(
        kept_rejects(destination)
    )


def test_the_originals_come_back_as_they_were(destination: Destination) -> None:
    """Text and other bytes, a line each, for their owner alone."""
    keep(destination, line('{"é":"\\n"}\r'.encode()), line(b"\xff\x00", "not_utf8", 2), line(b""))
    before = os.umask(0)
    done = put_back(destination)
    os.umask(before)
    assert done.folder is not None
    assert (3, 0) == (done.retried, done.truncated)
    (path,) = done.folder.iterdir()
    assert '{"é":"\\n"}\r\n'.encode() + b"\xff\x00\n\n" == path.read_bytes()
    assert ".jsonl" == path.suffix
    marks = Path(destination.rejects.path) / "retried"
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (done.folder, path, marks)]
    assert [0o700, 0o600, 0o600] == modes


def test_a_record_that_spans_lines_comes_back_as_one_line(destination: Destination) -> None:
    """As JSON written for people does on a stream; what it says is the same."""
    pretty = b'{\n  "identityMap": {"crmid": [\n    {"id": "c1"}]}\n}\n'
    keep(destination, line(pretty, "bad_time"))
    assert 1 == put_back(destination).retried
    assert {".jsonl": pretty.replace(b"\n", b" ") + b"\n"} == files(destination)


def test_a_reject_is_put_back_once(destination: Destination) -> None:
    """A second retry takes what came since, a line of another place with the same bytes too."""
    keep(destination, line(b"a"), line(b"b", "bad_time", 2))
    assert 1 == put_back(destination, "bad_time").retried
    assert 0 == put_back(destination, "bad_time").retried
    assert 1 == put_back(destination).retried
    keep(destination, line(b"a"), line(b"a", number=9), store="2")
    assert 1 == put_back(destination).retried
    assert Retry(0, 0, None) == put_back(destination)


def test_a_line_that_was_cut_cannot_be_put_back(destination: Destination) -> None:
    """Its rest is gone, so it is counted among those that the input must bring again."""
    keep(destination, line(b"{" * 9, "line_too_long"), line(b"a", number=2))
    done = put_back(destination)
    assert (1, 1) == (done.retried, done.truncated)
    assert {".jsonl": b"a\n"} == files(destination)
    assert Retry(0, 1, None) == put_back(destination)


def test_a_line_that_is_being_written_is_passed_over(destination: Destination) -> None:
    """Looking needs no lock: what has no end yet is not there yet."""
    keep(destination, line(b"a"))
    with (Path(destination.rejects.path) / "1.jsonl").open("ab") as file:
        file.write(line(b"b", number=2))
    assert [b"a"] == [each.reject.original for each in kept_rejects(destination)]


@pytest.mark.parametrize("foreign", [b"canary", b'{"canary":1}', b"\xff"])
def test_a_foreign_line_is_named_but_not_shown(destination: Destination, foreign: bytes) -> None:
    """A file that is not ours is not passed over, and its text is nobody's business."""
    keep(destination, line(b"a"), foreign)
    with pytest.raises(JsonlError, match=r"1\.jsonl, line 2: .*move the file out") as caught:
        put_back(destination)
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__


class Killed(BaseException):
    """The process is gone."""


def die(*_: Any) -> Any:
    """Die."""
    raise Killed


def test_a_process_that_dies_before_the_end_puts_nothing_back(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until all is on the disk the input has no file of that name."""
    keep(destination, line(b"a"), line(b"b", number=2))
    monkeypatch.setattr(os, "fsync", die)
    with pytest.raises(Killed):
        put_back(destination)
    monkeypatch.undo()
    assert [".new"] == [path.name for path in (Path(destination.rejects.path) / "retry").iterdir()]
    assert 2 == put_back(destination).retried
    assert {".jsonl": b"a\nb\n"} == files(destination)


def test_a_process_that_dies_before_the_note_loses_nothing(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The originals are there, and the next retry brings them once more, which is harmless."""
    keep(destination, line(b"a"))
    replace = Path.replace

    def replace_input_only(self: Path, target: Path) -> Any:
        return replace(self, target) if target.suffix else die()

    monkeypatch.setattr(Path, "replace", replace_input_only)
    with pytest.raises(Killed):
        put_back(destination)
    monkeypatch.undo()
    assert {".jsonl": b"a\n"} == files(destination)
    assert 1 == put_back(destination).retried
    assert 0 == put_back(destination).retried


def test_what_cannot_be_written_is_said_in_words(destination: Destination) -> None:
    """A file in the place of the folder is named, with a way out."""
    keep(destination, line(b"a"))
    (Path(destination.rejects.path) / "retry").touch()
    with pytest.raises(JsonlError, match=r"cannot write .*retry"):
        put_back(destination)
