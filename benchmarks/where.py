"""Where the time of this project's job goes, step by step, while the job runs.

The calls that Bytewax makes are timed, a few hundred a batch of 8,192 lines, so the job is hardly
slower for it. CPU time is that of the worker's thread, so what other threads use while a step waits
for the lock of Python is not in it. What is left after all steps is Bytewax's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any
from unittest.mock import patch

from benchmarks.epochs import Epochs, _WatchedPartition
from connectors.kinesis.dispatch import Dispatcher
from flows.join import Lane
from flows.route import Router

FLUSH, PACK, COMMIT = "snapshot: flush", "snapshot: pack lanes", "snapshot: pickle, SQLite, commit"
OTHERS = "deliver: I/O threads"
ENGINE = "Bytewax between the steps"
STEPS: tuple[tuple[str, type, str], ...] = (
    ("read", _WatchedPartition, "next_batch"),
    ("route", Router, "to_lanes"),
    ("join", Lane, "on_batch"),
    ("deliver: take, batch, encode", Dispatcher, "write"),
    (FLUSH, Dispatcher, "flush"),
    (PACK, Lane, "snapshot"),
)


class Where:
    """Times by step, between the first and the last call of `note`."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._steps = {name: [0.0, 0.0] for name, _owner, _method in STEPS}  # CPU, wall
        self._commit = [0.0, 0.0]
        self._notes: list[dict[str, list[float]]] = []
        self._ended = [0.0, 0.0]

    def note(self) -> None:
        """Note the times so far; called by the worker's thread."""
        worker_s, all_s = time.thread_time(), time.process_time()
        known = {**self._steps, COMMIT: self._commit}
        left_s = worker_s - sum(cpu_s for cpu_s, _wall_s in known.values())
        self._notes.append(
            {
                **{name: [*times] for name, times in known.items()},
                ENGINE: [left_s, 0.0],
                OTHERS: [all_s - worker_s, 0.0],
            }
        )

    def found(self) -> dict[str, dict[str, float]]:
        """Give {step: {cpu_s, wall_s}}; the wall clock is 0 where there is none."""
        first, last = self._notes[0], self._notes[-1]
        return {
            name: {"cpu_s": cpu_s - first[name][0], "wall_s": wall_s - first[name][1]}
            for name, (cpu_s, wall_s) in last.items()
        }

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Time the steps for as long as the block runs."""
        with ExitStack() as patched:
            for name, owner, method in STEPS:
                timed = _timed(getattr(owner, method), self._steps[name])
                patched.enter_context(patch.object(owner, method, timed))
            for method, noted in (("ended", self._pause), ("asked", self._go_on)):
                before = _before(getattr(Epochs, method), noted)
                patched.enter_context(patch.object(Epochs, method, before))
            yield

    def _now(self) -> list[float]:
        """Give the clocks less what the steps took: what Bytewax itself has used so far."""
        taken = [sum(times) for times in zip(*self._steps.values(), strict=True)]
        return [time.thread_time() - taken[0], time.perf_counter() - taken[1]]

    def _pause(self) -> None:
        self._ended = self._now()

    def _go_on(self) -> None:
        if self._ended != [0.0, 0.0]:
            for clock, (now, then) in enumerate(zip(self._now(), self._ended, strict=True)):
                self._commit[clock] += now - then
            self._ended = [0.0, 0.0]


def _timed(function: Callable[..., Any], into: list[float]) -> Callable[..., Any]:
    @wraps(function)
    def timed(*arguments: Any) -> Any:
        wall_s, cpu_s = time.perf_counter(), time.thread_time()
        try:
            return function(*arguments)
        finally:
            into[0] += time.thread_time() - cpu_s
            into[1] += time.perf_counter() - wall_s

    return timed


def _before(function: Callable[..., Any], noted: Callable[[], None]) -> Callable[..., Any]:
    @wraps(function)
    def both(*arguments: Any) -> Any:
        noted()
        return function(*arguments)

    return both
