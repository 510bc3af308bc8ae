"""Wake: every execution begins by touching every lane, and a backfill asks them for their profiles.

Bytewax snapshots only what an epoch touched, and leaves in the store the rows of an epoch that
never committed. Without this, a lane row from a dead execution could outlive it: the next
execution closes that epoch without touching the lane and crashes too, and a third one resumes a
profile that is ahead of its input, sees no change, and exports nothing. Waking every lane in the
resumed epoch overwrites what a dead execution left.

A backfill follows, if there is one. Its state here is what was asked for and how far it has got,
so it goes on from the last commit, whatever runs next. The lanes say through the funnel, which is
this process's, when they have answered; the next ask waits for that, and for its pace.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TypeAlias

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from typing_extensions import override

from flows.backfill import Backfill, BackfillFrame, Pace, Unfinished, pack, resume
from flows.funnel import Funnel
from flows.lanes import LANE_NAMES
from flows.route import Frame

WAKE = Frame("wake", "", 0, 0, 0, [], [])

Woken: TypeAlias = tuple[str, Frame | BackfillFrame]


class _WakePartition(StatefulSourcePartition[Woken, bytes | None]):
    def __init__(
        self, backfill: Unfinished | None, funnel: Funnel, clock: Callable[[], float]
    ) -> None:
        self._backfill = backfill
        self._funnel = funnel
        self._clock = clock
        self._pace = Pace(0 if backfill is None else backfill.rate)
        self._woken = False
        self._due = 0.0
        self._asked_at = 0.0
        self._unanswered = 0
        self._answered_before = self._records_before = 0

    @override
    def next_batch(self) -> list[Woken]:
        if not self._woken:
            self._woken = True
            return [(lane, WAKE) for lane in LANE_NAMES]
        if self._backfill is None:
            raise StopIteration
        return self._ask(self._backfill) if self._may_ask() else []

    def _may_ask(self) -> bool:
        """Whether the lanes have answered what they were asked, and the pace allows more."""
        if self._unanswered:
            if self._funnel.answered - self._answered_before < self._unanswered:
                return False
            self._unanswered = 0
            records = self._funnel.backfilled - self._records_before
            self._due = self._pace.answered(records, self._asked_at)
        return self._clock() >= self._due

    def _ask(self, backfill: Unfinished) -> list[Woken]:
        frames, self._backfill = backfill.ask(self._pace.buckets)
        self._asked_at = self._clock()
        self._unanswered = len(frames)
        self._answered_before = self._funnel.answered
        self._records_before = self._funnel.backfilled
        return [*frames]

    @override
    def next_awake(self) -> datetime | None:
        # None while lanes are at it: the engine asks again in a millisecond.
        return None if self._unanswered else datetime.fromtimestamp(self._due, timezone.utc)

    @override
    def snapshot(self) -> bytes | None:
        return pack(self._backfill)


class WakeSource(FixedPartitionedSource[Woken, bytes | None]):
    """Emits one empty frame for each lane in the first epoch of each execution, then a backfill.

    Args:
        backfill: what to export again; without one, what is unfinished goes on.
        funnel: where the lanes of this process count.
        clock: seconds since 1970.
    """

    def __init__(
        self, backfill: Backfill | None, funnel: Funnel, clock: Callable[[], float] = time.time
    ) -> None:
        self._asked = backfill
        self._funnel = funnel
        self._clock = clock

    @override
    def list_parts(self) -> list[str]:
        return ["wake"]

    @override
    def build_part(self, step_id: str, for_part: str, resume_state: bytes | None) -> _WakePartition:
        """Take up what is unfinished.

        Raises:
            BackfillUnfinished: something else is asked for than what is unfinished.
            UnknownSnapshot: another release wrote the snapshot.
        """
        return _WakePartition(resume(self._asked, resume_state), self._funnel, self._clock)
