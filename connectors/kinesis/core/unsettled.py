"""The records to answer for, by partition key: one goes, the others of its key wait behind it.

Promise: bounded in records and bytes; order per key; every operation costs the same however many
records of a key wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice

import msgspec

from . import limits
from .actions import DeliverySettings
from .record import KinesisRecord


class Unaccounted(RuntimeError):
    """An invariant of the delivery does not hold: a defect. Nothing more must be sent."""


class Admitted(msgspec.Struct, frozen=True):
    """What became of the records of an offer.

    Attributes:
        stop: Place of the first one that was not taken.
        superseded: How many waiting ones were replaced.
        largest: Size in bytes of the largest one that was found acceptable.
        firsts: Those that are the first of their key and need a closer look.
    """

    stop: int
    superseded: int
    largest: int
    firsts: list[KinesisRecord]


class Unsettled:
    """Records from when they are offered until their fate is known.

    Attributes:
        records: How many.
        bytes: Size of their data.

    Args:
        settings: How much there may be, and how large a record.
    """

    def __init__(self, settings: DeliverySettings) -> None:
        """Start empty."""
        self.records = self.bytes = 0
        self._settings = settings
        # A key is in here while it has a record; the value is what waits behind the first one.
        self._behind: dict[str, deque[KinesisRecord] | None] = {}

    def __len__(self) -> int:
        """Number of keys, and so of first records."""
        return len(self._behind)

    @property
    def has_room(self) -> bool:
        """Whether another record may be taken."""
        settings = self._settings
        return self.records < settings.buffer_records and self.bytes < settings.buffer_bytes

    def admit(
        self, records: Sequence[KinesisRecord], start: int, plain: deque[KinesisRecord]
    ) -> Admitted:
        """Take records, from a place on, while there is room.

        Args:
            records: What is offered.
            start: Where to begin.
            plain: Gets those that are the first of their key and certainly acceptable.
        """
        behind, max_bytes = self._behind, self._settings.max_record_bytes
        room_bytes, longest_key = self._settings.buffer_bytes, limits.PARTITION_KEY_CHARS
        held, place, superseded, largest = self.bytes, start, 0, 0
        firsts: list[KinesisRecord] = []
        room = self._settings.buffer_records - self.records
        for record in islice(records, start, start + room):
            if held >= room_bytes:
                break
            place += 1
            key = record.partition_key
            size = len(record.data)
            held += size
            if key in behind:
                replaced = self._wait_behind(key, record)
                if replaced is not None:
                    superseded += 1
                    held -= len(replaced.data)
                continue
            behind[key] = None
            size += len(key)
            if (  # the common case in short; `record.refusal` has all the rules
                0 < len(key) <= longest_key
                and size <= max_bytes
                and key.isascii()
                and record.explicit_hash_key is None
            ):
                plain.append(record)
                if size > largest:  # noqa: PLR1730 - a call of max() would double the cost
                    largest = size
            else:
                firsts.append(record)
        self.records += place - start - superseded
        self.bytes = held
        return Admitted(place, superseded, largest, firsts)

    def _wait_behind(self, key: str, record: KinesisRecord) -> KinesisRecord | None:
        waiting = self._behind[key]
        if waiting is None:
            self._behind[key] = deque((record,))
            return None
        replaced = waiting.pop() if waiting[-1].replaceable else None
        waiting.append(record)
        return replaced

    def settle(self, record: KinesisRecord) -> KinesisRecord | None:
        """Forget the first record of a key; gives the next one, which is then the first."""
        self.records -= 1
        self.bytes -= len(record.data)
        key = record.partition_key
        waiting = self._behind[key]
        if waiting is None:
            del self._behind[key]
            return None
        following = waiting.popleft()
        if not waiting:
            self._behind[key] = None
        return following

    def queues(self) -> list[int]:
        """How many records wait behind the first one, for each key where some do."""
        return [len(waiting) for waiting in self._behind.values() if waiting is not None]

    def require(self, firsts: int) -> None:
        """Check that so many first records, found elsewhere, are all there are.

        Raises:
            Unaccounted: They are not, or something is open without any.
        """
        if firsts != len(self._behind) or (not firsts and (self.records or self.bytes)):
            raise Unaccounted(
                f"{len(self._behind)} partition keys have unsettled records, of which {firsts} "
                f"could be found; {self.records} records and {self.bytes} bytes are open"
            )
