"""One record of a topic, as it was read."""

from __future__ import annotations

from msgspec import Struct


class KafkaRecord(Struct, frozen=True, gc=False):
    """A record, unparsed.

    Attributes:
        key: Its key, if it has one.
        value: What it holds; none is how a compacted topic says that the key was deleted.
        partition: Partition of the topic.
        offset: Its place in the partition: the same whenever it is read.
        arrival: Its timestamp, seconds since 1970 UTC, to the millisecond: by the producer's clock
            unless the topic has `message.timestamp.type=LogAppendTime`; 0 where it has none, as
            those written before Kafka 0.10.
    """

    key: bytes | None
    value: bytes | None
    partition: int
    offset: int
    arrival: float

    def __repr__(self) -> str:
        """Say where the record stands, never what it holds nor its key."""
        return f"KafkaRecord(partition {self.partition}, offset {self.offset})"
