"""A backfill that is broken off anywhere still reaches everybody, in order with what they get else.

Each ask of a backfill is an epoch. Its messages are told by their reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from flows.backfill import Backfill
from tests.crash.fragments import ARRIVAL_US, destination_in, lines
from tests.crash.fuse import AFTER_ASK, AFTER_BATCH, Fuse
from tests.crash.history import History, crash_free, new_history
from tests.judges import oracle
from tests.judges.verdict import Verdict, stream_verdict

EVERYBODY = Backfill(rate=0)


@cache
def expected() -> dict[str, bytes]:
    """Give the backfill message of each identity that is qualified when all lines are read."""
    destination = destination_in(Path(), metadata=True)
    read = [oracle.Line(raw, ARRIVAL_US, number) for number, raw in enumerate(lines())]
    found = oracle.judge_lines(destination, read)
    fragments = [each for each in found if isinstance(each, oracle.Fragment)]
    messages = oracle.backfill(destination, fragments)
    return {f"crmid:{key}": message for key, message in messages.items()}


@contextmanager
def all_read() -> Iterator[History]:
    """Give a history whose lines are all read and delivered."""
    with new_history() as history:
        history.run(64, Fuse())
        yield history


def is_backfill(message: bytes) -> bool:
    """Whether a backfill sent a message."""
    return bool(json.loads(message)["_export"]["reasons"] == ["backfill"])


def part_of(messages: dict[str, list[bytes]], *, backfill: bool) -> dict[str, list[bytes]]:
    """Give the messages that a backfill sent, or the others."""
    return {
        key: [each for each in own if is_backfill(each) == backfill]
        for key, own in messages.items()
    }


def view(message: bytes) -> Any:
    """What a message shows, without what never sends one."""
    shown = json.loads(message)
    del shown["_export"]
    for segments in shown["segmentMembership"].values():
        for membership in segments.values():
            del membership["lastQualificationTime"]
    return shown


def fault(history: History) -> str | None:
    """Say what is wrong with what was taken, whatever crashed: nothing missing, all in order."""
    messages = history.far_end.messages()
    others, _ = crash_free(64)
    verdict = stream_verdict(others.messages, part_of(messages, backfill=False), None).worst
    if not verdict.passes:
        return verdict.name
    sent = part_of(messages, backfill=True)
    for key, message in expected().items():
        if not sent[key]:
            return "nobody told an identity"
        if view(message) != view(messages[key][-1]):
            return "the last message is not the present view"
    return None


def test_without_a_crash_everybody_comes_once_as_the_oracle_says() -> None:
    """After all else, each message once, byte for byte; those who are not qualified do not."""
    with all_read() as history:
        before = history.far_end.messages()
        execution = history.run(64, Fuse(), EVERYBODY)
        messages = history.far_end.messages()

    assert 60 < len(execution.asks) == execution.fuse.passed.count(AFTER_ASK)
    assert 10 < len(expected()) < len(before)
    added = {key: own[len(before[key]) :] for key, own in messages.items()}
    masked = {key: [oracle.mask_export_id(each) for each in own] for key, own in added.items()}
    assert {key: [expected()[key]] if key in expected() else [] for key in before} == masked


@cache
def points() -> list[str]:
    """Give the kinds of the crash points that a backfill passes."""
    with all_read() as history:
        return history.run(64, Fuse(), EVERYBODY).fuse.passed


def fault_of_crash(at: int, go_on: Callable[[bool], Backfill | None]) -> str | None:
    """Crash at a point, go on, and say what is wrong.

    What comes twice must be what was taken after the last commit, no more and no less, and
    a finished backfill must have left nothing to do.
    """
    with all_read() as history:
        before = len(history.far_end.stored)
        crashed = history.run(64, Fuse(at), EVERYBODY)
        point = f"{at}, {crashed.fuse.passed[-1]}"
        uncommitted = len(history.far_end.stored) - max([before, *crashed.asks])
        history.run(64, Fuse(), go_on(bool(crashed.asks)))
        sent = len(history.far_end.stored) - before - uncommitted
        if sent != len(expected()):
            return f"{point}: {sent} sent, {uncommitted} uncommitted"
        history.run(64, Fuse())
        if len(history.far_end.stored) != before + uncommitted + sent:
            return f"{point}: it was not done"
        wrong = fault(history)
        return f"{point}: {wrong}" if wrong else None


@pytest.mark.parametrize(
    ("go_on", "stride"),
    [(lambda begun: None if begun else EVERYBODY, 11), (lambda _: EVERYBODY, 13)],
    ids=["a run, if it had begun", "the same backfill"],
)
def test_a_crash_anywhere_in_a_backfill_costs_no_more_than_an_ask_s_messages_twice(
    go_on: Callable[[bool], Backfill | None], stride: int
) -> None:
    """From its first commit on any run goes on with it, from the last one on.

    With a run every 11th crash point is tried, with the same backfill every 13th.
    """
    faults = [fault_of_crash(at, go_on) for at in range(0, len(points()), stride)]
    assert len(faults) > 10
    assert [] == [each for each in faults if each]


def test_crashing_all_the_way_through_a_backfill_loses_nobody() -> None:
    """Each execution comes one point further than the one before it, until one reaches the end."""
    with all_read() as history:
        for at in range(len(points()) + 1):
            if not history.run(64, Fuse(at), EVERYBODY).fuse.has_burned:
                break
        assert len(history.executions) > 20
        assert fault(history) is None


@pytest.mark.parametrize("batches", [1, 3, 20])
@pytest.mark.parametrize("kind", [AFTER_ASK, "half of request", "after kinesis snapshot"])
def test_a_backfill_amid_new_lines_loses_nobody(batches: int, kind: str) -> None:
    """Lines are read while lanes are asked, and both crash together, twice."""
    with new_history() as history:
        assert history.run(7, Fuse(batches, AFTER_BATCH)).fuse.has_burned
        assert history.run(7, Fuse(4, kind), EVERYBODY).fuse.has_burned
        assert history.run(7, Fuse(2, kind), EVERYBODY).fuse.has_burned
        history.run(7, Fuse(), EVERYBODY)
        # Who was not qualified yet when asked is told by their lines.
        history.run(7, Fuse(), EVERYBODY)
        assert fault(history) is None


def test_a_verdict_can_fail() -> None:
    """Without one message of the backfill, or with an older one last, there is a fault."""
    with all_read() as history:
        history.run(64, Fuse(), EVERYBODY)
        assert fault(history) is None
        key = min(expected())
        stored = history.far_end.stored
        (place,) = (i for i, each in enumerate(stored) if each[0] == key and is_backfill(each[1]))
        message = stored.pop(place)
        assert "nobody told an identity" == fault(history)
        stored.insert(0, message)
        first = next(each for each in stored if each[0] == key and not is_backfill(each[1]))
        stored.append(first)
        assert Verdict.DISORDER.name in str(fault(history)) or "present view" in str(fault(history))
