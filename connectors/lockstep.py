"""Lockstep: when the partitions of a dataflow of several workers hold back. Pure.

Promise: no worker comes to be ahead of the others for good, and none reads far more than they can
take.

- Bytewax 0.21.1 measures a partition's epoch from the end of its last one, and the wait for the
  slowest worker counts. Steps of different length put one worker ahead a little in each epoch, and
  once that is a whole epoch, it gives out one batch an epoch from then on (bytewax issue #556).
  `tests/cluster` shows it, and that it does not happen here.
- Bytewax holds sources back only where epochs end, so what is read in between piles up before a
  slower worker.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from msgspec import Struct

HOLD_S: Final = 1.0
"""Longest hold before an epoch's end, seconds: what a worker makes up for in one epoch. A stop has
to wait for it, as any call to the partition in that time would end the epoch."""


class Lockstep(Struct, frozen=True):
    """How the processes of one dataflow keep in step.

    Attributes:
        period_s: how long an epoch is, seconds; one that has to make up for a lead is up to
            `HOLD_S` longer.
        bytes_per_epoch: most bytes that the partitions of a process give out in an epoch together.
            Each gives out at least one batch an epoch, and the last one may go over.
    """

    period_s: float
    bytes_per_epoch: int

    @property
    def lead_s(self) -> float:
        """How long a worker may wait for the others at an epoch's end before it makes up for it.

        A wait up to a twentieth of the period is cheaper than a hold, and most of it is the commit.
        """
        return self.period_s / 20

    @property
    def engine_interval(self) -> timedelta:
        """The epoch interval that the engine is to be given."""
        return timedelta(seconds=self.period_s)


class Epoch:
    """When one partition holds back, so that its epoch ends when the others' do.

    The engine ends a partition's epoch in the first activation that is its interval or more after
    the one that ended the epoch before. Only a partition that asks to be called keeps activations
    coming, so a hold that begins in time moves the end: by what the partition had to wait for the
    others when the epoch began. The slowest never holds. Nothing here depends on clocks that agree,
    nor on steps that take the same time; a lead of any length goes, `HOLD_S` an epoch.

    Attributes:
        due: when the engine would end it, at the soonest.
        end: when it is to end.
        over: whether the newest call was the one after which it ends.
    """

    def __init__(self, lockstep: Lockstep, now: float) -> None:
        self._period_s = lockstep.period_s
        self._lead_s = lockstep.lead_s
        self._round_s = 0.0
        self.begin(now)

    def begin(self, now: float) -> None:
        """Begin; `now` is seconds since 1970."""
        self._began = now
        self.due = self.end = now + self._period_s
        self.over = False

    def waited(self, wait_s: float) -> None:
        """Take note of how long the partition had to wait for the others and the commit."""
        # A wait of up to a round comes from where the rounds happened to fall.
        lead_s = wait_s - self._lead_s - self._round_s
        self.end = self.due + min(max(0.0, lead_s), HOLD_S)

    def holds(self, now: float, late_s: float, *, full: bool) -> bool:
        """Whether the partition is to give nothing now.

        Args:
            now: seconds since 1970.
            late_s: how long after it could have come the engine's call came: what a round of the
                worker takes, so that the next call could come as late again.
            full: whether the process gave out all that it may in this epoch.
        """
        self.over = False
        if not self._began <= now < self.end:
            # The engine ends the epoch after this call. If it does not, the clock was put back; the
            # partition must not wait until the old time comes again.
            self.begin(now)
            self.over = True
            return False
        self._round_s = late_s
        # Twice: the engine's epoch began up to a round before the snapshot that we saw.
        ends = self.due < self.end and now + min(2 * late_s, HOLD_S) >= self.due
        return full or ends
