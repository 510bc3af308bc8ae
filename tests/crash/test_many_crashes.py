"""Many crashes, one after the other: what one left behind is what the next one finds."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.crash.fuse import Fuse
from tests.crash.history import crash_free, judge, new_history


@pytest.mark.parametrize("lines_per_epoch", [1, 7, 64])
def test_crashing_all_the_way_to_the_end_loses_nothing(lines_per_epoch: int) -> None:
    """Each execution comes one point further than the one before it, until one reaches the end."""
    expected, _ = crash_free(lines_per_epoch, metadata=False)
    with new_history(metadata=False) as history:
        for at in count():
            if not history.run(lines_per_epoch, Fuse(at)).fuse.has_burned:
                break
        outcome = history.outcome()
        assert len(history.executions) > 30
        assert judge(history, expected).passes
        assert (expected.rejects, expected.lanes) == (outcome.rejects, outcome.lanes)


EXECUTIONS = st.tuples(st.sampled_from([1, 2, 7, 30, 64, 200]), st.integers(0, 150))


@settings(max_examples=50, derandomize=True, deadline=None)
@given(st.lists(EXECUTIONS, min_size=3, max_size=6), st.booleans())
def test_crashes_anywhere_in_epochs_of_any_size_lose_nothing(
    executions: list[tuple[int, int]], metadata: bool  # noqa: FBT001 - hypothesis gives it
) -> None:
    """Each execution has epochs of its own size; rejects within an epoch have no fixed order."""
    expected, _ = crash_free(64, metadata=metadata)
    with new_history(metadata=metadata) as history:
        for lines_per_epoch, at in executions:
            history.run(lines_per_epoch, Fuse(at))
        history.run(64, Fuse())
        outcome = history.outcome()
        assert judge(history, expected).passes
        assert expected.lanes == outcome.lanes
        assert sorted(expected.rejects) == sorted(outcome.rejects)
