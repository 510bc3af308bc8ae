"""Two crashes, of which the first leaves rows of an epoch that never committed.

Bytewax writes the rows of the lanes before it asks the sink to flush. When the flush fails, the
rows of that epoch E stay in the store. The next execution commits an epoch E of its own, smaller,
and crashes too; a third one resumes. A lane that the smaller epoch E did not touch would come back
ahead of its input, see no change, and export nothing. So each execution begins by waking every
lane. Each test here is also run without the wake, and must then show the harm.
"""

from __future__ import annotations

import pytest

from flows.lanes import LANE_NAMES
from flows.wake import WakeSource
from tests.crash.fuse import AFTER_BATCH, Fuse
from tests.crash.history import History, Wake, crash_free, judge, new_history, no_wake
from tests.judges.verdict import Verdict

FLUSH = "before kinesis snapshot"


def fail_first_flush(history: History, lines_per_epoch: int, epoch: int) -> None:
    """Run until the sink is asked to flush an epoch, before the far end took any of it."""
    _, kinds = crash_free(lines_per_epoch)
    starts = [number for number, kind in enumerate(kinds) if kind == AFTER_BATCH]
    flushes_before = kinds[: starts[epoch - 1]].count(FLUSH)
    crashed = history.run(lines_per_epoch, Fuse(flushes_before, FLUSH))
    assert crashed.fuse.has_burned
    assert epoch == len(crashed.marks)
    assert crashed.committed == len(history.far_end.stored)


@pytest.mark.parametrize(("wake", "verdict"), [(WakeSource, "EXACT"), (no_wake, "LOSS")])
@pytest.mark.parametrize(
    ("lines_first", "epoch", "lines_then"),
    [(64, 1, 1), (64, 2, 1), (64, 3, 1), (64, 2, 7), (64, 3, 7), (7, 2, 1), (7, 16, 1)],
)
def test_lane_rows_of_a_dead_epoch_lose_no_message(
    lines_first: int, epoch: int, lines_then: int, wake: Wake, verdict: str
) -> None:
    """With the wake all messages come; without it the profiles are right and messages missing."""
    expected, _ = crash_free(lines_first)
    with new_history(wake=wake) as history:
        fail_first_flush(history, lines_first, epoch)
        assert history.rows("join", epoch)
        crashed = history.run(lines_then, Fuse(1, AFTER_BATCH))
        assert crashed.fuse.has_burned
        assert (wake is WakeSource) == (history.rows("join", epoch) == set(LANE_NAMES))
        history.run(lines_first, Fuse())
        outcome = history.outcome()
        assert Verdict[verdict] == judge(history, expected)
        assert expected.lanes == outcome.lanes
        assert sorted(expected.rejects) == sorted(outcome.rejects)


@pytest.mark.parametrize("wake", [WakeSource, no_wake])
def test_the_rejects_row_of_a_dead_epoch_repeats_no_reject(wake: Wake) -> None:
    """With the wake each reject stands once; without it one that was never committed stays too.

    The file is longer in the dead epoch 1 than in the epoch 1 that was committed, so the third
    execution would cut it back too little.
    """
    expected, _ = crash_free(1)
    wakes = int(wake is WakeSource)
    with new_history(wake=wake, rows_stay=True) as history:
        history.run(64, Fuse(1, AFTER_BATCH))
        history.uncommit()
        assert {"0"} == history.rows("rejects", 1)
        crashed = history.run(1, Fuse(wakes, "after rejects write"))
        assert crashed.fuse.has_burned
        assert len(crashed.marks) > 1
        history.run(1, Fuse())
        repeated = [] if wakes else expected.rejects[:1]
        assert [*repeated, *expected.rejects] == history.outcome().rejects
