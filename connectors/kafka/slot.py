"""What one slot holds, between the thread that reads and the worker that takes.

Promise: a position moves only past what was taken, so a state never says more than was given out.
Without lock or clock: its user holds a lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from .positions import SlotState
from .record import KafkaRecord

RECORD_BYTES: Final = 250
"""What a held record takes besides its key and value, about: its objects in Python 3.11."""


class _Partition(Struct):
    """One partition of the topic.

    Attributes:
        after: The next record to give out once what is held was.
        end: Offset after the last record, as last heard.
        held: What was read and not given out.
    """

    after: int
    end: int
    held: list[KafkaRecord] = []


class Slot:
    """A slot of one topic.

    Attributes:
        begun: whether it knows where it begins.
        held_bytes: how much it holds.
    """

    def __init__(self, state: SlotState) -> None:
        """Go on where the state says."""
        self._topic = state.topic
        self._known = dict(state.offsets)  # next to give out, of all partitions, listed or not
        self._snapshotted = dict(state.offsets)
        self._told: dict[int, int] = {}
        self._partitions: dict[int, _Partition] = {}
        self._moved = False
        self.begun = state.begun
        self.held_bytes = 0

    @property
    def partitions(self) -> list[int]:
        """Numbers of the partitions that are read."""
        return list(self._partitions)

    def known(self, partition: int) -> int | None:
        """Return the offset that the state has for a partition."""
        return self._known.get(partition)

    def begin(self, offsets: Mapping[int, int]) -> None:
        """Read these partitions from these offsets on, which is where the slot begins now."""
        for partition, offset in offsets.items():
            self._partitions[partition] = _Partition(offset, offset)
        self._known.update(offsets)
        self.begun = True

    def hold(self, partition: int, records: list[KafkaRecord], end: int) -> int:
        """Keep records until they are taken; return how many bytes they are counted as."""
        mine = self._partitions[partition]
        mine.held += records
        mine.after = records[-1].offset + 1
        mine.end = max(end, mine.after)
        size = sum(len(each.key or b"") + len(each.value or b"") for each in records)
        size += RECORD_BYTES * len(records)
        self.held_bytes += size
        return size

    def move(self, partition: int, offset: int) -> None:
        """Go on elsewhere, after what is held."""
        self._partitions[partition].after = offset
        self._moved = True

    def take(self) -> list[list[KafkaRecord]]:
        """Give out all that is held, a list for each partition."""
        if not (self.held_bytes or self._moved):
            return []
        taken = []
        for partition, mine in self._partitions.items():
            if mine.held:
                taken.append(mine.held)
                mine.held = []
            self._known[partition] = mine.after
        self.held_bytes = 0
        self._moved = False
        return taken

    def state(self) -> SlotState:
        """Say how far the slot was given out."""
        return SlotState(self._topic, self.begun, dict(self._known))

    def settle(self) -> dict[int, int]:
        """Note that a snapshot is taken; return what the one before said and the one before not.

        When the snapshot of an epoch is taken, the epoch before has been committed.
        """
        settled, self._snapshotted = self._snapshotted, dict(self._known)
        anew = {p: at for p, at in settled.items() if self._told.get(p) != at}
        self._told = settled
        return anew

    def behind(self) -> dict[int, int]:
        """Return how many records, at most, each partition holds that were not given out."""
        return {p: max(0, mine.end - self._known[p]) for p, mine in self._partitions.items()}
