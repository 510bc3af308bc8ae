"""Writing dead letters: what a line holds, who may read it, what a crash or a full disk does."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

from connectors.kinesis import DeadLetters, DeadLettersFull, DeadLettersUnusable, KinesisRecord
from connectors.kinesis.dead_letter_file import DeadLetter, DeadLetterFile

AT = "2020-03-03T21:24:39.500Z"


def letters_in(folder: Path, max_bytes: int = 1 << 20) -> DeadLetters:
    """Dead letters whose clock stands at 2020-03-03T21:24:39.500Z."""
    return DeadLetters(folder, max_bytes, clock=lambda: 1583270679.5)


def lines_of(folder: Path) -> list[dict[str, Any]]:
    """The lines of the file."""
    text = (folder / "dead-letters.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_a_text_record_is_kept_as_text(tmp_path: Path) -> None:
    """Data in UTF-8 can be read in the file; what is not known is said to be unknown."""
    letters = letters_in(tmp_path)
    letters.add(KinesisRecord('{"é":1}'.encode(), "k"), "too big")
    letters.close()
    (line,) = lines_of(tmp_path)
    assert 16 == len(line.pop("id"))
    assert line == {
        "kind": "dead_letter",
        "cause": "too big",
        "code": "",
        "shard": None,
        "attempts": 0,
        "first_at": AT,
        "at": AT,
        "partition_key": "k",
        "explicit_hash_key": None,
        "bytes": '{"é":1}',
    }


def test_a_binary_record_is_kept_as_base64_with_all_that_is_known(tmp_path: Path) -> None:
    """Data that is not UTF-8 is kept exactly, and beside it how delivery went."""
    letters = letters_in(tmp_path)
    letters.add(
        KinesisRecord(b"\xff\x00", "k", "12"),
        "refused",
        code="InvalidArgumentException",
        shard="shardId-000000000001",
        attempts=3,
        age_s=7.25,
    )
    letters.close()
    (line,) = lines_of(tmp_path)
    del line["id"]
    assert line == {
        "kind": "dead_letter",
        "cause": "refused",
        "code": "InvalidArgumentException",
        "shard": "shardId-000000000001",
        "attempts": 3,
        "first_at": "2020-03-03T21:24:32.250Z",
        "at": AT,
        "partition_key": "k",
        "explicit_hash_key": "12",
        "base64": "/wA=",
    }


def test_marks_name_what_they_are_about(tmp_path: Path) -> None:
    """A mark holds the key, the time, and the letter if it is about one."""
    letters = letters_in(tmp_path)
    letters.add(KinesisRecord(b"x", "k"), "too big")
    letters.supersede("k")
    (kept,) = DeadLetterFile(tmp_path).letters()
    letters.mark_replayed(kept.letter)
    letters.close()
    letter, *marks = lines_of(tmp_path)
    assert marks == [
        {"kind": "superseded", "partition_key": "k", "at": AT},
        {"kind": "replayed", "partition_key": "k", "id": letter["id"], "at": AT},
    ]


def test_a_key_that_is_not_unicode_is_kept_as_it_is(tmp_path: Path) -> None:
    """Half a surrogate pair does not stop the job, and a replay cannot send another key."""
    letters = letters_in(tmp_path)
    letters.add(KinesisRecord(b"x", "k\ud83d"), "not valid Unicode")
    letters.close()
    assert lines_of(tmp_path)[0]["partition_key"] == "k\ud83d"
    (kept,) = DeadLetterFile(tmp_path).letters()
    assert KinesisRecord(b"x", "k\ud83d") == kept.letter.record


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
    assert set() == letters.open_keys()
    letters.sync()
    letters.close()
    assert not (tmp_path / "dead").exists()


def test_letters_are_appended_over_executions(tmp_path: Path) -> None:
    """A second execution keeps what the first one left, and knows its open keys."""
    for key in ("first", "second"):
        letters = letters_in(tmp_path)
        letters.add(KinesisRecord(b"x", key), "too big")
        letters.sync()
        letters.close()
    assert [line["partition_key"] for line in lines_of(tmp_path)] == ["first", "second"]
    assert {"first", "second"} == letters_in(tmp_path).open_keys()


def test_a_torn_line_is_cut_off(tmp_path: Path) -> None:
    """What a crash left of a line is removed, also while another process has the file open."""
    letters = letters_in(tmp_path)
    letters.add(KinesisRecord(b"x", ""), "whole")
    with (tmp_path / "dead-letters.jsonl").open("a") as file:
        file.write('{"kind":"dead_letter","cause":"to')
    letters.add(KinesisRecord(b"x", ""), "next")
    letters.close()
    assert [line["cause"] for line in lines_of(tmp_path)] == ["whole", "next"]


def test_a_full_file_raises_and_says_what_to_do(tmp_path: Path) -> None:
    """At the limit no letter is written, and the message names the file and the ways out."""
    letters = letters_in(tmp_path, max_bytes=250)
    letters.add(KinesisRecord(b"x", "k"), "too big")
    with pytest.raises(DeadLettersFull, match="move the file away or raise the limit") as caught:
        letters.add(KinesisRecord(b"canary", "k"), "too big")
    assert str(tmp_path / "dead-letters.jsonl") in str(caught.value)
    assert "canary" not in str(caught.value)
    assert len(lines_of(tmp_path)) == 1
    letters.supersede("k")
    letters.close()
    assert set() == letters.open_keys()


def test_what_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    """A folder that is a file is named, with the way out."""
    (tmp_path / "plain").touch()
    letters = letters_in(tmp_path / "plain")
    with pytest.raises(DeadLettersUnusable, match=r"plain.* give dead letters another folder"):
        letters.add(KinesisRecord(b"x", ""), "empty key")


def test_a_write_that_fails_leaves_no_part_of_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk is full in the middle of a line, its beginning is taken back."""
    letters = letters_in(tmp_path)
    letters.add(KinesisRecord(b"x", ""), "whole")
    before = (tmp_path / "dead-letters.jsonl").read_bytes()
    write, has_room = os.write, iter([True, False])

    def write_a_part(file: int, data: bytes) -> int:
        if next(has_room):
            return write(file, data[:9])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", write_a_part)
    with pytest.raises(DeadLettersUnusable, match="No space left on device"):
        letters.add(KinesisRecord(b"x", ""), "next")
    letters.close()
    assert before == (tmp_path / "dead-letters.jsonl").read_bytes()


def test_sync_brings_what_was_added_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One fsync for all that was added, marks included, and none when nothing was."""
    synced: list[int] = []
    letters = letters_in(tmp_path)
    letters.add(KinesisRecord(b"x", "k"), "one")
    monkeypatch.setattr(os, "fsync", synced.append)
    letters.sync()
    letters.supersede("k")
    letters.add(KinesisRecord(b"x", "k"), "two")
    letters.sync()
    letters.sync()
    letters.close()
    assert len(synced) == 2


def write_many(folder: Path, key: str) -> None:
    """Add letters of one key, opening the file anew each time."""
    for number in range(50):
        letters = letters_in(folder)
        letters.add(KinesisRecord(b"%d" % number, key), "too big")
        letters.close()


def test_processes_that_add_to_one_folder_tear_no_line(tmp_path: Path) -> None:
    """Lines of several processes stand whole, each process's in its order."""
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=write_many, args=(tmp_path, key)) for key in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [0, 0] == [writer.exitcode for writer in writers]
    lines = lines_of(tmp_path)
    for key in "ab":
        numbers = [int(line["bytes"]) for line in lines if line["partition_key"] == key]
        assert list(range(50)) == numbers
    assert {DeadLetter} == {type(kept.letter) for kept in DeadLetterFile(tmp_path).letters()}
