"""One process of a two-process cluster whose two workers take different times for a step.

It is the program that the stall proof watches: each process reads an endless source, one item a
batch, through a step that sleeps, and says at its end how much of each second it spent in that
step. That is how often its source was asked, free of how busy the machine was.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from datetime import timedelta

import bytewax.operators as op
from bytewax._bytewax import cluster_main
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.testing import TestingSink
from typing_extensions import override

from connectors.lockstep import Lockstep
from connectors.paced import PacedSource, Pacing

LOCKSTEP = Lockstep(period_s=1.0, bytes_per_epoch=1 << 20)


class _Endless(StatefulSourcePartition[int, int]):
    def __init__(self, end: float) -> None:
        self._end = end

    @override
    def next_batch(self) -> list[int]:
        if time.monotonic() >= self._end:
            raise StopIteration
        return [0]

    @override
    def snapshot(self) -> int:
        return 0


class _Source(FixedPartitionedSource[int, int]):
    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self.end = 0.0

    @override
    def list_parts(self) -> list[str]:
        return ["0", "1"]  # Bytewax gives each worker one

    @override
    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> _Endless:
        self.end = time.monotonic() + self._seconds
        return _Endless(self.end)


def main() -> None:
    """Run; the arguments are this process's index, all addresses, seconds, a step's, and how."""
    index, addresses, seconds, step_s, how = sys.argv[1:]
    lockstep = LOCKSTEP if how == "lockstep" else None
    source = _Source(int(seconds))
    worked = [0.0] * int(seconds)
    never = threading.Event()

    def work(item: int) -> int:
        started = time.monotonic()
        never.wait(float(step_s))
        ended = time.monotonic()
        if ended < source.end:
            worked[int(ended - source.end)] += ended - started  # -1, the last second, comes last
        return item

    flow = Dataflow("stalling")
    read = op.input("read", flow, PacedSource(source, Pacing(lockstep=lockstep)))
    op.output("nowhere", op.map("work", read, work), TestingSink([]))
    cluster_main(
        flow,
        addresses.split(","),
        int(index),
        epoch_interval=lockstep.engine_interval if lockstep else timedelta(seconds=1),
        worker_count_per_proc=1,
    )
    json.dump(worked, sys.stdout)
