"""Wake: every execution begins by touching every lane, and a backfill asks them for their profiles.

Bytewax snapshots only what an epoch touched, and leaves in the store the rows of an epoch that
never committed. Without this, a lane row from a dead execution could outlive it: the next
execution closes that epoch without touching the lane and crashes too, and a third one resumes a
profile that is ahead of its input, sees no change, and exports nothing. Waking every lane in the
resumed epoch overwrites what a dead execution left.

There is a partition for each group of lanes, and it runs where its lanes do.

A backfill follows, if there is one. What was asked for and how far it has got is the state here, so
it goes on from the last commit, whatever runs next. The lanes say through the funnel, which is this
process's, when they have answered; the next ask waits for that, and for its pace. The groups of a
process are asked one after the other, and the rate is shared out by groups.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TypeAlias

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from typing_extensions import override

from flows.backfill import Backfill, BackfillFrame, Pace, Unfinished, begin, pack, require_same
from flows.backfill import unpack as unpack_backfill
from flows.funnel import Funnel
from flows.lanes import GROUPS
from flows.route import Frame

WAKE = Frame("wake", "", 0, 0, 0, [], [])

LOOK_AGAIN_S = 0.005
"""How often a group that waits for its turn looks whether it has come."""

Woken: TypeAlias = tuple[str, Frame | BackfillFrame]


class _Waking:
    """What the partitions of one process share: their beginning, whose turn it is, and the pace."""

    def __init__(self, asked: Backfill | None, funnel: Funnel, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.due = 0.0
        self.unanswered = 0
        self._asked = asked
        self._funnel = funnel
        self._pace = Pace()
        self._turn: int | None = None
        self._asked_at = self._rate = 0.0
        self._answered_before = self._records_before = 0
        self._lefts: dict[int, Unfinished | None] = {}
        self._begun: dict[int, Unfinished | None] | None = None

    def take_up(self, group: int, snapshot: bytes | None) -> Unfinished | None:
        left = None if snapshot is None else unpack_backfill(snapshot)
        if self._asked is not None and left is not None:
            require_same(self._asked, left)
        self._lefts[group] = left
        return left

    def begin(self, group: int) -> Unfinished | None:
        """Give what a group has to do; all partitions have been built by now."""
        if self._begun is None:
            self._begun = begin(self._asked, self._lefts)
        return self._begun[group]

    def is_turn_of(self, group: int) -> bool:
        """Whether a group may ask, or is the one that waits for answers."""
        if self._turn is None:
            self._turn = group
        return self._turn == group

    def may_ask(self) -> bool:
        """Whether the lanes have answered what they were asked, and the pace allows more."""
        if self.unanswered:
            if self._funnel.answered - self._answered_before < self.unanswered:
                return False
            self.unanswered = 0
            records = self._funnel.backfilled - self._records_before
            self.due = self._pace.answered(records, self._rate, self._asked_at)
        return self.clock() >= self.due

    def ask(self, group: int, backfill: Unfinished) -> tuple[list[Woken], Unfinished | None]:
        frames, left = backfill.ask(GROUPS[group], self._pace.buckets)
        self._rate = backfill.rate * len(self._lefts) / len(GROUPS)
        self._asked_at = self.clock()
        self.unanswered = len(frames)
        self._answered_before = self._funnel.answered
        self._records_before = self._funnel.backfilled
        if left is None:
            self._turn = None
        return [*frames], left


class _WakePartition(StatefulSourcePartition[Woken, bytes]):
    def __init__(self, group: int, left: Unfinished | None, waking: _Waking) -> None:
        self._group = group
        self._left = left
        self._waking = waking
        self._woken = False

    @override
    def next_batch(self) -> list[Woken]:
        if not self._woken:
            self._woken = True
            self._left = self._waking.begin(self._group)
            return [(lane, WAKE) for lane in GROUPS[self._group]]
        if self._left is None:
            raise StopIteration
        if not self._waking.is_turn_of(self._group) or not self._waking.may_ask():
            return []
        frames, self._left = self._waking.ask(self._group, self._left)
        return frames

    @override
    def next_awake(self) -> datetime | None:
        waking = self._waking
        if self._left is None or not self._woken:
            return None
        if not waking.is_turn_of(self._group):
            return datetime.fromtimestamp(waking.clock() + LOOK_AGAIN_S, timezone.utc)
        # None while lanes are at it: the engine asks again in a millisecond.
        return None if waking.unanswered else datetime.fromtimestamp(waking.due, timezone.utc)

    @override
    def snapshot(self) -> bytes:
        return pack(self._left)


class WakeSource(FixedPartitionedSource[Woken, bytes]):
    """Emits one empty frame for each lane in the first epoch of each execution, then a backfill.

    Args:
        backfill: what to export again; without one, what is unfinished goes on.
        funnel: where the lanes of this process count.
        clock: seconds since 1970.
    """

    def __init__(
        self, backfill: Backfill | None, funnel: Funnel, clock: Callable[[], float] = time.time
    ) -> None:
        self._waking = _Waking(backfill, funnel, clock)

    @override
    def list_parts(self) -> list[str]:
        return [f"{group:02d}" for group in range(len(GROUPS))]

    @override
    def build_part(self, step_id: str, for_part: str, resume_state: bytes | None) -> _WakePartition:
        """Take up what is unfinished.

        Raises:
            BackfillUnfinished: something else is asked for than what is unfinished.
            UnknownSnapshot: another release wrote the snapshot.
        """
        group = int(for_part)
        return _WakePartition(group, self._waking.take_up(group, resume_state), self._waking)
