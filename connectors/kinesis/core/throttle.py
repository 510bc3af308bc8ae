"""Shards that were throttled: how much of each may be in flight, and what waits for it.

Promise: a throttle slows its own shard only. A limited shard has a window of records that may be in
flight, as TCP has for bytes: it halves with each throttle and grows by a fixed step with each
answer without one (additive increase, multiplicative decrease; D.-M. Chiu and R. Jain, "Analysis of
the Increase and Decrease Algorithms for Congestion Avoidance in Computer Networks", 1989). After a
throttle the shard pauses, with full jitter. A shard whose window no longer matters is forgotten.

Left out: shards that were never throttled, which have no limit; and other writers of the stream,
which share what a shard takes and are felt as throttles.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence

from . import limits
from .answer import Entry
from .batching import Batch
from .record import KinesisRecord
from .retry import Backoff
from .shards import ShardMap

_STEPS = 16
"""Answers without a throttle until a window is back where it was: slow enough not to be throttled
again at once, and with answers after 20 ms a third of a second."""

_WINDOW_MAX = 2 * limits.RECORDS_PER_REQUEST
"""A window this wide holds back nothing worth the trouble: the shard is forgotten."""


class LimitedShard:
    """One throttled shard.

    Attributes:
        waiting: Records for it, each the only one of its partition key.
        in_flight: Records of it that were drawn from `waiting` and are not answered.
        paused_until: Nothing is sent before this time, in seconds.

    Args:
        window: Records that it is known to have accepted at once.
    """

    def __init__(self, window: int) -> None:
        """Start with nothing waiting."""
        self.waiting: deque[KinesisRecord] = deque()
        self.in_flight = 0
        self.paused_until = -math.inf
        self._window = float(2 * max(1, window))  # the throttle that made it halves this
        self._step = 1.0
        self._throttles = 0

    def throttled(self, now: float, backoff: Backoff) -> None:
        """Halve the window, and pause."""
        self._step = max(1.0, self._window / (2 * _STEPS))
        self._window = max(1.0, self._window / 2)
        self._throttles += 1
        self.paused_until = now + backoff.pause_s(self._throttles)

    def accepted(self) -> None:
        """Widen the window: an answer came without a throttle of this shard."""
        self._window += self._step
        self._throttles = 0

    @property
    def is_free(self) -> bool:
        """Whether it can be forgotten."""
        return not self.waiting and not self.in_flight and self._window >= _WINDOW_MAX

    @property
    def sendable(self) -> int:
        """How many records may be sent as soon as no pause forbids it.

        Less than half a window is not worth a request of its own while another is under way.
        """
        free = int(self._window) - self.in_flight
        if self.in_flight and free < self._window / 2:
            return 0
        return min(free, len(self.waiting))

    def allowance(self, now: float) -> int:
        """How many records may be sent now."""
        return self.sendable if now >= self.paused_until else 0


class Throttle:
    """All limited shards of a stream.

    Attributes:
        map: The stream's shards, once they are known.

    Args:
        backoff: Gives the pauses.
    """

    def __init__(self, backoff: Backoff) -> None:
        """Start without any limit."""
        self.map: ShardMap | None = None
        self._limited: dict[str, LimitedShard] = {}
        self._backoff = backoff

    def __bool__(self) -> bool:
        """Whether any shard is limited."""
        return bool(self._limited)

    def __len__(self) -> int:
        """Number of records that wait for a limited shard."""
        return sum(len(shard.waiting) for shard in self._limited.values())

    def shard_of(self, record: KinesisRecord) -> str | None:
        """Name of the record's shard, as far as that is known."""
        return None if self.map is None else self.map.shard_of(record)

    def holds_back(self, record: KinesisRecord) -> bool:
        """Let the record wait here if its shard is limited."""
        if not self._limited:
            return False
        shard = self._limited.get(self.shard_of(record) or "")
        if shard is None:
            return False
        shard.waiting.append(record)
        return True

    def sift(self, records: deque[KinesisRecord]) -> None:
        """Take out the records of limited shards, keeping the order of both."""
        if not self._limited:
            return
        for _ in range(len(records)):
            record = records.popleft()
            if not self.holds_back(record):
                records.append(record)

    def throttled(
        self, shards: Mapping[str, Sequence[KinesisRecord]], entries: Collection[Entry], now: float
    ) -> bool:
        """Limit shards, further if they were; their records wait, first of all.

        Args:
            shards: Name of each shard, and its records that were not taken.
            entries: The whole answer, which tells what they did take.
            now: The present, in seconds.

        Returns:
            Whether any was not limited before.
        """
        is_new = False
        for shard_id, records in shards.items():
            if shard_id not in self._limited:
                is_new = True
                accepted = sum(entry.shard_id == shard_id for entry in entries)
                self._limited[shard_id] = LimitedShard(accepted)
            shard = self._limited[shard_id]
            shard.throttled(now, self._backoff)
            shard.waiting.extendleft(reversed(records))
        return is_new

    def draw(self, batch: Batch, now: float) -> dict[str, int]:
        """Move what may be sent now into a batch; returns how many records of which shard."""
        drawn: dict[str, int] = {}
        for shard_id, shard in self._limited.items():
            count = batch.take(shard.waiting, shard.allowance(now))
            if count:
                shard.in_flight += count
                drawn[shard_id] = count
        return drawn

    def has_some(self, now: float) -> bool:
        """Whether `draw` would move anything."""
        return any(shard.allowance(now) for shard in self._limited.values())

    def returned(self, drawn: Mapping[str, int]) -> None:
        """Take note that a request ended that `draw` had a part in."""
        for shard_id, count in drawn.items():
            shard = self._limited.get(shard_id)
            if shard is not None:
                shard.in_flight -= count

    def accepted(self, shard_ids: Iterable[str]) -> None:
        """Widen the windows of shards that took all of theirs, and forget those that are free."""
        for shard_id in shard_ids:
            shard = self._limited.get(shard_id)
            if shard is not None:
                shard.accepted()
                if shard.is_free:
                    del self._limited[shard_id]

    def remap(self, shard_map: ShardMap) -> list[KinesisRecord]:
        """Take a new map; returns what waited for shards that are not in it."""
        self.map = shard_map
        orphans: list[KinesisRecord] = []
        for shard_id in [name for name in self._limited if name not in shard_map.ids]:
            orphans += self._limited.pop(shard_id).waiting
        return orphans

    @property
    def next_at(self) -> float:
        """When the next shard may go on that has something to send; infinite if none has."""
        return min(
            (shard.paused_until for shard in self._limited.values() if shard.sendable),
            default=math.inf,
        )
