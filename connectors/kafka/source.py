"""A Kafka topic as a Bytewax source.

Promise: each record is given out in the order of its partition; read on from a snapshot, exactly
those after it come, with the same offset and arrival. Positions live in the recovery store alone.
Partitions that the topic is given while it is read, or between runs, are read from their
beginning. Left out: order between partitions; parsing; the end, as a topic has none.

    source = KafkaSource("crm", brokers=["b1:9092"])
    stream = op.input("read-crm", flow, source)  # of list[KafkaRecord]
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from typing_extensions import override

from .connection import Connection, Start, checked_start, connect
from .positions import SlotState, pack, slot_names, unpack
from .reader import Reader
from .record import KafkaRecord
from .stats import KafkaStats


class KafkaSource(FixedPartitionedSource[list[KafkaRecord], bytes]):
    """Reads a topic; each item is what came of one partition, in order.

    At least once under Bytewax's recovery. One consumer a process reads the partitions of all slots
    that Bytewax gives it.
    """

    def __init__(
        self,
        topic: str,
        *,
        brokers: Sequence[str],
        start: Start = "earliest",
        group: str | None = None,
        options: Mapping[str, str] | None = None,
        buffer_bytes: int = 64 << 20,
        give_up_s: float = 900.0,
    ) -> None:
        """Describe the input; nothing is connected yet.

        How to connect, and as whom, comes from the environment: see `settings`.

        Args:
            topic: Name of the topic, which must exist.
            brokers: Some brokers of the cluster, as host:port.
            start: Where partitions are read from that are there when the topic is first reached:
                the "earliest" record, "latest" (what comes after), or the first of at least a time.
            group: Consumer group that positions are committed to after their epoch was, for tools
                that show lag; never read from there.
            options: Further settings of librdkafka.
            buffer_bytes: About how much is fetched ahead by a process.
            give_up_s: How long the topic may be out of reach before reading ends, seconds.

        Raises:
            ValueError: An argument cannot be right.
        """
        if isinstance(brokers, str) or buffer_bytes < 1 or give_up_s <= 0:
            raise ValueError("brokers is a list; buffer_bytes and give_up_s are above 0")
        self._to = Connection(
            topic=topic, brokers=tuple(brokers), group=group, options=dict(options or {})
        )
        self._start = checked_start(start)
        self._buffer_bytes = buffer_bytes
        self._give_up_s = give_up_s
        self._lock = threading.Lock()
        self._reader: Reader | None = None

    @override
    def list_parts(self) -> list[str]:
        """Return the names of all slots; see `positions`."""
        return slot_names()

    @override
    def build_part(
        self, step_id: str, for_part: str, resume_state: bytes | None
    ) -> StatefulSourcePartition[list[KafkaRecord], bytes]:
        """Read a slot, on from where the state says. Connecting begins with the first batch.

        Raises:
            KafkaError: The state is not one of this topic.
        """
        topic = self._to.topic
        state = SlotState(topic) if resume_state is None else unpack(resume_state, topic)
        slot = int(for_part)
        with self._lock:
            reader = self._reader
            if reader is not None and reader.owns(slot):
                reader.close()  # an execution before this one broke off
            if reader is None or reader.ending:
                reader = self._reader = self._new_reader()
            reader.own(slot, state)
        return _Slot(reader, slot)

    def stats(self) -> KafkaStats | None:
        """Return what this process has read, once it reads."""
        return None if self._reader is None else self._reader.stats()

    def _new_reader(self) -> Reader:
        return Reader(
            lambda: connect(self._to, queue_bytes=self._buffer_bytes // 2, tells_end=False),
            self._to.topic,
            start=self._start,
            commits=self._to.group is not None,
            buffer_bytes=self._buffer_bytes,
            give_up_s=self._give_up_s,
        )


class _Slot(StatefulSourcePartition[list[KafkaRecord], bytes]):
    def __init__(self, reader: Reader, slot: int) -> None:
        self._reader = reader
        self._slot = slot

    @override
    def next_batch(self) -> list[list[KafkaRecord]]:
        return self._reader.take(self._slot)

    @override
    def next_awake(self) -> datetime:
        wait_s = self._reader.poll_s(self._slot)
        return datetime.fromtimestamp(time.time() + wait_s, timezone.utc)

    @override
    def snapshot(self) -> bytes:
        return pack(self._reader.snapshot(self._slot))

    @override
    def close(self) -> None:
        self._reader.release(self._slot)
