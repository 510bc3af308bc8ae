"""One crash anywhere, then a resume: nothing lost, nothing out of order, rejects exactly once.

Each batch of lines is an epoch. In epochs of 64 lines every crash point is tried, in epochs of 7
every 5th of each kind, in epochs of 1 every 40th of each kind (`STRIDES`). Of the points that are
tried, every other one has messages with `_export`, which tells equal messages apart.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.crash.fragments import LINES
from tests.crash.fuse import AFTER_BATCH, KINDS, Fuse
from tests.crash.history import crash_free, judge, new_history
from tests.judges.verdict import Verdict

STRIDES = {64: 1, 7: 5, 1: 40}
"""Lines of an epoch, and one of how many crash points of each kind is tried."""


def chosen_points(lines_per_epoch: int) -> list[int]:
    """Give the numbers of the crash points to try."""
    _, kinds = crash_free(lines_per_epoch)
    seen: Counter[str] = Counter()
    chosen = []
    for number, kind in enumerate(kinds):
        if seen[kind] % STRIDES[lines_per_epoch] == 0:
            chosen.append(number)
        seen[kind] += 1
    return chosen


def fault_of_crash(lines_per_epoch: int, at: int, *, metadata: bool) -> str | None:
    """Crash at a point, resume, and say what is wrong with the outcome.

    What comes twice must be what was taken after the last commit, no more and no less.
    """
    expected, _ = crash_free(lines_per_epoch, metadata=metadata)
    with new_history(metadata=metadata) as history:
        crashed = history.run(lines_per_epoch, Fuse(at))
        if not crashed.fuse.has_burned:
            return f"{at}: no crash"
        point = f"{at}, {crashed.fuse.passed[-1]}"
        uncommitted = len(history.far_end.stored) - crashed.committed
        resumed = history.run(lines_per_epoch, Fuse())
        if AFTER_BATCH not in resumed.fuse.passed:
            return f"{point}: nothing was left to do"
        verdict, outcome = judge(history, expected), history.outcome()
        if verdict != (Verdict.DUPLICATES if uncommitted else Verdict.EXACT):
            return f"{point}: {verdict.name}, with {uncommitted} messages uncommitted"
        if outcome.rejects != expected.rejects:
            return f"{point}: other rejects"
        if outcome.lanes != expected.lanes:
            return f"{point}: other profiles"
    return None


@pytest.mark.parametrize("lines_per_epoch", STRIDES)
def test_a_crash_anywhere_costs_no_more_than_an_epoch_s_messages_twice(
    lines_per_epoch: int,
) -> None:
    """Messages are all there and in order, rejects exactly once, profiles the same."""
    faults = [
        fault_of_crash(lines_per_epoch, at, metadata=place % 2 == 0)
        for place, at in enumerate(chosen_points(lines_per_epoch))
    ]
    assert [] == [fault for fault in faults if fault]


@pytest.mark.parametrize("lines_per_epoch", STRIDES)
def test_every_kind_of_crash_point_is_tried(lines_per_epoch: int) -> None:
    """Thinning leaves no kind out, and the points do not depend on what messages hold."""
    _, kinds = crash_free(lines_per_epoch)
    assert set(KINDS) == {kinds[at] for at in chosen_points(lines_per_epoch)}
    assert kinds == crash_free(lines_per_epoch, metadata=False)[1]
    assert -(-LINES // lines_per_epoch) == kinds.count(AFTER_BATCH)


@pytest.mark.parametrize("lines_per_epoch", [7, 64])
def test_a_death_between_an_epoch_s_rows_and_its_commit_costs_its_messages_twice(
    lines_per_epoch: int,
) -> None:
    """An epoch with all its rows in the store, but not its end, is done again as a whole."""
    expected, kinds = crash_free(lines_per_epoch)
    for epoch in range(1, kinds.count(AFTER_BATCH)):
        with new_history(rows_stay=True) as history:
            crashed = history.run(lines_per_epoch, Fuse(epoch, AFTER_BATCH))
            history.uncommit()
            assert history.rows("join", epoch)
            assert crashed.committed < len(history.far_end.stored)
            history.run(lines_per_epoch, Fuse())
            outcome = history.outcome()
            assert Verdict.DUPLICATES == judge(history, expected)
            assert (expected.rejects, expected.lanes) == (outcome.rejects, outcome.lanes)
