"""Records that failed one by one: how often, when each is due again, and whose fault it is."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from itertools import count

from .record import KinesisRecord
from .retry import Backoff


class Setbacks:
    """What is remembered of records that failed, by partition key, until they are settled.

    Args:
        backoff: Gives the pauses.
    """

    def __init__(self, backoff: Backoff) -> None:
        """Start without any."""
        self._backoff = backoff
        self._attempts: dict[str, int] = {}
        self._refused_at: dict[str, float] = {}
        self._later: list[tuple[float, int, KinesisRecord]] = []  # a heap by time
        self._numbers = count()  # first come first served where times are equal

    def __contains__(self, key: object) -> bool:
        """Whether the unsettled record of this key has failed."""
        return key in self._attempts

    def __len__(self) -> int:
        """Number of records that wait for their time."""
        return len(self._later)

    def failed(self, record: KinesisRecord) -> None:
        """Count one failure."""
        key = record.partition_key
        self._attempts[key] = self._attempts.get(key, 0) + 1

    def attempts(self, record: KinesisRecord) -> int:
        """How often the record failed."""
        return self._attempts.get(record.partition_key, 0)

    def refused_at(self, record: KinesisRecord, since: float) -> float:
        """When the service first refused the record, or a request that it was in."""
        return self._refused_at.setdefault(record.partition_key, since)

    def settled(self, key: str) -> None:
        """Forget the record of this key."""
        self._attempts.pop(key, None)
        self._refused_at.pop(key, None)

    def wait(self, record: KinesisRecord, now: float) -> None:
        """Let a record that failed wait, the longer the more often it did."""
        pause_s = self._backoff.pause_s(self.attempts(record))
        heapq.heappush(self._later, (now + pause_s, next(self._numbers), record))

    def due(self, now: float) -> Iterator[KinesisRecord]:
        """Give back the records whose time has come."""
        while self.next_at <= now:
            yield heapq.heappop(self._later)[2]

    @property
    def next_at(self) -> float:
        """When the next record is due, in seconds; infinite if none waits."""
        return self._later[0][0] if self._later else math.inf
