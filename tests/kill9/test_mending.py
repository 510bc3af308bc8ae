"""Accidents that a supervised job gets over without a person.

Each takes time to be noticed, so all are played at once, and each test waits for its own.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from connectors.kinesis.testing.faults import REFUSALS
from tests.kill9.far_end import FarEnd
from tests.kill9.history import History, crash_free, new_history
from tests.kill9.job import PROCESSES, Blow
from tests.kill9.verdicts import assert_nothing_is_lost
from tests.kill9.workload import MAX_IN_FLIGHT
from tests.support.program import TIMEOUT_S

pytestmark = pytest.mark.skipif(not PROCESSES.exists(), reason="processes are looked up in /proc")

TWO = 2
UNDER_WAY = TWO * MAX_IN_FLIGHT + 1
"""Requests after which the work is under way."""

IS_RELEASE = os.environ.get("HYPOTHESIS_PROFILE") == "release"
OUTAGE_S = 60 if IS_RELEASE else 0
"""Least time that the far end is gone, seconds."""

GIVEN_UP = 2 if IS_RELEASE else 1
"""Times that the job has given up, at least, before the far end is back."""

UNREACHABLE = 69
GIVE_UP = "--set=delivery.give_up_s=1"


Accident = Callable[[History], None]


def signalled(number: signal.Signals) -> Accident:
    """Give the accident that one process gets a signal."""

    def befall(history: History) -> None:
        history.run(Blow("answer", UNDER_WAY, signal=number, to="member"), processes=TWO)

    return befall


def outage(begin: Callable[[FarEnd], None], end: Callable[[FarEnd], None]) -> Accident:
    """Give the accident that the far end fails until the job has given up."""

    def befall(history: History) -> None:
        under_way = threading.Event()
        history.far_end.strike_after(UNDER_WAY, under_way.set, silent=False)
        with history.running(None, GIVE_UP, processes=TWO):
            assert under_way.wait(TIMEOUT_S), history.talk
            begin(history.far_end)
            until = time.monotonic() + OUTAGE_S
            wait_for(lambda: history.talk.count("restarting") >= GIVEN_UP)
            wait_for(lambda: time.monotonic() >= until)
            end(history.far_end)

    return befall


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until a condition of another process holds."""
    late = time.monotonic() + TIMEOUT_S + OUTAGE_S
    while not condition():
        assert time.monotonic() < late, "it does not come"
        threading.Event().wait(0.05)


def refuse(far_end: FarEnd) -> None:
    """Answer every request with an error of the service."""
    far_end.fault = REFUSALS["ServiceUnavailable"]


def accept(far_end: FarEnd) -> None:
    """Work again."""
    far_end.fault = None


ACCIDENTS: dict[str, Accident] = {
    "killed": signalled(signal.SIGKILL),
    "stopped": signalled(signal.SIGSTOP),
    "interrupted": signalled(signal.SIGINT),
    "refused": outage(refuse, accept),
    "gone": outage(FarEnd.go_away, FarEnd.come_back),
}


@pytest.fixture(scope="module")
def mended() -> Iterator[dict[str, Future[History]]]:
    """The history of each accident, while it is still going on."""

    def play(accident: Accident) -> History:
        with new_history() as history:
            accident(history)
            assert_nothing_is_lost(history)
        return history

    crash_free()
    with ThreadPoolExecutor(len(ACCIDENTS)) as pool:
        yield {name: pool.submit(play, accident) for name, accident in ACCIDENTS.items()}


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_a_supervised_job_gets_over_an_accident(
    mended: dict[str, Future[History]], accident: str
) -> None:
    """It is started again as often as it takes, comes to its end, and has lost nothing.

    One process is killed, stopped or interrupted; the far end refuses everything for longer than
    the job waits for it, or is gone.
    """
    (execution,) = mended[accident].result().executions
    assert execution.restarts_within > 0


def test_a_job_that_gave_up_goes_on_when_it_is_started_again() -> None:
    """Without a supervisor an outage ends the job with 69, each time, and loses nothing."""
    with new_history() as history:
        history.far_end.strike_after(
            MAX_IN_FLIGHT + 1, lambda: refuse(history.far_end), silent=False
        )
        codes = [history.run(None, GIVE_UP).code for _ in range(2)]
        assert [UNREACHABLE, UNREACHABLE] == codes
        accept(history.far_end)
        history.run()
        assert_nothing_is_lost(history)
