"""Pace: a stop flag, and epochs in step with other processes, around any Bytewax source.

Promise: what a paced source gives out, and the state it leaves, are its inner source's own, in the
same order. Pace only decides when:

- Once the stop flag is set each partition ends as if its input had ended, at most `LOOK_S`
  later (with lockstep, `HOLD_S` more), so that the dataflow drains and commits. What was not given
  out comes in the next run.
- With `Lockstep`, for dataflows of several workers, each partition's epochs end when the others' do
  and hold a bounded number of bytes: `connectors.lockstep` says why.

Left out: the engine itself waits by the wall clock, so a clock that is put back far stops idle
sources inside it, whatever is done here; and sources that keep no state (`DynamicSource`).
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Final, TypeVar

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from typing_extensions import override

from connectors.lockstep import Epoch, Lockstep

Item = TypeVar("Item")
State = TypeVar("State")

LOOK_S: Final = 1.0
"""Longest that a waiting partition goes without a look at the stop flag, seconds."""

_pinned = threading.local()


class Pacing:
    """What the sources of one process share. One worker calls them; any thread may look and stop.

    Attributes:
        stop: set it and the sources end.
        lockstep: for several workers.
        clock: seconds since 1970.
        batches: batches given out that hold anything.
        epochs: snapshots of partitions taken.
        epoch_wait_s: how long the newest change of epoch kept a partition waiting, from its
            snapshot, or from when it wanted to be called, if later, until it was asked for more,
            seconds: the slowest worker's lag, the flush of the sinks and the commit.
        epoch_waits_s: all of these together.
        given_bytes: bytes given out in epochs that have not ended; counted with lockstep alone.
    """

    def __init__(
        self,
        stop: threading.Event | None = None,
        *,
        lockstep: Lockstep | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.stop = threading.Event() if stop is None else stop
        self.lockstep = lockstep
        self.clock = clock
        self.batches = 0
        self.epochs = 0
        self.epoch_wait_s = 0.0
        self.epoch_waits_s = 0.0
        self.given_bytes = 0


class PacedSource(FixedPartitionedSource[Item, State]):
    """A source with the pace of its process.

    Args:
        source: what to read.
        pacing: what all sources of the process share.
        size_of: bytes of an item; without it they do not count against the bound of an epoch.
        offered: whether this process offers the partitions. Bytewax deals those of each source out
            from the first worker on, so sources of one partition would all be read by the first
            worker unless each is offered by another process.
    """

    def __init__(
        self,
        source: FixedPartitionedSource[Item, State],
        pacing: Pacing,
        *,
        size_of: Callable[[Item], int] | None = None,
        offered: bool = True,
    ) -> None:
        self._source = source
        self._pacing = pacing
        self._size_of = size_of
        self._offered = offered

    @override
    def list_parts(self) -> list[str]:
        """Return the source's partitions if they are offered; every worker's thread comes here."""
        if self._pacing.lockstep is not None:
            pin_thread()
        return self._source.list_parts() if self._offered else []

    @override
    def build_part(
        self, step_id: str, for_part: str, resume_state: State | None
    ) -> StatefulSourcePartition[Item, State]:
        """Build the source's partition, with pace."""
        inner = self._source.build_part(step_id, for_part, resume_state)
        return _Partition(inner, self._pacing, self._size_of)


class _Partition(StatefulSourcePartition[Item, State]):
    def __init__(
        self,
        inner: StatefulSourcePartition[Item, State],
        pacing: Pacing,
        size_of: Callable[[Item], int] | None,
    ) -> None:
        self._inner = inner
        self._pacing = pacing
        self._size_of = size_of
        self._clock = pacing.clock
        self._stopped = pacing.stop.is_set
        self._reached = False  # whether the inner partition was ever called
        self._first = True  # whether the next call is the first of its epoch
        self._held = False
        self._asks = True  # whether the inner partition is to say when it wants to be called
        self._inner_due: float | None = None
        self._expected = self._ended = 0.0  # the next call, at the soonest; the last epoch's end
        self._given_bytes = 0
        self._epoch = None
        if pacing.lockstep is not None:
            self._epoch = Epoch(pacing.lockstep, self._clock())
            self._bytes_max = pacing.lockstep.bytes_per_epoch

    @override
    def next_batch(self) -> list[Item]:
        now = self._clock()
        waits = self._inner_due is not None and now < self._inner_due
        # The first call is the source's even after a stop: an execution that commits an epoch must
        # have woken the lanes, or what a dead one left of them is taken for theirs.
        if self._stopped() and (self._reached or waits):
            raise StopIteration
        if self._first and self._reached:
            self._measure_wait(now)
        self._held = self._epoch is not None and self._holds(self._epoch, now)
        self._first = False
        if waits or self._held:
            return []
        self._reached = self._asks = True
        batch = list(self._inner.next_batch())
        if batch:
            self._pacing.batches += 1
            if self._epoch is not None and self._size_of is not None:
                size = sum(map(self._size_of, batch))
                self._given_bytes += size
                self._pacing.given_bytes += size
        return batch

    def _measure_wait(self, now: float) -> None:
        wait_s = max(0.0, now - max(self._ended, self._expected))
        self._pacing.epoch_wait_s = wait_s
        self._pacing.epoch_waits_s += wait_s
        if self._epoch is not None:
            self._epoch.waited(wait_s)

    def _holds(self, epoch: Epoch, now: float) -> bool:
        late_s = now - self._expected
        self._expected = now
        full = self._pacing.given_bytes >= self._bytes_max
        # The first call of an epoch came late because others were waited for, and gives something
        # whatever the rest gave: no partition starves.
        return not self._first and epoch.holds(now, late_s, full=full)

    @override
    def next_awake(self) -> datetime | None:
        if self._asks:
            # Once for each call of the inner partition, which may count from when it is asked.
            self._asks = False
            awake = self._inner.next_awake()
            self._inner_due = None if awake is None else awake.timestamp()
        epoch = self._epoch
        due = epoch.end if epoch is not None and self._held else self._inner_due
        if due is None:
            return None
        now = self._clock()
        due = min(due, now + LOOK_S)
        if epoch is not None and epoch.over:
            due = now  # so that the next call comes when the wait for the others ends
        elif epoch is not None and due >= epoch.due:
            due = epoch.end  # a call sooner would end the epoch too soon, and one later too late
        self._expected = max(now, due)
        return datetime.fromtimestamp(due, timezone.utc)

    @override
    def snapshot(self) -> State:
        self._ended = self._clock()
        self._first = True
        self._pacing.epochs += 1
        self._pacing.given_bytes -= self._given_bytes
        self._given_bytes = 0
        if self._epoch is not None:
            self._epoch.begin(self._ended)
        return self._inner.snapshot()

    @override
    def close(self) -> None:
        self._inner.close()


def pin_thread() -> None:
    """Let the calling worker's thread keep one Python thread state for its life.

    Bytewax enters Python anew for each callback. On a thread that Python did not start, each entry
    makes a thread state and destroys it again, with the thread's locals: most of a cluster's time
    (a `part_fn` takes 8 µs so, and 0.4 µs pinned; Bytewax 0.21.1 on Python 3.11). One
    PyGILState_Ensure that is never released keeps it; the state goes when the process does.
    The main thread has one anyway.
    """
    if threading.get_ident() == threading.main_thread().ident or hasattr(_pinned, "state"):
        return
    _pinned.state = ctypes.pythonapi.PyGILState_Ensure()
