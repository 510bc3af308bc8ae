"""Many crashes, one after the other: what one leaves behind is what the next one finds."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.crash.fuse import KINDS, Fuse
from tests.crash.history import crash_free, judge, new_history

SIZES = [1, 7, 64]
"""Lines of an epoch."""

EXECUTIONS = st.tuples(st.sampled_from(SIZES), st.integers(0, 5), st.sampled_from(KINDS))


@pytest.mark.parametrize("lines_per_epoch", SIZES)
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


@settings(max_examples=20, derandomize=True, deadline=None)
@given(st.lists(EXECUTIONS, min_size=1, max_size=4))
def test_crashes_with_many_requests_under_way_lose_nothing(
    executions: list[tuple[int, int, str]],
) -> None:
    """Whatever other requests do at the moment of the crash, order holds and nothing is lost."""
    expected, _ = crash_free(64)
    with new_history(in_flight=4) as history:
        for lines_per_epoch, at, kind in executions:
            history.run(lines_per_epoch, Fuse(at, kind))
        history.run(64, Fuse())
        assert judge(history, expected).passes
        assert expected.lanes == history.outcome().lanes


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.lists(EXECUTIONS, min_size=3, max_size=6), st.booleans())
def test_crashes_anywhere_in_epochs_of_any_size_lose_nothing(
    executions: list[tuple[int, int, str]],
    metadata: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    """Each execution has epochs of its own size, so rejects need not come in the same order."""
    expected, _ = crash_free(64, metadata=metadata)
    with new_history(metadata=metadata) as history:
        for lines_per_epoch, at, kind in executions:
            history.run(lines_per_epoch, Fuse(at, kind))
        history.run(64, Fuse())
        outcome = history.outcome()
        assert judge(history, expected).passes
        assert expected.lanes == outcome.lanes
        assert sorted(expected.rejects) == sorted(outcome.rejects)
