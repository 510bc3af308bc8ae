"""`dead-letters`: what Kinesis could not be given is listed, shown, and sent again in order."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from connectors.kinesis import DeadLetters, KinesisRecord
from connectors.kinesis.dead_letter_file import DeadLetterFile, letter_id
from tests.support.folder import STANDARD_INPUT, Folder, fragment
from tests.support.program import Ended, command, environment, start
from tests.support.streams import Sent, Stream

HUGE = fragment("c1", tier="x" * (1 << 20), status="realized")
"""Its message is over the 1 MiB of a record."""

CLEAR = (
    "--set=stream.partition_key=identity",
    "--set=limits={line_bytes: 2000000, id_chars: 250}",
)


@pytest.fixture
def letters(folder: Folder) -> DeadLetters:
    """Dead letters of the folder, to add to."""
    return DeadLetters(folder.path / "dead-letters", 1 << 30, clock=lambda: 1583270679.5)


def put(letters: DeadLetters, *keys_and_data: str) -> list[str]:
    """Put records aside, each given as `key:data`, and give their ids."""
    ids = []
    for text in keys_and_data:
        key, data = text.split(":")
        record = KinesisRecord(data.encode(), key)
        letters.add(record, "too big", code="ACode", attempts=2)
        ids.append(letter_id(record))
    letters.close()
    return ids


def listed(folder: Folder, *options: str) -> list[dict[str, Any]]:
    """Give what `dead-letters list --json` shows."""
    ended = folder.run("dead-letters", "list", "--json", *options)
    assert 0 == ended.code, ended.err
    return [json.loads(line) for line in ended.out.splitlines()]


def states(folder: Folder) -> list[str]:
    """Give the states of the letters, in order."""
    return [letter["state"] for letter in listed(folder)]


def replay(folder: Folder, stream: Stream, *options: str) -> Ended:
    """Send dead letters to the stream again."""
    ended = folder.run("dead-letters", "replay", *options, *stream.options)
    assert "" == ended.out
    assert "Traceback" not in ended.err
    return ended


def test_a_folder_without_dead_letters_lists_none(folder: Folder, stream: Stream) -> None:
    """Looking makes nothing, and a replay has nothing to do."""
    before = folder.files()
    ended = folder.run("dead-letters", "list")
    assert (0, "") == (ended.code, ended.out)
    assert "0 open, 0 superseded, 0 replayed" in ended.err
    assert before == folder.files()
    ended = replay(folder, stream)
    assert 0 == ended.code
    assert "replayed 0, refused again 0" in ended.err


def test_an_oversize_message_is_listed_without_its_content(folder: Folder, stream: Stream) -> None:
    """One line with id, time, state, size, attempts and cause; the key only when asked for."""
    folder.add(HUGE)
    assert "dead-lettered 1" in folder.run("run", *stream.options, *CLEAR).err
    ended = folder.run("dead-letters", "list")
    assert 0 == ended.code
    assert "1 open, 0 superseded, 0 replayed" in ended.err
    id_, at, state, size, *_ = ended.out.split()
    (kept,) = DeadLetterFile(folder.path / "dead-letters").letters()
    size_bytes = len(kept.letter.record.data)
    assert (kept.letter.id, kept.letter.at, "open", f"{size_bytes:,}") == (id_, at, state, size)
    assert "more than 1048576" in ended.out
    (line,) = listed(folder)
    assert ("open", size_bytes, id_) == (line["state"], line["size_bytes"], line["id"])
    assert {"cause", "code", "shard", "attempts", "first_at", "at"} < line.keys()
    assert "crmid:c1" not in f"{ended}{line}"
    (line,) = listed(folder, "--keys")
    assert "crmid:c1" == line["partition_key"]
    assert "  crmid:c1  " in folder.run("dead-letters", "list", "--keys").out


def test_copies_that_a_crash_left_are_listed_once(folder: Folder, letters: DeadLetters) -> None:
    """The same record put aside twice is one letter."""
    first, second = put(letters, "k:a", "k:b")
    put(letters, "k:a")
    assert [second, first] == [letter["id"] for letter in listed(folder)]


def test_one_letter_is_shown_whole(folder: Folder, letters: DeadLetters) -> None:
    """As JSON in which all but ASCII is escaped, so that no terminal obeys it."""
    (id_,) = put(letters, "k:\x1b[2A\u009b2A é")
    ended = folder.run("dead-letters", "show", id_)
    assert json.loads(ended.out) == {
        "id": id_,
        "cause": "too big",
        "code": "ACode",
        "shard": None,
        "attempts": 2,
        "first_at": "2020-03-03T21:24:39.500Z",
        "at": "2020-03-03T21:24:39.500Z",
        "partition_key": "k",
        "explicit_hash_key": None,
        "bytes": "\x1b[2A\u009b2A é",
        "state": "open",
    }
    assert [] == [c for c in ended.out if not (c.isascii() and c.isprintable()) and c != "\n"]
    ended = folder.run("dead-letters", "show", "nope")
    assert (1, "") == (ended.code, ended.out)
    assert "no dead letter nope" in ended.err


def test_a_replay_sends_open_letters_in_order_and_once(
    folder: Folder, stream: Stream, letters: DeadLetters
) -> None:
    """The stream has them as they were, and a second replay has nothing to send."""
    put(letters, "k:1", "other:2", "k:3")
    ended = replay(folder, stream)
    assert 0 == ended.code
    assert "replayed 3, refused again 0" in ended.err
    sent = [Sent("k", "1"), Sent("other", "2"), Sent("k", "3")]
    assert sorted(sent) == sorted(stream.records())
    assert ["1", "3"] == [record.data for record in stream.records() if record.partition_key == "k"]
    assert ["replayed"] * 3 == states(folder)
    assert "replayed 0" in replay(folder, stream).err
    assert 3 == len(stream.records())


def test_a_record_that_is_still_too_large_is_refused_again(
    folder: Folder, stream: Stream, letters: DeadLetters
) -> None:
    """It stays open, that is said with the way out, and the others are sent."""
    folder.add(HUGE)
    folder.run("run", *stream.options, *CLEAR)
    put(letters, "other:1")
    ended = replay(folder, stream)
    assert 1 == ended.code
    assert "refused: data and partition key have" in ended.err
    assert "replayed 1, refused again 1" in ended.err
    assert "update-max-record-size" in ended.err
    assert ["1"] == stream.messages()
    assert ["open", "replayed"] == states(folder)
    assert 1 == replay(folder, stream).code


def test_superseded_letters_are_sent_only_on_request(
    folder: Folder, stream: Stream, letters: DeadLetters
) -> None:
    """A later message of their person was acknowledged, which shows the whole profile."""
    put(letters, "k:1", "other:2")
    letters.supersede("k")
    letters.close()
    assert ["superseded", "open"] == states(folder)
    assert "replayed 1," in replay(folder, stream).err
    assert ["2"] == stream.messages()
    assert "replayed 2," in replay(folder, stream, "--all-states").err
    assert ["2", "1", "2"] == stream.messages()
    assert ["replayed", "replayed"] == states(folder)


def test_a_later_message_of_a_person_supersedes_their_dead_letter(
    folder: Folder, stream: Stream
) -> None:
    """Also over runs: once it is acknowledged, there is nothing to replay."""
    folder.add(HUGE)
    assert "dead-lettered 1" in folder.run("run", *stream.options, *CLEAR).err
    folder.add(fragment("c2", tier="gold", status="realized"))
    folder.run("run", *stream.options, *CLEAR)
    assert ["open"] == states(folder)
    folder.add(fragment("c1", tier="gold"))
    folder.run("run", *stream.options, *CLEAR)
    assert ["superseded"] == states(folder)
    assert "replayed 0, refused again 0" in replay(folder, stream).err


def test_letters_can_be_chosen_by_id(folder: Folder, stream: Stream, letters: DeadLetters) -> None:
    """Only those asked for are sent; one that is not there or not open is an error before that."""
    first, second, third = put(letters, "k:1", "k:2", "other:3")
    ended = replay(folder, stream, "--id", third, "--id", "nope")
    assert 1 == ended.code
    assert "no dead letter nope" in ended.err
    assert [] == stream.messages()
    assert 0 == replay(folder, stream, "--id", third, "--id", second, "--rate", "100").code
    assert ["2", "3"] == stream.messages()
    assert ["superseded", "replayed", "replayed"] == states(folder)
    ended = replay(folder, stream, "--id", first)
    assert 1 == ended.code
    assert f"{first} is superseded already; --all-states" in ended.err
    assert 0 == replay(folder, stream, "--id", first, "--all-states").code
    assert ["2", "3", "1"] == stream.messages()


def test_nothing_is_marked_when_kinesis_is_not_there(
    folder: Folder, emulator_url: str, letters: DeadLetters
) -> None:
    """The exit code is that of `run`, and the letters stay open."""
    put(letters, "k:1")
    ended = replay(folder, Stream(emulator_url, "missing"))
    assert 69 == ended.code
    assert "ResourceNotFoundException" in ended.err
    assert "replayed 0, refused again 0" in ended.err
    assert ["open"] == states(folder)


def test_a_replay_and_a_job_keep_each_other_away(
    folder: Folder, stream: Stream, letters: DeadLetters
) -> None:
    """While a job runs a replay is refused with what to do; to look needs no lock."""
    (id_,) = put(letters, "k:1")
    line = command("run", *stream.options, "--set", STANDARD_INPUT)
    with start(line, cwd=folder.path, env=environment(folder.home)) as job:
        await_job(job)
        ended = replay(folder, stream)
        assert 1 == ended.code
        assert f"{folder.path}/state: another process runs" in ended.err
        assert "Stop the job or wait for its end" in ended.err
        assert "state.path" not in ended.err
        assert 1 == folder.run("rejects", "retry").code
        assert ["open"] == states(folder)
        assert 0 == folder.run("dead-letters", "show", id_).code
        assert 0 == folder.run("rejects", "list").code
        job.kill()
    assert 0 == replay(folder, stream).code


def await_job(job: subprocess.Popen[bytes]) -> None:
    """Return when a run holds its store: it has read more than a pipe holds."""
    assert job.stdin is not None
    job.stdin.write(b" " * (1 << 18) + b"\n")
    job.stdin.flush()


@pytest.mark.parametrize(
    "verb", ["dead-letters list", "dead-letters show x", "dead-letters replay", "run"]
)
def test_a_damaged_file_is_said_in_words(folder: Folder, stream: Stream, verb: str) -> None:
    """The line is named, and not shown."""
    (folder.path / "dead-letters").mkdir()
    file = folder.path / "dead-letters" / "dead-letters.jsonl"
    file.write_text("canary\n", encoding="utf-8")
    folder.add(fragment("c1", tier="gold", status="realized"))
    ended = folder.run(*verb.split(), *stream.options)
    assert (1, "") == (ended.code, ended.out)
    assert f"{Path('dead-letters', file.name)}, line 1" in ended.err
    assert "canary" not in ended.err
    assert "Traceback" not in ended.err


def test_no_control_character_is_printed(folder: Folder, letters: DeadLetters) -> None:
    """Keys and causes go out escaped, half a surrogate pair too."""
    put(letters, "\x1b]0;x\x07\u009b\ud83d:1")
    for options in (("--keys",), ("--keys", "--json")):
        ended = folder.run("dead-letters", "list", *options)
        assert 0 == ended.code
        assert [] == [c for c in ended.out if not c.isprintable() and c != "\n"]
