"""A source that counts, its pace, and a clock that both go by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import TypeAlias

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from typing_extensions import override

from connectors.paced import PacedSource, Pacing
from tests.support.engine import Clock


class Numbers(FixedPartitionedSource[int, int]):
    """Gives out 0, 1, 2, ... in batches of these sizes, over and over, and then ends.

    Its state is the number it gives out next. `awake` says when it wants to be called.
    """

    def __init__(self, clock: Clock, batches: list[int], *, total: int = 10**9) -> None:
        self.clock = clock
        self.batches = batches
        self.total = total
        self.awake: Callable[[], datetime | None] = lambda: None
        self.asked_at: list[float] = []
        self.closed = 0

    @override
    def list_parts(self) -> list[str]:
        return ["a", "b"]

    @override
    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> _Numbers:
        return _Numbers(self, resume_state or 0)


class _Numbers(StatefulSourcePartition[int, int]):
    def __init__(self, source: Numbers, position: int) -> None:
        self.source = source
        self.position = position
        self.calls = 0

    @override
    def next_batch(self) -> list[int]:
        source = self.source
        source.asked_at.append(source.clock.now)
        if self.position >= source.total:
            raise StopIteration
        size = source.batches[self.calls % len(source.batches)]
        self.calls += 1
        start, self.position = self.position, min(self.position + size, source.total)
        return list(range(start, self.position))

    @override
    def next_awake(self) -> datetime | None:
        return self.source.awake()

    @override
    def snapshot(self) -> int:
        return self.position

    @override
    def close(self) -> None:
        self.source.closed += 1


Part: TypeAlias = StatefulSourcePartition[int, int]


def paced(
    source: FixedPartitionedSource[int, int],
    pacing: Pacing,
    state: int | None = None,
    size_of: Callable[[int], int] | None = None,
) -> Part:
    """Build the first partition of a source, with pace."""
    return PacedSource(source, pacing, size_of=size_of).build_part("read", "a", state)


def after(clock: Clock, seconds: float) -> Callable[[], datetime]:
    """Want to be called a fixed time from when one is asked."""
    return lambda: datetime.fromtimestamp(clock.now + seconds, timezone.utc)
