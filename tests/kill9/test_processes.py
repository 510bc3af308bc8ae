"""Several processes under a supervisor: killed in part or whole, and started in other numbers."""

from __future__ import annotations

from collections import Counter
from itertools import count, cycle
from random import Random

import pytest

from tests.judges.verdict import Verdict
from tests.kill9.history import DEATHS, History, new_history
from tests.kill9.job import PROCESSES, Blow
from tests.kill9.verdicts import assert_nothing_is_lost
from tests.kill9.workload import MAX_IN_FLIGHT

pytestmark = pytest.mark.skipif(not PROCESSES.exists(), reason="processes are looked up in /proc")

TWO = 2


def kill(history: History, random: Random, to: str, processes: int = TWO) -> bool:
    """Run the job until a kill; False if the kill missed, or the input ended."""
    requests = processes * MAX_IN_FLIGHT + random.randint(1, 10)
    silent = random.choice(("answer", "silence"))
    delay_s = random.choice((0.0, random.uniform(0, 0.02)))
    execution = history.run(Blow(silent, requests, delay_s, to=to), processes=processes)
    if to == "member":
        return execution.code == 0 and execution.restarts_within > 0
    return execution.was_hit


def test_two_processes_come_to_what_one_does() -> None:
    """Without a kill messages, profiles and rejects are those of one process."""
    with new_history() as history:
        history.run(processes=TWO)
        assert_nothing_is_lost(history)
        assert Verdict.EXACT == history.verdict().worst


def test_kills_of_any_process_lose_nothing(kills_wanted: int) -> None:
    """All are killed at once, or the supervisor alone, or one of those that it looks after.

    A supervisor takes the others with it. Without one of them it starts all again by itself.
    """
    hits: Counter[str] = Counter()
    for seed in count():
        random, targets = Random(seed), cycle(("all", "first", "all", "first", "member"))
        with new_history() as history:
            for to in targets:
                hits[to] += kill(history, random, to)
                if history.executions[-1].code not in DEATHS:
                    break
            assert_nothing_is_lost(history, f"seed {seed}")
        if hits.total() >= kills_wanted // 5 and all(hits[to] for to in ("all", "first", "member")):
            break


def test_the_number_of_processes_can_change_at_any_kill() -> None:
    """1, 2, 4 and 1 processes, each killed in the middle of the work, end in the same profiles."""
    random = Random(9)
    with new_history() as history:
        for processes in (1, 2, 4, 1):
            assert kill(history, random, "all", processes), f"{processes}: {history.talk}"
        history.run(processes=TWO)
        assert_nothing_is_lost(history)
