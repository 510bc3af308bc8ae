"""Wake: every execution begins by touching every lane.

Bytewax snapshots only what an epoch touched, and leaves in the store the rows of an epoch that
never committed. Without this, a lane row from a dead execution could outlive it: the next
execution closes that epoch without touching the lane and crashes too, and a third one resumes a
profile that is ahead of its input, sees no change, and exports nothing. Waking every lane in the
resumed epoch overwrites what a dead execution left.
"""

from __future__ import annotations

from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from typing_extensions import override

from flows.lanes import LANE_NAMES
from flows.route import Frame

WAKE = Frame("wake", "", 0, 0, 0, [], [])


class _WakePartition(StatefulSourcePartition[tuple[str, Frame], None]):
    def __init__(self) -> None:
        self._woken = False

    @override
    def next_batch(self) -> list[tuple[str, Frame]]:
        if self._woken:
            raise StopIteration
        self._woken = True
        return [(lane, WAKE) for lane in LANE_NAMES]

    @override
    def snapshot(self) -> None:
        return None


class WakeSource(FixedPartitionedSource[tuple[str, Frame], Any]):
    """Emits one empty frame for each lane in the first epoch of each execution, and ends."""

    @override
    def list_parts(self) -> list[str]:
        return ["wake"]

    @override
    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> _WakePartition:
        return _WakePartition()
