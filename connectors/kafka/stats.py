"""What a source has read, in numbers."""

from __future__ import annotations

from msgspec import Struct


class KafkaStats(Struct, frozen=True):
    """What was read by one process since it started.

    Attributes:
        records: Given out.
        record_bytes: Bytes of their keys and values.
        held_bytes: Bytes that are held now, not counting librdkafka's.
        gaps: Times that the next record of a partition was gone.
        behind: How many records each partition holds at most that were not given out.
    """

    records: int
    record_bytes: int
    held_bytes: int
    gaps: int
    behind: dict[int, int]
