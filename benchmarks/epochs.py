"""Notes when epochs end, around the source of a dataflow, whoever wrote the dataflow.

Bytewax asks a source for its `snapshot` when its epoch ends, and for the next batch only once all
that came before is through the dataflow, in the recovery store and committed. So between two such
moments each line was read, joined, sent, acknowledged (by a sink that waits for answers) and
committed: a rate taken between them hides nothing and has no start-up in it, and the time from
`snapshot` to the next batch is how long the flow stood still.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

X = TypeVar("X")
S = TypeVar("S")


@dataclass(frozen=True)
class Commit:
    """The end of an epoch.

    Attributes:
        lines: given out by the source in all epochs up to here.
        acknowledged: records acknowledged up to here.
        wall_s, cpu_s: clocks when it was committed, the latter of all threads of the process.
        pause_s: how long the source had been waiting for that.
    """

    lines: int
    acknowledged: int
    wall_s: float
    cpu_s: float
    pause_s: float


class Epochs:
    """The commits of one run.

    Attributes:
        commits: in their order.
        first_asked_s: when the source was first asked for lines, on the clock of `wall_s`. By then
            Bytewax has read all state back.

    Args:
        acknowledged: counts the records acknowledged so far.
        enough: is asked after each commit whether the input is to end here.
    """

    def __init__(
        self,
        acknowledged: Callable[[], int],
        enough: Callable[[list[Commit]], bool] = lambda _commits: False,
    ) -> None:
        """Start without commits."""
        self.commits: list[Commit] = []
        self.first_asked_s: float | None = None
        self._acknowledged = acknowledged
        self._enough = enough
        self._lines = 0
        self._ended_at: float | None = None

    def given_out(self, lines: int) -> None:
        """Count lines."""
        self._lines += lines

    def ended(self) -> None:
        """Note that the source's epoch has ended."""
        self._ended_at = time.perf_counter()

    def asked(self) -> bool:
        """Note that the source is asked for more; say whether the input is to end."""
        now = time.perf_counter()
        if self.first_asked_s is None:
            self.first_asked_s = now
        if self._ended_at is None:
            return False
        pause_s, self._ended_at = now - self._ended_at, None
        acknowledged = self._acknowledged()
        commit = Commit(self._lines, acknowledged, now, time.process_time(), pause_s)
        self.commits.append(commit)
        return self._enough(self.commits)


class WatchedSource(FixedPartitionedSource[X, S]):
    """A source of one partition, unchanged but for what `epochs` is told.

    Args:
        source: what is watched.
        epochs: is told.
        lines: how many lines an item holds.
    """

    def __init__(
        self, source: FixedPartitionedSource[X, S], epochs: Epochs, lines: Callable[[X], int]
    ) -> None:
        """Open nothing yet."""
        self._source = source
        self._epochs = epochs
        self._lines = lines

    def list_parts(self) -> list[str]:
        """List the source's partitions."""
        return self._source.list_parts()

    def build_part(
        self, step_id: str, for_part: str, resume_state: S | None
    ) -> StatefulSourcePartition[X, S]:
        """Open the partition."""
        part = self._source.build_part(step_id, for_part, resume_state)
        return _WatchedPartition(part, self._epochs, self._lines)


class _WatchedPartition(StatefulSourcePartition[X, S], Generic[X, S]):
    def __init__(
        self, part: StatefulSourcePartition[X, S], epochs: Epochs, lines: Callable[[X], int]
    ) -> None:
        self._part = part
        self._epochs = epochs
        self._lines = lines

    def next_batch(self) -> list[X]:
        if self._epochs.asked():
            raise StopIteration
        items = list(self._part.next_batch())
        self._epochs.given_out(sum(map(self._lines, items)))
        return items

    def next_awake(self) -> datetime | None:
        return self._part.next_awake()

    def snapshot(self) -> S:
        self._epochs.ended()
        return self._part.snapshot()

    def close(self) -> None:
        self._part.close()
