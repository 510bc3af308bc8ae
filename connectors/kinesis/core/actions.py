"""What the delivery is told to keep to, and what it tells others to do: plain values."""

from __future__ import annotations

import msgspec

from .record import KinesisRecord


class DeliverySettings(msgspec.Struct, frozen=True):
    """How to deliver.

    Attributes:
        max_in_flight: Most requests that are unanswered at a time.
        linger_s: How long a record may wait for others to share a request.
        give_up_s: How long nothing may be acknowledged, while something fails, before it is over.
        max_record_bytes: Largest record that the stream takes.
        buffer_records: Most records to answer for at a time.
        buffer_bytes: Most bytes of data to answer for at a time, one record more at worst.
    """

    max_in_flight: int
    linger_s: float
    give_up_s: float
    max_record_bytes: int
    buffer_records: int
    buffer_bytes: int


class Request(msgspec.Struct, frozen=True, eq=False):
    """One PutRecords call to make.

    Attributes:
        records: 1 to 500 records, each of another partition key.
        sent_at: When it was decided, in seconds.
        drawn: How many of the records belong to which limited shard.
        refused_at: When a larger request was refused that these are a part of; None for others.
    """

    records: list[KinesisRecord]
    sent_at: float
    drawn: dict[str, int] = {}
    refused_at: float | None = None


class Aside(msgspec.Struct, frozen=True):
    """A record that Kinesis can never accept.

    Attributes:
        record: The record.
        cause: Why, in words that quote nothing of it.
        since: When it was first refused, in seconds.
        code: AWS's error code; "" if it was not even sent.
        shard: Name of its shard, as far as that is known.
        attempts: How often it failed by itself, alone or among others that were taken.
    """

    record: KinesisRecord
    cause: str
    since: float
    code: str = ""
    shard: str | None = None
    attempts: int = 0


class Superseded(msgspec.Struct, frozen=True):
    """All records of a key put aside so far are superfluous: a later one was acknowledged.

    Attributes:
        partition_key: The key.
    """

    partition_key: str

    def __repr__(self) -> str:
        """Leave the key out, which may be a person's."""
        return "Superseded()"


class Actions(msgspec.Struct, frozen=True):
    """What to do now.

    Attributes:
        requests: To be sent, in any order and at the same time.
        asides: To be kept safely, in this order, before the next flush ends.
        wants_shards: Whether a listing of the stream's shards would help.
        gave_up: It is over: send nothing more.
        poll_at: When to ask again if nothing else happens before, in seconds; infinite for never.
    """

    requests: list[Request]
    asides: list[Aside | Superseded]
    wants_shards: bool
    gave_up: bool
    poll_at: float
