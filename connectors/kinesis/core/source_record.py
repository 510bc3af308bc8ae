"""One record as it was read from a stream."""

from __future__ import annotations

import msgspec


class KinesisSourceRecord(
    msgspec.Struct,
    gc=False,
    rename={
        "data": "Data",
        "partition_key": "PartitionKey",
        "sequence_number": "SequenceNumber",
        "arrival": "ApproximateArrivalTimestamp",
    },
):
    """A record that was read; it decodes straight out of an answer of GetRecords.

    Attributes:
        data: The bytes it carries.
        partition_key: As it was written.
        sequence_number: Its place in its shard.
        arrival: When Kinesis took it, in seconds since 1970 UTC, to the millisecond.
        sub_sequence_number: Its place in the aggregate it came in, from 0.
        shard_id: Name of its shard.
        ordinal: Number of the record in its shard, from 0, counted since the shard was begun. Read
            again, it is the same, unless records between were trimmed (which is reported).
    """

    data: bytes
    partition_key: str
    sequence_number: str
    arrival: float
    sub_sequence_number: int = 0
    shard_id: str = ""
    ordinal: int = 0

    def __repr__(self) -> str:
        """Say where it stands, never what it holds: its key may be a person's."""
        place = self.sequence_number
        if self.sub_sequence_number:
            place += f".{self.sub_sequence_number}"
        return f"KinesisSourceRecord({self.shard_id or '?'}, {place}, {len(self.data)} bytes)"
