"""What becomes of a message that is too large for Kinesis: kept, shortened, or the job's end."""

from __future__ import annotations

import json

from tests.support.folder import Folder, fragment, message
from tests.support.streams import Stream

HUGE = "x" * 1_048_576  # 1 MiB, which is all that a record may have
ROOM = "--set=limits.line_bytes=2000000"


def test_it_is_a_dead_letter_unless_told_otherwise(folder: Folder, stream: Stream) -> None:
    """The run goes on, and the message is kept whole."""
    folder.add(
        fragment("c1", tier=HUGE, status="realized"), fragment("c2", tier="t", status="realized")
    )
    ended = folder.run("run", ROOM, *stream.options)
    assert 0 == ended.code
    assert "acknowledged 1, dead-lettered 1" in ended.err
    assert [message("c2", "t")] == stream.messages()
    assert HUGE.encode() in folder.files()["work/dead-letters/dead-letters.jsonl"]


def test_it_goes_out_without_what_may_be_dropped(folder: Folder, stream: Stream) -> None:
    """It says what it lacks; once the profile fits again the message is whole."""
    folder.add(fragment("c1", tier=HUGE, status="realized"), fragment("c1", tier="t"))
    drop = "--set=delivery.oversize={drop: [loyalty.tier]}"
    ended = folder.run("run", ROOM, drop, *stream.options)
    assert 0 == ended.code
    assert "acknowledged 2, dead-lettered 0" in ended.err
    first, second = stream.messages()
    assert {"dropped": ["loyalty.tier"]} == json.loads(first)["_export"]
    assert "loyalty" not in json.loads(first)
    assert message("c1", "t") == second


def test_it_ends_the_job_if_that_is_wanted(folder: Folder, stream: Stream) -> None:
    """Exit code 1, with the way out, and without a place for dead letters."""
    folder.add(fragment("c1", tier=HUGE, status="realized"))
    ended = folder.run("run", ROOM, "--set=delivery.oversize=fail", *stream.options)
    assert (1, "") == (ended.code, ended.out)
    assert "can never be accepted" in ended.err
    assert "Traceback" not in ended.err
    assert not (folder.path / "dead-letters").exists()
    assert [] == stream.messages()
