"""One process of this project's job for `benchmarks.processes`; prints JSON.

Everything runs but the network: records are acknowledged the moment they reach the sink. Each input
first gives out its share of the fill as fast as it can, and from a given moment on so many lines a
second. What the process used is noted between two moments that all processes share.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.outputs import StatefulSinkPartition
from msgspec.structs import replace

from benchmarks.contenders.join_ours import DESTINATION
from benchmarks.harness import pin
from connectors.jsonl import JsonlBatch, JsonlSource
from connectors.kinesis import DeliveryStats, KinesisRecord, KinesisSink
from flows import read
from flows.destination import DeadLetters, Destination, Input, Jsonl, Rejects, State
from flows.lanes import SINK_PARTITIONS, sink_partition_of
from flows.place import ALONE, Place
from flows.runner import execution
from flows.runner.progress import Progress


@dataclass
class Window:
    """What this process did between two moments, on the wall clock in seconds since 1970.

    `rate` is in lines a second for each input, 0 for as fast as it can; `fill` in lines. What is
    counted is what went through the join here, whichever process read it: what was read may wait.
    """

    begin: float
    end: float
    rate: float
    fill: int
    taken: Callable[[], int] = lambda: 0
    marks: tuple[tuple[float, float, int], ...] = ()

    def look(self, now: float) -> bool:
        """Note the clocks at either end; say whether it is over."""
        if len(self.marks) == (0 if now < self.end else 1) and now >= self.begin:
            self.marks += ((now, time.process_time(), self.taken()),)
        return now >= self.end

    def found(self) -> dict[str, float]:
        """Give wall_s, cpu_s and the fragments joined."""
        first, last = self.marks
        wall_s, cpu_s, taken = (end - start for start, end in zip(first, last, strict=True))
        return {"wall_s": wall_s, "cpu_s": cpu_s, "fragments": taken}


class SteadySource(FixedPartitionedSource[JsonlBatch, bytes]):
    """An input with the pace of a window; it ends with it."""

    def __init__(self, source: JsonlSource, window: Window) -> None:
        """Open nothing yet."""
        self._source = source
        self._window = window

    def list_parts(self) -> list[str]:
        """List the input's partitions."""
        return self._source.list_parts()

    def build_part(
        self, step_id: str, for_part: str, resume_state: bytes | None
    ) -> StatefulSourcePartition[JsonlBatch, bytes]:
        """Open the partition."""
        return _SteadyPartition(
            self._source.build_part(step_id, for_part, resume_state), self._window
        )


class _SteadyPartition(StatefulSourcePartition[JsonlBatch, bytes]):
    def __init__(self, part: StatefulSourcePartition[JsonlBatch, bytes], window: Window) -> None:
        self._part = part
        self._window = window
        self._given = 0
        self._due = 0.0

    def next_batch(self) -> list[JsonlBatch]:
        now, window = time.time(), self._window
        if window.look(now):
            raise StopIteration
        if now < self._due:
            return []
        batches = list(self._part.next_batch())
        self._given += sum(len(batch.lines) for batch in batches)
        if self._given >= window.fill:
            ahead_s = (self._given - window.fill) / window.rate if window.rate else 0.0
            self._due = window.begin + ahead_s
        elif now >= window.begin:
            raise RuntimeError(f"only {self._given:,} lines when the measurement was to begin")
        return batches

    def next_awake(self) -> datetime:
        due = min(self._due, time.time() + 0.1)  # often enough for the ends of the window
        return datetime.fromtimestamp(due, timezone.utc)

    def snapshot(self) -> bytes:
        return self._part.snapshot()

    def close(self) -> None:
        self._part.close()


class AtOnceSink(KinesisSink):
    """Acknowledges each record at once."""

    def build_part(
        self, step_id: str, for_part: str, resume_state: None
    ) -> StatefulSinkPartition[list[KinesisRecord], None]:
        """Open a partition."""
        return _AtOncePartition(self.stats)


class _AtOncePartition(StatefulSinkPartition[list[KinesisRecord], None]):
    def __init__(self, stats: DeliveryStats) -> None:
        self._stats = stats

    def write_batch(self, values: list[list[KinesisRecord]]) -> None:
        for records in values:
            self._stats.offered += len(records)
            self._stats.acknowledged += len(records)

    def snapshot(self) -> None:
        return None


def destination(inputs: list[str], folder: Path, epoch_s: float) -> Destination:
    """Give the destination of the join's benchmark with these files as its inputs."""
    return replace(
        DESTINATION,
        inputs=tuple(
            Input(name=f"lines-{number}", jsonl=Jsonl(path=path))
            for number, path in enumerate(inputs)
        ),
        rejects=Rejects(path=str(folder / "rejects")),
        dead_letters=DeadLetters(path=str(folder / "dead-letters")),
        state=State(path=str(folder / "state"), epoch_s=epoch_s),
    )


def run(given: Destination, place: Place, window: Window) -> Progress:
    """Run one process of the job until the window is over; give its counts."""

    def started(progress: Progress) -> None:
        window.taken = lambda: progress.funnel.taken

    def source(name: str, *arguments: Any, **named: Any) -> Any:
        made = JsonlSource(name, *arguments, **named)
        return SteadySource(made, window) if name.startswith("lines-") else made

    def sink(_destination: Destination) -> KinesisSink:
        return AtOnceSink("benchmark", partitions=SINK_PARTITIONS, part_fn=sink_partition_of)

    with (
        patch.object(read, "JsonlSource", source),
        patch.object(execution, "kinesis_sink", sink),
    ):
        return execution.run(given, fresh=False, started=started, place=place)


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.processes_child")
    parser.add_argument("folder", type=Path, help="for the process's state")
    parser.add_argument("inputs", nargs="+", help="JSONL files")
    parser.add_argument("--fill", type=int, required=True, help="lines of each input before")
    parser.add_argument("--rate", type=float, required=True, help="lines a second of each input")
    parser.add_argument("--begin", type=float, required=True, help="seconds since 1970")
    parser.add_argument("--end", type=float, required=True, help="seconds since 1970")
    parser.add_argument("--epoch-s", type=float, required=True)
    parser.add_argument("--process", type=int, default=0)
    parser.add_argument("--addresses", nargs="*", default=[])
    parser.add_argument("--cpu", type=int, help="core to stay on")
    asked = parser.parse_args()
    pin(asked.cpu)
    window = Window(asked.begin, asked.end, asked.rate, asked.fill)
    place = ALONE
    if asked.addresses:
        place = Place(asked.process, tuple(asked.addresses), has_own_disk=True)
    progress = run(destination(asked.inputs, asked.folder, asked.epoch_s), place, window)
    counts = {"received": progress.funnel.received, "taken": progress.funnel.taken}
    print(json.dumps({**window.found(), **counts}))


if __name__ == "__main__":
    main()
