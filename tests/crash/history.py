"""A history: executions of the job on one recovery store, crashing or not, and what came of it.

Promise: everything that outlives a process outlives an execution here (the store, the rejects
file, what the far end took), and nothing else does. Each batch of lines is an epoch of its own, so
the last commit of an execution is known: an epoch's batch is asked for only after the epoch before
it was committed. That is checked against the epochs that the store resumed from.
"""

from __future__ import annotations

import os
import pickle
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bytewax.errors import BytewaxRuntimeError
from bytewax.inputs import FixedPartitionedSource
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSource, run_main

from connectors.jsonl import JsonlBatch, JsonlSink, JsonlSource
from connectors.kinesis import KinesisSink
from flows import profile_export, read
from flows.backfill import Backfill
from flows.funnel import Funnel
from flows.lanes import sink_partition_of
from flows.profile.state import pack_lane
from flows.wake import WakeSource
from tests.crash.far_end import FarEnd
from tests.crash.fragments import destination_in, typed, write_input
from tests.crash.fuse import Crash, Fuse
from tests.crash.wrapped import CrashingSink, CrashingSource, CrashingWake
from tests.judges.verdict import Restart, Verdict, stream_verdict

SINK_PARTITIONS = 4
"""Fewer than in production: each adds the same points to every epoch, and all share one buffer."""

MEMORY = Path("/dev/shm")  # noqa: S108 - each history makes a folder of its own there
"""Where Linux keeps files in memory: elsewhere a commit waits for the disk several times."""

EMPTY_LANE = pickle.dumps(pack_lane({}))
"""The row of a lane that holds no profile; some have one only because they were woken."""

RETRY = "retry"
"""Input of every job that is not in its configuration; its folder is missing here."""

Source = FixedPartitionedSource[JsonlBatch, bytes]
Wake = Callable[..., FixedPartitionedSource[Any, Any]]


def no_wake(*_: object) -> TestingSource[Any]:
    """Give a source that wakes nothing, to stand in the place of `WakeSource`."""
    return TestingSource([])


@dataclass(frozen=True)
class Outcome:
    """What a history leaves.

    Attributes:
        messages: what the far end took, by partition key.
        rejects: lines of the rejects file, without the name of the folder that the input is in.
        lanes: the newest row of each lane that holds a profile, as it stands in the store.
    """

    messages: dict[str, list[bytes]]
    rejects: list[bytes]
    lanes: dict[str, bytes]


@dataclass(frozen=True)
class Execution:
    """One execution.

    Attributes:
        fuse: its crash point, and the points it passed.
        start: how much the far end had taken when it began.
        marks: how much it had taken each time a batch was asked for, the end of input included;
            the last one of an execution that crashed is where its last commit was.
        asks: how much it had taken each time a backfill asked lanes; an ask is an epoch as well.
    """

    fuse: Fuse
    start: int
    marks: list[int] = field(default_factory=list)
    asks: list[int] = field(default_factory=list)

    @property
    def committed(self) -> int:
        """How much the far end had taken at the last commit."""
        return self.marks[-1] if self.marks else self.start


class History:
    """The executions on one recovery store.

    Attributes:
        far_end: the stream.
        executions: in order.
    """

    def __init__(
        self,
        folder: Path,
        *,
        metadata: bool,
        wake: Wake = WakeSource,
        rows_stay: bool = False,
        in_flight: int = 1,
    ) -> None:
        """Start with an empty store.

        Args:
            folder: an empty one.
            metadata: whether messages carry `_export`, by which equal ones can be told apart.
            wake: what wakes the lanes.
            rows_stay: leave the rows of past epochs in the store, so that `uncommit` works.
            in_flight: requests under way at a time. With one of them, and none sent before it is
                full or flushed, the points of an execution come in the same order each time.
        """
        self._in_flight = in_flight
        self.far_end = FarEnd()
        self.executions: list[Execution] = []
        self._folder = folder
        self._store = folder / "store"
        self._destination = typed(destination_in(folder, metadata=metadata))
        self._wake = wake
        self._backup_interval = timedelta(hours=1) if rows_stay else timedelta(0)
        write_input(folder)
        self._store.mkdir()
        init_db_dir(self._store, 1)

    def run(self, lines_per_epoch: int, fuse: Fuse, backfill: Backfill | None = None) -> Execution:
        """Run one execution until it crashes, or its input and its backfill end.

        Raises:
            AssertionError: it ended well although the fuse burned, or its counts do not add up.
        """
        execution = Execution(fuse, len(self.far_end.stored))
        self.executions.append(execution)
        funnel = Funnel()
        sink = KinesisSink(
            "leads",
            session=self.far_end.session(fuse),
            partitions=SINK_PARTITIONS,
            part_fn=sink_partition_of,
            max_in_flight=self._in_flight,
            linger_ms=1e9 if self._in_flight == 1 else 1,
        )
        rejects = JsonlSink(self._folder / "rejects", "rejects.jsonl", max_bytes=1 << 20)
        source = partial(_source, partial(CrashingSource, fuse, self._mark))
        wake = partial(CrashingWake, fuse, self._ask, self._wake)
        with (
            patch.object(read, "JsonlSource", source),
            patch.object(profile_export, "WakeSource", wake),
        ):
            flow = profile_export.get_flow(
                self._destination,
                deliver=CrashingSink(sink, "kinesis", fuse),
                reject=CrashingSink(rejects, "rejects", fuse),
                funnel=funnel,
                batch_lines=lines_per_epoch,
                backfill=backfill,
            )
        recovery = RecoveryConfig(self._store, self._backup_interval)
        try:
            run_main(flow, epoch_interval=timedelta(0), recovery_config=recovery)
        except (Crash, BytewaxRuntimeError) as error:
            if not isinstance(error, Crash) and not isinstance(error.__cause__, Crash):
                raise
        else:
            assert not fuse.has_burned, f"the crash {fuse.passed[-1]} was swallowed"
            funnel.require_balance()
            assert funnel.exported == sink.stats.acknowledged == sink.stats.offered
        return execution

    def _mark(self) -> None:
        self.executions[-1].marks.append(len(self.far_end.stored))

    def _ask(self) -> None:
        self.executions[-1].asks.append(len(self.far_end.stored))

    def uncommit(self) -> None:
        """Put the store back to where all rows of its last epoch were written, but not its end.

        A process can only be killed there; no exception of ours is raised between the two.
        """
        self._query(
            "UPDATE fronts SET worker_frontier = worker_frontier - 1"
            " WHERE ex_num = (SELECT MAX(ex_num) FROM fronts)"
        )
        self.executions[-1].marks.pop()

    def restarts(self) -> dict[str, list[Restart]]:
        """Give what the verdict may know of each restart, by partition key.

        Raises:
            AssertionError: the store resumed from another epoch than was counted here.
        """
        epochs = [row[0] for row in self._query("SELECT resume_epoch FROM exs ORDER BY ex_num")]
        stored = self.far_end.stored
        committed: Counter[str] = Counter()
        restarts: dict[str, list[Restart]] = {key: [] for key, _ in stored}
        pairs = zip(pairwise(self.executions), pairwise(epochs), strict=True)
        for (before, after), (first, then) in pairs:
            if before.fuse.has_burned:
                assert then - first == max(0, len(before.marks) - 1), "commits were miscounted"
            committed.update(key for key, _ in stored[before.start : before.committed])
            positions = Counter(key for key, _ in stored[: after.start])
            for key, known in restarts.items():
                known.append(Restart(positions[key], committed[key]))
        return restarts

    def outcome(self) -> Outcome:
        """Give what the history has left so far."""
        rows = self._query(
            "SELECT state_key, MAX(snap_epoch), ser_change FROM snaps"
            " WHERE step_id = 'profile-export.join' GROUP BY state_key"
        )
        rejects = (self._folder / "rejects" / "rejects.jsonl").read_bytes()
        return Outcome(
            self.far_end.messages(),
            rejects.replace(bytes(self._folder), b"").splitlines(keepends=True),
            {lane: row for lane, _, row in rows if row != EMPTY_LANE},
        )

    def rows(self, step: str, epoch: int) -> set[str]:
        """Give the keys of a step that have a row of an epoch in the store."""
        sql = "SELECT state_key FROM snaps WHERE step_id = ? AND snap_epoch = ?"
        return {row[0] for row in self._query(sql, f"profile-export.{step}", epoch)}

    def _query(self, sql: str, *args: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._store / "part-0.sqlite3")) as connection, connection:
            return connection.execute(sql, args).fetchall()


@contextmanager
def new_history(
    *,
    metadata: bool = True,
    wake: Wake = WakeSource,
    rows_stay: bool = False,
    in_flight: int = 1,
) -> Iterator[History]:
    """Give a history in a folder of its own, in memory where there is such a place."""
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield History(
            Path(folder), metadata=metadata, wake=wake, rows_stay=rows_stay, in_flight=in_flight
        )


@cache
def crash_free(lines_per_epoch: int, *, metadata: bool = True) -> tuple[Outcome, list[str]]:
    """Give what a run without a crash leaves, and the kinds of the points that it passes."""
    with new_history(metadata=metadata) as history:
        execution = history.run(lines_per_epoch, Fuse())
        return history.outcome(), execution.fuse.passed


def _source(crashing: Callable[..., Source], name: str, *args: Any, **kwargs: Any) -> Source:
    """Make a source that may crash, but for the input of retried rejects: it has none to read."""
    if name == RETRY:
        return JsonlSource(name, *args, **kwargs)
    return crashing(name, *args, **kwargs)


def judge(history: History, expected: Outcome) -> Verdict:
    """Give the verdict on what the far end took."""
    messages = history.far_end.messages()
    return stream_verdict(expected.messages, messages, history.restarts()).worst
