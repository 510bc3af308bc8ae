"""Dead letters: what a line holds, who may read it, and what a crash or a full disk does."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from connectors.kinesis import DeadLetters, DeadLettersFull, KinesisRecord


def letters_in(folder: Path, max_bytes: int = 1 << 20) -> DeadLetters:
    """Dead letters whose clock stands at 2020-03-03T21:24:39Z."""
    return DeadLetters(folder, max_bytes, clock=lambda: 1583270679.9)


def lines_of(folder: Path) -> list[dict[str, str]]:
    """The lines of the file."""
    text = (folder / "dead-letters.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_a_text_record_is_kept_as_text(tmp_path: Path) -> None:
    """Data in UTF-8 can be read in the file, with key, cause and time."""
    letters = letters_in(tmp_path)
    letters.add(KinesisRecord('{"é":1}'.encode(), "k"), "too big")
    letters.close()
    assert lines_of(tmp_path) == [
        {"cause": "too big", "at": "2020-03-03T21:24:39Z", "partition_key": "k", "bytes": '{"é":1}'}
    ]


def test_a_binary_record_is_kept_as_base64(tmp_path: Path) -> None:
    """Data that is not UTF-8 is kept exactly."""
    letters = letters_in(tmp_path)
    letters.add(KinesisRecord(b"\xff\x00", "k", "x"), "bad hash key")
    letters.close()
    assert lines_of(tmp_path) == [
        {
            "cause": "bad hash key",
            "at": "2020-03-03T21:24:39Z",
            "partition_key": "k",
            "explicit_hash_key": "x",
            "base64": "/wA=",
        }
    ]


def test_a_key_that_is_not_unicode_does_not_stop_the_job(tmp_path: Path) -> None:
    """Half a surrogate pair in the key is written as a replacement mark."""
    letters = letters_in(tmp_path)
    letters.add(KinesisRecord(b"x", "k\ud83d"), "not valid Unicode")
    letters.close()
    assert lines_of(tmp_path)[0]["partition_key"] == "k?"


def test_only_the_owner_can_read(tmp_path: Path) -> None:
    """The folder has mode 0700 and the file 0600, whatever the umask allows."""
    before = os.umask(0)
    try:
        letters = letters_in(tmp_path / "dead")
        letters.add(KinesisRecord(b"x", ""), "empty key")
        letters.close()
    finally:
        os.umask(before)
    assert (tmp_path / "dead").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "dead" / "dead-letters.jsonl").stat().st_mode & 0o777 == 0o600


def test_nothing_is_made_before_the_first_dead_letter(tmp_path: Path) -> None:
    """A job without dead letters leaves no folder behind."""
    letters = letters_in(tmp_path / "dead")
    letters.sync()
    letters.close()
    assert not (tmp_path / "dead").exists()


def test_letters_are_appended_over_executions(tmp_path: Path) -> None:
    """A second execution keeps what the first one left."""
    for cause in ("first", "second"):
        letters = letters_in(tmp_path)
        letters.add(KinesisRecord(b"x", ""), cause)
        letters.sync()
        letters.close()
    assert [line["cause"] for line in lines_of(tmp_path)] == ["first", "second"]


def test_a_torn_line_is_cut_off(tmp_path: Path) -> None:
    """What a crash left of a line is removed, so that the file stays lines of JSON."""
    (tmp_path / "dead-letters.jsonl").write_text('{"cause":"whole"}\n{"cause":"to')
    letters = letters_in(tmp_path)
    letters.add(KinesisRecord(b"x", ""), "next")
    letters.close()
    assert [line["cause"] for line in lines_of(tmp_path)] == ["whole", "next"]


def test_a_full_file_raises_and_says_what_to_do(tmp_path: Path) -> None:
    """At the limit nothing is written, and the message names the file and the ways out."""
    letters = letters_in(tmp_path, max_bytes=100)
    letters.add(KinesisRecord(b"x", ""), "empty key")
    with pytest.raises(DeadLettersFull, match="move the file away or raise the limit") as caught:
        letters.add(KinesisRecord(b"canary", ""), "empty key")
    letters.close()
    assert str(tmp_path / "dead-letters.jsonl") in str(caught.value)
    assert "canary" not in str(caught.value)
    assert len(lines_of(tmp_path)) == 1


def test_sync_brings_what_was_added_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One fsync for all that was added, and none when nothing was."""
    synced: list[int] = []
    letters = letters_in(tmp_path)
    letters.add(KinesisRecord(b"x", ""), "one")
    letters.add(KinesisRecord(b"x", ""), "two")
    monkeypatch.setattr(os, "fsync", synced.append)
    letters.sync()
    letters.sync()
    letters.close()
    assert len(synced) == 1
