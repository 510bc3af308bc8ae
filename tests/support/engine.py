"""How Bytewax 0.21.1 calls a source's partition, in a time of its own: `src/inputs.rs`, retold.

In an activation it asks a partition that is due for a batch, then ends the partition's epoch if the
interval has passed since the activation that ended the one before, and snapshots it. After that it
asks for nothing until all workers have ended that epoch. Left out: everything behind the sources,
but for the time that a batch takes there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bytewax.inputs import StatefulSourcePartition

COOLDOWN_S = 0.001
"""How long the engine lets a partition be that gave nothing and named no time."""


class Clock:
    """Seconds since 1970 that pass only when told."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        """Start at a multiple of any whole period up to 10 s."""
        self.now = now

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


class Engine:
    """One worker with one source partition.

    Attributes:
        awake: when the partition may be asked next, seconds since 1970.
        given: all items that it gave out.
        calls: when it was asked for a batch.
        ends: when its epochs ended.
        states: the snapshots it took, one an epoch.
        ended: whether the partition's input ended.
        ready: when the worker looks after it next.
    """

    def __init__(
        self,
        part: StatefulSourcePartition[Any, Any],
        interval: timedelta,
        clock: Clock,
        step_s: float = 0.0,
    ) -> None:
        """Start the first epoch now; `step_s` is how long a batch takes behind the source."""
        self.part = part
        self.clock = clock
        self.step_s = step_s
        self.interval_s = interval.total_seconds()
        self.started = clock.now
        self.given: list[Any] = []
        self.calls: list[float] = []
        self.ends: list[float] = []
        self.states: list[Any] = []
        self.ended = False
        self.ready = clock.now
        self.awake = seconds(part.next_awake(), clock.now)

    def activate(self) -> int:
        """Do what one activation does; give the number of items that it brought."""
        now, count = self.clock.now, 0
        if now >= self.awake:
            self.calls.append(now)
            try:
                batch = list(self.part.next_batch())
            except StopIteration:
                self.ended = True
            else:
                count = len(batch)
                self.given += batch
                idle = now if batch else now + COOLDOWN_S
                self.awake = seconds(self.part.next_awake(), idle)
        if self.ended or now - self.started >= self.interval_s:
            self.states.append(self.part.snapshot())
            self.ends.append(now)
            self.started = now
        if self.ended:
            self.part.close()
        return count


def seconds(awake: datetime | None, default: float) -> float:
    """Give a time as seconds since 1970."""
    return default if awake is None else awake.timestamp()


def run(engines: Sequence[Engine], until: float) -> None:
    """Let workers that share an epoch barrier and a clock run until a time, or all inputs end."""
    clock = engines[0].clock
    while running := [engine for engine in engines if not engine.ended]:
        engine = min(running, key=lambda each: each.ready)
        if engine.ready >= until:
            break
        clock.now = max(clock.now, engine.ready)
        if any(len(other.ends) < len(engine.ends) for other in running):
            engine.ready = clock.now + COOLDOWN_S  # the others have not ended that epoch
        elif engine.activate():
            engine.ready = max(clock.now + engine.step_s, engine.awake)
        else:
            engine.ready = max(clock.now + COOLDOWN_S, engine.awake)
    clock.now = max(clock.now, until)
