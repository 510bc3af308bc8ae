"""What one process reads of one topic: a thread that fetches, and buffers that workers take from.

Promise: each record of each partition in a slot that is owned here is given out in order, from
where the slot's state says; partitions that the topic is given later are found within
`DISCOVERY_S`. An offset that the broker no longer has is logged and counted, and the oldest record
left comes next. About `buffer_bytes` are held, half of it by librdkafka, plus one answer of a
broker. Nothing that a worker calls waits for the network.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from .connection import Start
from .errors import KafkaError
from .positions import SlotState, slot_of
from .record import KafkaRecord
from .slot import RECORD_BYTES, Slot
from .stats import KafkaStats

if TYPE_CHECKING:
    from .client import KafkaClient

_log = logging.getLogger(__name__)

DISCOVERY_S: Final = 10.0
"""How often partitions are listed, seconds: how long a new one may wait."""

RETRY_S: Final = 1.0
"""How soon they are listed again if that failed, seconds."""

POLL_S: Final = 0.005
"""How soon a slot that has partitions should be asked again, seconds, while few have."""

BUSY_SLOTS: Final = 8
"""From how many such slots on each is asked less often: 1,600 calls a second in all."""

START_S: Final = 0.25
"""How soon a slot should be asked again until the topic was reached, seconds."""

IDLE_S: Final = 1.0
"""How soon a slot without partitions should be asked again, seconds."""

WAIT_S: Final = 0.2
"""How long the thread waits for records before it looks whether it is to end, seconds."""

END_S: Final = 2.0
"""How long the end of the thread is waited for, seconds."""


class Reader:
    """Reads the slots that it is given.

    Attributes:
        ending: whether slots were released already; no more can be owned then.

    Args:
        connect: makes the client; called in the thread.
        topic: name of the topic.
        start: where a slot without a state begins.
        commits: whether positions are also committed to a group.
        buffer_bytes: how much may be held.
        give_up_s: how long the topic may be out of reach, seconds.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        connect: Callable[[], KafkaClient],
        topic: str,
        *,
        start: Start,
        commits: bool,
        buffer_bytes: int,
        give_up_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._topic = topic
        self._start = start
        self._commits = commits
        self._held_max = buffer_bytes // 2
        self._give_up_s = give_up_s
        self._clock = clock
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()  # guards what follows
        self._slots: dict[int, Slot] = {}
        self._busy_slots = 0
        self._held_bytes = 0
        self._to_commit: dict[int, int] = {}
        self._error: KafkaError | None = None
        self._list_at = 0.0
        self._records = self._record_bytes = self._gaps = 0
        self._closed = False
        self.ending = False
        # of the thread alone:
        self._reached = False
        self._gone: dict[int, int] = {}
        self._failing_since: float | None = None

    def own(self, slot: int, state: SlotState) -> None:
        """Read the partitions in a slot from now on."""
        with self._changed:
            self._slots[slot] = Slot(state)
            self._list_at = 0.0

    def owns(self, slot: int) -> bool:
        """Tell whether a slot is read here."""
        return slot in self._slots

    def poll_s(self, slot: int) -> float:
        """Return how soon a slot should be asked again, seconds."""
        mine = self._slots[slot]
        if not mine.begun:
            return 0.0 if self._thread is None else START_S
        if not mine.partitions:
            return IDLE_S
        return POLL_S * max(1.0, self._busy_slots / BUSY_SLOTS)

    def take(self, slot: int) -> list[list[KafkaRecord]]:
        """Give out what is held of a slot, a list for each partition; never wait.

        Raises:
            KafkaError: Reading has ended.
        """
        with self._changed:
            if self._error is not None:
                raise self._error
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name=f"kafka-{self._topic}", daemon=True
                )
                self._thread.start()
            elif not self._thread.is_alive():
                raise KafkaError(
                    f"the thread that reads the Kafka topic {self._topic!r} died of a mistake in "
                    "this program, which stands on standard error; report it"
                )
            mine = self._slots[slot]
            size = mine.held_bytes
            taken = mine.take()
            if taken:
                count = sum(map(len, taken))
                self._records += count
                self._record_bytes += size - count * RECORD_BYTES
                self._held_bytes -= size
                self._changed.notify_all()
            return taken

    def snapshot(self, slot: int) -> SlotState:
        """Say how far a slot was given out, now that an epoch ends."""
        with self._changed:
            mine = self._slots[slot]
            if self._commits:
                self._to_commit.update(mine.settle())
            return mine.state()

    def release(self, slot: int) -> None:
        """Read a slot no more; with the last one the thread ends."""
        with self._changed:
            self.ending = True
            mine = self._slots.pop(slot, None)
            if mine is not None:
                self._held_bytes -= mine.held_bytes
                self._changed.notify_all()
        if not self._slots:
            self.close()

    def close(self) -> None:
        """Let the thread end; wait a little for it, as it may be asking a broker that is silent."""
        with self._changed:
            self.ending = self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(END_S)

    def stats(self) -> KafkaStats:
        """Return what was read."""
        with self._changed:
            behind = {p: n for each in self._slots.values() for p, n in each.behind().items()}
            return KafkaStats(
                self._records, self._record_bytes, self._held_bytes, self._gaps, behind
            )

    # What follows runs in the thread.

    def _run(self) -> None:
        try:
            client = self._connect()
            try:
                while self._has_room():
                    self._step(client)
            finally:
                client.close()
        except KafkaError as error:
            with self._changed:
                self._error = error

    def _has_room(self) -> bool:
        """Wait until more may be held; tell whether to go on."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._held_bytes < self._held_max)
            return not self._closed

    def _step(self, client: KafkaClient) -> None:
        now = self._clock()
        if now >= self._list_at:
            try:
                self._discover(client, now)
            except KafkaError as error:
                self._bear(error, now)
        received = client.receive(WAIT_S)
        ends = {each: client.end(each) for each in received.records}
        with self._changed:
            for partition, records in received.records.items():
                slot = self._slots.get(slot_of(partition))
                if slot is not None:
                    self._held_bytes += slot.hold(partition, records, ends[partition])
            commits, self._to_commit = self._to_commit, {}
            if received.gone:
                self._gone.update(received.gone)
                self._list_at = 0.0
        if commits:
            client.commit(commits)

    def _discover(self, client: KafkaClient, now: float) -> None:
        """Read the partitions that are not read yet, or not any more."""
        with self._changed:
            self._list_at = now + DISCOVERY_S  # before the question: `own` may want it sooner
            slots = dict(self._slots)
        found: dict[int, list[int]] = {slot: [] for slot in slots}
        listed = client.partitions()
        for partition in listed:
            slot = slot_of(partition)
            if slot in slots and partition not in slots[slot].partitions:
                found[slot].append(partition)
        offsets = self._offsets(client, slots, found)
        client.read(offsets)
        with self._changed:
            for slot, partitions in found.items():
                slots[slot].begin({each: offsets[each] for each in partitions})
            self._busy_slots = sum(1 for each in self._slots.values() if each.partitions)
        left = client.skip({each: at for each, at in self._gone.items() if each in listed})
        with self._changed:
            for partition, offset in left.items():
                del self._gone[partition]
                self._gaps += 1
                if slot_of(partition) in self._slots:
                    self._slots[slot_of(partition)].move(partition, offset)
        self._reached = True
        self._failing_since = None

    def _offsets(
        self, client: KafkaClient, slots: dict[int, Slot], found: dict[int, list[int]]
    ) -> dict[int, int]:
        """Return where to begin with partitions: where the state says, or as befits new ones."""
        offsets: dict[int, int] = {}
        first: list[int] = []
        later: list[int] = []
        for slot, partitions in found.items():
            for each in partitions:
                known = slots[slot].known(each)
                if known is not None:
                    offsets[each] = known
                else:
                    (later if slots[slot].begun else first).append(each)
        return {
            **offsets,
            **client.offsets(self._start, first),
            **client.offsets("earliest", later),
        }

    def _bear(self, error: KafkaError, now: float) -> None:
        """Try again soon, unless it is hopeless or has been tried for long."""
        if error.needs_person and not self._reached:
            raise error
        if self._failing_since is None:
            self._failing_since = now
            _log.warning("kafka_waiting", extra={"topic": self._topic, "why": str(error)})
        if now - self._failing_since >= self._give_up_s:
            raise error
        with self._changed:
            self._list_at = now + RETRY_S
