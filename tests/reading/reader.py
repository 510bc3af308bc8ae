"""One process that reads the streams: the program that the round trips start, kill and stop.

It is the smallest dataflow that keeps what it read: `PacedSource(KinesisSource)` for each stream,
and files that hold a line for each record and are cut back to the last commit on a resume. What is
cut off is kept aside: it is what comes again.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

import bytewax.operators as op
import msgspec
from bytewax._bytewax import cluster_main
from bytewax.dataflow import Dataflow
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from bytewax.recovery import RecoveryConfig
from bytewax.testing import run_main
from typing_extensions import override

from connectors.kinesis import KinesisSource, KinesisSourceRecord
from connectors.lockstep import Lockstep
from connectors.paced import PacedSource, Pacing
from flows.runner.stop import on_signals
from tests.reading.judge import SNAPSHOT

EPOCH_S = 0.2
EPOCH_BYTES = 1 << 20
PARTS = ("0", "1", "2")
READY = "a signal stops it now"


class Task(msgspec.Struct, frozen=True):
    """What a process is to do.

    Attributes:
        url: the endpoint.
        streams: what it reads.
        folder: where the recovery store is, and the files.
        execution: its number.
        process: its index.
        addresses: those of all processes; none: it is alone.
    """

    url: str
    streams: list[str]
    folder: str
    execution: int
    process: int
    addresses: list[str]


class _Part(StatefulSinkPartition[str, int]):
    def __init__(self, path: Path, aside: Path, committed: int) -> None:
        self._file = path.open("a+b")
        self._file.seek(committed)
        taken_back = self._file.read()
        self._file.truncate(committed)
        aside.write_bytes(taken_back)

    @override
    def write_batch(self, values: list[str]) -> None:
        self._file.write("".join(values).encode())
        self._file.flush()

    @override
    def snapshot(self) -> int:
        self.write_batch([f"{SNAPSHOT}\n"])
        return self._file.tell()

    @override
    def close(self) -> None:
        self._file.close()


class _Files(FixedPartitionedSink[str, int]):
    def __init__(self, folder: Path, execution: int) -> None:
        self._folder = folder
        self._execution = execution

    @override
    def list_parts(self) -> list[str]:
        return list(PARTS)

    @override
    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> _Part:
        aside = self._folder / f"again-{self._execution}-{for_part}"
        return _Part(self._folder / f"out-{for_part}", aside, resume_state or 0)


def _lines(stream: str, records: list[KinesisSourceRecord]) -> tuple[str, str]:
    """Give a shard and lines of its records: their files are dealt out by the shard."""
    shard = f"{stream}/{records[0].shard_id}"
    lines = [
        f"{shard} {record.ordinal} {record.sequence_number} {record.data.decode()}\n"
        for record in records
    ]
    return shard, "".join(lines)


def _bytes_of(records: list[KinesisSourceRecord]) -> int:
    return sum(len(record.data) for record in records)


def flow_of(task: Task, pacing: Pacing) -> Dataflow:
    """Build the dataflow."""
    flow = Dataflow("reading")
    read = []
    for stream in task.streams:
        source = PacedSource(
            KinesisSource(stream, region="us-east-1", endpoint_url=task.url),
            pacing,
            size_of=_bytes_of,
        )
        lists = op.input(f"read-{stream}", flow, source)
        read.append(op.map(f"lines-{stream}", lists, partial(_lines, stream)))
    op.output("files", op.merge("all", *read), _Files(Path(task.folder), task.execution))
    return flow


def main() -> None:
    """Read until SIGTERM; the argument is the task as JSON."""
    task = msgspec.json.decode(sys.argv[1], type=Task)
    lockstep = Lockstep(EPOCH_S, EPOCH_BYTES) if task.addresses else None
    pacing = Pacing(lockstep=lockstep)
    flow = flow_of(task, pacing)
    recovery = RecoveryConfig(str(Path(task.folder) / "store"))
    epoch = timedelta(seconds=EPOCH_S)
    with on_signals(lambda _: pacing.stop.set(), lambda _: None):
        sys.stdout.write(f"{READY}\n")
        sys.stdout.flush()
        if lockstep is None:
            run_main(flow, epoch_interval=epoch, recovery_config=recovery)
        else:
            cluster_main(
                flow,
                task.addresses,
                task.process,
                epoch_interval=lockstep.engine_interval,
                recovery_config=recovery,
                worker_count_per_proc=1,
            )
