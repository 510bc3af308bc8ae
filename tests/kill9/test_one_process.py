"""One process, killed at any moment and started again: nothing is lost, nothing out of order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from random import Random

from connectors.kinesis.testing.faults import slow
from tests.judges.verdict import Verdict
from tests.kill9.history import DEATHS, Execution, crash_free, new_history
from tests.kill9.job import Blow, random_blows
from tests.kill9.verdicts import assert_nothing_is_lost
from tests.kill9.workload import MAX_IN_FLIGHT, expected

AT_A_TIME = 2
"""Histories played at once: a process that starts leaves the machine idle now and then."""

SLOW_ANSWER_S = 0.1
"""Many times what an epoch of a file takes, on a busy machine too."""


def play(seed: int) -> tuple[list[Execution], Verdict]:
    """Kill and start again until the input ends; returns the kills that hit, and the verdict."""
    with new_history() as history:
        for blow in random_blows(Random(seed)):
            if history.run(blow).code not in DEATHS:
                break
        assert_nothing_is_lost(history, f"seed {seed}")
        return history.kills, history.verdict().worst


def test_without_a_kill_the_oracle_s_messages_come_out() -> None:
    """The run that every other is compared with is itself right, and worth killing."""
    with new_history() as history:
        history.run()
        assert_nothing_is_lost(history)
        assert Verdict.EXACT == history.verdict().worst
        assert len(expected().reject_reasons) == len(history.outcome().rejects) > 100
        assert history.far_end.requests > 5 * MAX_IN_FLIGHT


def test_kills_at_any_moment_lose_nothing(kills_wanted: int) -> None:
    """Whatever a kill interrupts, no more than an epoch comes twice, and profiles are the same.

    Kills come at random moments, between acceptance and answer, within snapshots and commits.
    """
    crash_free()
    kills: list[Execution] = []
    verdicts: set[Verdict] = set()
    seeds = count()
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        while len(kills) < kills_wanted or not any(kill.was_hit_in_commit for kill in kills):
            for found, verdict in pool.map(play, islice(seeds, AT_A_TIME)):
                kills += found
                verdicts.add(verdict)
    kinds = {kill.blow.how for kill in kills if kill.blow}
    assert {"answer", "silence", "lane", "sink", "commit"} == kinds
    assert Verdict.DUPLICATES in verdicts


def test_a_job_that_commits_what_it_has_not_delivered_is_found_out() -> None:
    """A sink that lets an epoch commit without its records loses some at a kill: verdict LOSS.

    The far end answers so slowly that commits run ahead of what it has taken.
    """
    with new_history() as history:
        history.far_end.fault = slow(SLOW_ANSWER_S)
        blow = Blow("silence", MAX_IN_FLIGHT + 1)
        assert history.run(blow, defect="no-flush").was_hit
        history.far_end.fault = None
        assert 0 == history.run().code
        assert Verdict.LOSS == history.verdict().worst
