"""Read: what each kind of source gives out becomes batches that say when, which and where."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from connectors.jsonl import JsonlBatch
from connectors.kafka import KafkaRecord
from connectors.kinesis import KinesisSourceRecord
from flows.batch import Batch
from flows.destination import Input, Jsonl, Kafka, Kinesis
from flows.profile.fragment import FragmentReader
from flows.profile.reject import Rejected
from flows.read import (
    batch_of_lines,
    batch_of_messages,
    batch_of_records,
    kafka_start,
    key_namespace,
    kinesis_start,
    reading,
)
from tests.support.made import destination

T = 1_583_270_679.123
"""Seconds since 1970 as Kinesis and Kafka tell an arrival: to the millisecond."""

T_US = 1_583_270_679_123_000


def test_lines_of_a_file_keep_their_place() -> None:
    """A line's arrival, number and ordinal follow from those of the first one."""
    batch = batch_of_lines(JsonlBatch("profiles", "a.jsonl", T_US, 8, 107, [b"{}", b"[]"]))
    assert Batch("profiles", "a.jsonl", T_US, 8, 107, [b"{}", b"[]"]) == batch
    assert [(T_US, 107, "8"), (T_US, 108, "9")] == [batch.stamp(0), batch.stamp(1)]


def test_records_of_a_shard_are_stamped_each() -> None:
    """One of an aggregate is told apart by its place in it."""
    shard = "shardId-000000000003"
    records = [
        KinesisSourceRecord(b"a", "k", "49", T, shard_id=shard, ordinal=7),
        KinesisSourceRecord(b"b", "l", "50", T + 1, 2, shard, 8),
    ]
    batch = batch_of_records("segments", records)
    assert ("segments", shard, [b"a", b"b"]) == (batch.input, batch.origin, batch.lines)
    assert [(T_US, 7, "49"), (T_US + 1_000_000, 8, "50.2")] == batch.stamps


def test_records_of_a_topic_are_stamped_by_their_offset() -> None:
    """Which may have gaps; the partition stands with the topic."""
    records = [KafkaRecord(None, b"a", 3, 8, T), KafkaRecord(b"k", b"b", 3, 11, T)]
    batch = batch_of_messages("crm", "profiles", "crmid", records)
    assert ("crm", "profiles[3]", [b"a", b"b"]) == (batch.input, batch.origin, batch.lines)
    assert [(T_US, 8, "8"), (T_US, 11, "11")] == batch.stamps


@pytest.mark.parametrize(
    "fields", [None, {"identity": {"crmid": "id"}}], ids=["an XDM input", "an input of rows"]
)
def test_a_record_without_a_value_deletes_its_key(fields: dict[str, object] | None) -> None:
    """The key's text is the id, whatever characters it has; it was deleted when it arrived."""
    made = destination(
        inputs=[{"name": "crm", "kafka": {"topic": "t", "brokers": ["b:9092"]}, "fields": fields}]
    )
    reader = FragmentReader(made, made.inputs[0].fields)
    key = 'C-1"\\{é'
    batch = batch_of_messages("crm", "t", "crmid", [KafkaRecord(key.encode(), None, 0, 8, T)])
    (line,) = reader.split(batch.lines[0])
    assert key == reader.key(line)
    fragment = reader.read(line, T_US, 8)
    assert (key, T_US, T_US) == (fragment.key, fragment.time, fragment.content.tombstone)


@pytest.mark.parametrize("key", [None, b""], ids=["none", "empty"])
def test_a_delete_without_a_key_is_rejected(key: bytes | None) -> None:
    """There is nothing that it could delete."""
    batch = batch_of_messages("crm", "t", "crmid", [KafkaRecord(key, None, 0, 8, T)])
    with pytest.raises(Rejected, match="no_key_identity"):
        FragmentReader(destination()).key(batch.lines[0])


def test_a_key_that_is_not_utf8_is_kept_as_it_is() -> None:
    """So that the line is rejected for it, and nothing is guessed."""
    batch = batch_of_messages("crm", "t", "crmid", [KafkaRecord(b"\xff", None, 0, 8, T)])
    with pytest.raises(UnicodeDecodeError):
        batch.lines[0].decode()


def test_a_start_is_a_word_or_a_time() -> None:
    """The time keeps its offset's meaning and its fraction."""
    at = datetime(2020, 3, 3, 21, 24, 39, 123456, timezone.utc)
    assert ("trim_horizon", "latest") == (kinesis_start("trim_horizon"), kinesis_start("latest"))
    assert ("earliest", "latest") == (kafka_start("earliest"), kafka_start("latest"))
    assert at == kinesis_start("2020-03-03T22:24:39.123456+01:00")
    assert at.replace(microsecond=0) - timedelta(seconds=39) == kafka_start("2020-03-03T21:24:00Z")


@pytest.mark.parametrize(
    ("each", "is_shared", "size"),
    [
        (Input(name="a", jsonl=Jsonl(path="a/")), False, 3),
        (Input(name="a", kinesis=Kinesis(stream="s")), True, 3),
        (Input(name="a", kafka=Kafka(topic="t", brokers=("b:9092",))), True, 3),
    ],
    ids=["jsonl", "kinesis", "kafka"],
)
def test_streams_are_shared_by_processes_and_files_are_not(
    each: Input,
    is_shared: bool,  # noqa: FBT001 - what is expected
    size: int,
) -> None:
    """Nothing is opened or connected, and the bytes of an item are those of its data."""
    made = reading(destination(), each)
    items = {
        "jsonl": JsonlBatch("a", "a", 0, 1, 0, [b"ab", b"c"]),
        "kinesis": [KinesisSourceRecord(b"abc", "k", "1", T)],
        "kafka": [KafkaRecord(b"k", b"abc", 0, 0, T), KafkaRecord(b"k", None, 0, 1, T)],
    }
    (kind,) = (kind for kind in items if getattr(each, kind) is not None)
    assert is_shared == made.is_shared
    assert size == made.size_of(items[kind])


def test_a_deleted_key_is_hashed_as_those_of_fragments_are() -> None:
    """A clear address and its hash name the same profile, and the clear one is not kept."""
    made = destination(identities={"key": "email_lc_sha256", "hash": {"Email": "email_lc_sha256"}})
    jane = "22fff12b355cb9cb6303835fe8227cbb155ee22d300caccba72b326d1a6fb98a"
    records = [KafkaRecord(key, None, 0, 8, T) for key in (b"Jane.Roe@example.com", jane.encode())]
    batch = batch_of_messages("crm", "t", key_namespace(made), records)
    assert [jane, jane] == [FragmentReader(made).key(line) for line in batch.lines]


def test_the_latest_of_a_stream_is_when_the_job_was_first_started() -> None:
    """So a job that dies before its first commit loses nothing; a start that is a time stays."""
    began = datetime(2026, 11, 24, tzinfo=timezone.utc)
    given = [Kinesis(stream="s", start=start) for start in ("latest", "2026-11-01T00:00:00Z")]
    sources = [
        reading(destination(), Input(name="a", kinesis=each), began=began).source for each in given
    ]
    assert [began.timestamp(), datetime(2026, 11, 1, tzinfo=timezone.utc).timestamp()] == [
        vars(source)["_start"] for source in sources
    ]
