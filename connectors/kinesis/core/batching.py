"""Which records go into one request, and when one that is not full goes.

Promise: a request is never larger than AWS takes, and a record is due when it has waited for the
linger time.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

from . import limits
from .record import KinesisRecord, record_bytes


class Batch:
    """The records of one request, as they are put together.

    Attributes:
        records: What is in it.

    Args:
        largest: Size of the largest record that may come, in bytes. While 500 of that size fit,
            sizes are not looked at, which saves a tenth of the work.
    """

    def __init__(self, largest: int) -> None:
        """Start empty."""
        self.records: list[KinesisRecord] = []
        self._bytes = 0
        self._all_fit = largest * limits.RECORDS_PER_REQUEST <= limits.REQUEST_BYTES

    def take(self, waiting: deque[KinesisRecord], at_most: int = limits.RECORDS_PER_REQUEST) -> int:
        """Move records from the front of a queue as far as they fit; returns how many.

        The first record always fits, as it alone may be larger than what we like to send.
        """
        records = self.records
        before = len(records)
        room = min(at_most, limits.RECORDS_PER_REQUEST - before, len(waiting))
        if self._all_fit:
            records += [waiting.popleft() for _ in range(room)]
            return room
        for _ in range(room):
            size = self._bytes + record_bytes(waiting[0])
            if size > limits.REQUEST_BYTES and records:
                break
            self._bytes = size
            records.append(waiting.popleft())
        return len(records) - before


class Ready:
    """Records that may be sent, each the only one of its partition key, first come first served.

    Attributes:
        records: What waits. Whoever appends to it calls `added`.

    Args:
        linger_s: How long a record may wait for others to go with.
    """

    def __init__(self, linger_s: float) -> None:
        """Start empty."""
        self.records: deque[KinesisRecord] = deque()
        self._linger_s = linger_s
        self._oldest_at = math.inf  # when the oldest one came, or later; infinite while empty
        self._newest_at = -math.inf

    def added(self, now: float) -> None:
        """Take note of records appended to `records` at this time, in seconds."""
        if self.records:
            self._oldest_at = min(self._oldest_at, now)
            self._newest_at = now

    def put_back(self, records: Iterable[KinesisRecord]) -> None:
        """Put the records of a failed request in front again; they are due."""
        self.records.extendleft(reversed(tuple(records)))
        self._oldest_at = -math.inf

    @property
    def is_full(self) -> bool:
        """Whether a full request can be made."""
        return len(self.records) >= limits.RECORDS_PER_REQUEST

    @property
    def due_at(self) -> float:
        """When a request that is not full is due; infinite while nothing waits."""
        return self._oldest_at + self._linger_s if self.records else math.inf

    def is_due(self, now: float, *, at_once: bool) -> bool:
        """Whether a request is to be made, at once of whatever waits or as the rules say."""
        return bool(self.records) and (at_once or self.is_full or now >= self.due_at)

    def fill(self, batch: Batch) -> None:
        """Move records into a batch as far as it holds them."""
        batch.take(self.records)
        # What is left came before the newest one. To forget by how much makes it wait twice the
        # linger time at worst, and saves a time for every record.
        self._oldest_at = self._newest_at if self.records else math.inf
