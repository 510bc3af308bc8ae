"""A job that is told to stop delivers and commits what it has read: nothing comes twice."""

from __future__ import annotations

import signal

import pytest

from tests.judges.verdict import Verdict
from tests.kill9.history import new_history
from tests.kill9.job import Blow
from tests.kill9.verdicts import assert_nothing_is_lost
from tests.kill9.workload import INPUTS, LINES, MAX_IN_FLIGHT

STOPS = 3


@pytest.mark.parametrize("processes", [1, 2])
def test_clean_stops_and_starts_are_as_if_there_had_been_none(processes: int) -> None:
    """Each stop comes in the middle of the work and ends with 0; every message comes once."""
    with new_history() as history:
        for _ in range(STOPS):
            requests = processes * MAX_IN_FLIGHT + 1
            blow = Blow("answer", requests, signal=signal.SIGTERM, to="first")
            stopped = history.run(blow, processes=processes)
            assert 0 == stopped.code, history.talk
            assert requests <= stopped.requests
            assert any(stopped.after.lines[name] < LINES for name in INPUTS)
            assert set() == stopped.after.unfinished
        history.run(processes=processes)
        assert_nothing_is_lost(history)
        assert Verdict.EXACT == history.verdict().worst
