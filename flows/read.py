"""Read: the source of each input, and how what it gives out becomes batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Literal, TypeAlias

from bytewax.inputs import FixedPartitionedSource
from msgspec import Struct

from connectors.jsonl import JsonlBatch, JsonlSource
from connectors.kafka import KafkaRecord, KafkaSource, KafkaStats
from connectors.kinesis import KinesisSource, KinesisSourceRecord, ReadStats
from flows.batch import Batch
from flows.destination import Destination, Input, Jsonl, Kafka, Kinesis
from flows.profile.deletion import deletion
from flows.profile.instant import US_PER_MS, parse_instant
from flows.readers import RETRY

BATCH_LINES = 8_192
"""Lines read at once: enough that each of the 240 lanes gets a few dozen fragments a batch."""

_1970 = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MS_PER_S = 1_000


Stats: TypeAlias = ReadStats | KafkaStats | None
"""How the reading of a stream or topic stands; None before it began."""


class Reading(Struct, frozen=True):
    """How one input is read.

    Attributes:
        source: reads it.
        size_of: bytes of an item that the source gives out.
        to_batch: makes a batch of an item.
        is_shared: whether several processes can read it at once.
        stats: tells how the reading of a stream or topic stands; None for files.
    """

    source: FixedPartitionedSource[Any, Any]
    size_of: Callable[[Any], int]
    to_batch: Callable[[Any], Batch]
    is_shared: bool
    stats: Callable[[], Stats] | None = None


def reading(
    destination: Destination,
    each: Input,
    batch_lines: int = BATCH_LINES,
    began: datetime | None = None,
) -> Reading:
    """Give how an input is read; nothing is opened yet.

    Args:
        destination: whose input.
        each: the input.
        batch_lines: lines of a file read at once.
        began: when the job was started first, which `latest` of a stream stands for; if that is not
            known, when the source first reads.
    """
    if each.kinesis is not None:
        return _of_kinesis(destination, each.name, each.kinesis, began)
    if each.kafka is not None:
        return _of_kafka(destination, each.name, each.kafka)
    assert each.jsonl is not None, "checked when the configuration was read"
    return _of_jsonl(destination, each.name, each.jsonl, batch_lines)


def _of_jsonl(destination: Destination, name: str, jsonl: Jsonl, batch_lines: int) -> Reading:
    source = JsonlSource(
        name,
        jsonl.path,
        optional=name == RETRY,
        follow=jsonl.follow,
        line_bytes=destination.limits.line_bytes,
        batch_lines=batch_lines,
    )
    return Reading(source, _bytes_of_lines, batch_of_lines, is_shared=False)


def batch_of_lines(batch: JsonlBatch) -> Batch:
    """Give the lines of a file as a batch."""
    return Batch(batch.input, batch.file, batch.arrival, batch.line, batch.ordinal, batch.lines)


def _bytes_of_lines(batch: JsonlBatch) -> int:
    return sum(map(len, batch.lines))


def _of_kinesis(
    destination: Destination, name: str, kinesis: Kinesis, began: datetime | None
) -> Reading:
    account = destination.account
    source = KinesisSource(
        kinesis.stream,
        region=kinesis.region or account.region,
        endpoint_url=kinesis.endpoint_url or account.endpoint_url,
        session=account.profile,
        start=began if began and kinesis.start == "latest" else kinesis_start(kinesis.start),
        out_of_range=kinesis.out_of_range,
        give_up_s=destination.delivery.give_up_s,
    )

    def to_batch(records: Sequence[KinesisSourceRecord]) -> Batch:
        return batch_of_records(name, records)

    return Reading(source, _bytes_of_records, to_batch, is_shared=True, stats=source.stats)


def kinesis_start(start: str) -> Literal["trim_horizon", "latest"] | datetime:
    """Give where a stream is read from, as the source takes it."""
    match start:
        case "trim_horizon":
            return "trim_horizon"
        case "latest":
            return "latest"
    return _time(start)


def batch_of_records(name: str, records: Sequence[KinesisSourceRecord]) -> Batch:
    """Give the records of one shard as a batch of the input of that name."""
    stamps = [(_us(record.arrival), record.ordinal, _position(record)) for record in records]
    lines = [record.data for record in records]
    return Batch(name, records[0].shard_id, 0, 0, 0, lines, stamps)


def _position(record: KinesisSourceRecord) -> str:
    if record.sub_sequence_number:
        return f"{record.sequence_number}.{record.sub_sequence_number}"
    return record.sequence_number


def _bytes_of_records(records: Sequence[KinesisSourceRecord]) -> int:
    return sum(len(record.data) for record in records)


def _of_kafka(destination: Destination, name: str, kafka: Kafka) -> Reading:
    source = KafkaSource(
        kafka.topic,
        brokers=kafka.brokers,
        start=kafka_start(kafka.start),
        group=kafka.group,
        give_up_s=destination.delivery.give_up_s,
    )
    key = key_namespace(destination)

    def to_batch(records: Sequence[KafkaRecord]) -> Batch:
        return batch_of_messages(name, kafka.topic, key, records)

    return Reading(source, _bytes_of_messages, to_batch, is_shared=True, stats=source.stats)


def key_namespace(destination: Destination) -> str:
    """Give the namespace that the key of a record is an id of: what is hashed, if the key is."""
    identities = destination.identities
    hashed = (source for source, to in identities.hash.items() if to == identities.key)
    return next(hashed, identities.key)


def kafka_start(start: str) -> Literal["earliest", "latest"] | datetime:
    """Give where a topic is read from, as the source takes it."""
    match start:
        case "earliest":
            return "earliest"
        case "latest":
            return "latest"
    return _time(start)


def batch_of_messages(name: str, topic: str, key: str, records: Sequence[KafkaRecord]) -> Batch:
    """Give the records of one topic partition as a batch; one without a value is a delete.

    Args:
        name: name of the input.
        topic: the topic.
        key: the namespace that the records' keys are ids of.
        records: what was read.
    """
    stamps = [(_us(record.arrival), record.offset, str(record.offset)) for record in records]
    lines = [_delete(key, record) if record.value is None else record.value for record in records]
    return Batch(name, f"{topic}[{records[0].partition}]", 0, 0, 0, lines, stamps)


def _delete(key: str, record: KafkaRecord) -> bytes:
    return deletion(key, b"" if record.key is None else record.key)


def _bytes_of_messages(records: Sequence[KafkaRecord]) -> int:
    return sum(len(record.value or b"") for record in records)


def _time(start: str) -> datetime:
    return _1970 + timedelta(microseconds=parse_instant(start))


def _us(seconds: float) -> int:
    return round(seconds * _MS_PER_S) * US_PER_MS  # both transports tell milliseconds
