"""A strict Kinesis in memory, to judge a sink by.

It carries the service's numbers itself, each with its source, and imports nothing of the connector
it is used on. It limits each shard's rate, routes by MD5, reshards as documented, refuses what the
service refuses in the service's words, and keeps a log of all requests. The time is handed in with
each call. Not safe for threads: `testing.server` makes one call at a time.

Left out: signatures, encryption, enhanced fan-out, and the time a stream takes to become ACTIVE.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from . import reading, writing
from .stream import FakeStream, Shard, Stored
from .wire import INTEGER, STRING, STRUCTURE, CallRefused, Reply, answer, members, structure

__all__ = [
    "ACCOUNT",
    "THROTTLED",
    "FakeKinesis",
    "FakeStream",
    "Reply",
    "Request",
    "Sent",
    "Stored",
]

ACCOUNT = "123456789012"
THROTTLED = "ProvisionedThroughputExceededException"  # PutRecords: ErrorCode of a busy shard
ON_DEMAND_SHARDS = 4  # https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html
RECORD_KIB = range(1024, 10_241)  # MaxRecordSizeInKiB, API_UpdateMaxRecordSize.html

_TARGET = {"StreamName": STRING, "StreamARN": STRING}


class Sent(NamedTuple):
    """A record as a request brought it."""

    partition_key: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """A PutRecords call as it was seen.

    Args:
        at: When, in seconds.
        records: What it brought; nothing if it could not be read.
        outcome: What happened to the whole: "answered", or the error's type, or a fault's name.
        codes: Of an answered one, what each record got: "" for stored, or the ErrorCode.
    """

    at: float
    records: tuple[Sent, ...]
    outcome: str
    codes: tuple[str, ...] = ()


class FakeKinesis:
    """Kinesis of one account in one region.

    Args:
        region: Stands in the streams' ARNs.
    """

    def __init__(self, *, region: str = "us-east-1") -> None:
        self.requests: list[Request] = []
        self.streams: dict[str, FakeStream] = {}
        self._arn = f"arn:aws:kinesis:{region}:{ACCOUNT}:stream/"
        self._operations = {
            "CreateStream": self._create_stream,
            "DeleteStream": self._delete_stream,
            "DescribeStreamSummary": self._describe_stream_summary,
            "UpdateMaxRecordSize": self._update_max_record_size,
            "SplitShard": self._split_shard,
            "MergeShards": self._merge_shards,
            "UpdateShardCount": self._update_shard_count,
            "ListShards": self._list_shards,
            "GetShardIterator": self._get_shard_iterator,
            "GetRecords": self._get_records,
        }

    def create(self, stream: str, *, shards: int = 1, now: float = 0.0) -> FakeStream:
        """Make a stream, as a test's set-up; `CreateStream` does it over the wire."""
        assert stream not in self.streams, f"stream {stream} exists"
        made = self.streams[stream] = FakeStream(stream, shards, now)
        return made

    def stored(self, stream: str) -> list[Stored]:
        """The records of a stream, in the order they were accepted."""
        return list(self.streams[stream].stored)

    def call(self, operation: str, body: bytes, now: float) -> Reply:
        """Carry out one API call, such as `PutRecords`, at this time in seconds."""
        if operation == "PutRecords":
            return self.put_records(body, now)
        carry_out = self._operations.get(operation)
        if carry_out is None:
            return CallRefused("UnknownOperationException", operation).reply
        try:
            return carry_out(structure(body), now)
        except CallRefused as refused:
            return refused.reply

    def put_records(
        self, body: bytes, now: float, failing: Collection[int] = (), code: str = ""
    ) -> Reply:
        """Carry out PutRecords.

        Args:
            body: The request.
            now: The time, in seconds.
            failing: Places of records that fail whatever they are.
            code: The ErrorCode they fail with.
        """
        sent: list[writing.Entry] = []
        try:
            request = members(structure(body), writing.MEMBERS, "Records")
            sent = writing.entries(request["Records"])
            stream = self._stream(request)
            writing.check(sent, stream.record_bytes_max, dry_run=request.get("DryRun", False))
        except CallRefused as refused:
            self._log(now, sent, refused.code)
            return refused.reply
        results = [
            _failure(stream.route(entry), stream.name, code)
            if place in failing
            else _result(stream.accept(entry, now), stream.name)
            for place, entry in enumerate(sent)
        ]
        codes = tuple(result.get("ErrorCode", "") for result in results)
        self._log(now, sent, "answered", codes)
        failed = len(codes) - codes.count("")
        return answer({"FailedRecordCount": failed, "Records": results, "EncryptionType": "NONE"})

    def turn_away(self, body: bytes, now: float, outcome: str) -> None:
        """Log a PutRecords request that a fault kept from being carried out."""
        try:
            sent = writing.entries(structure(body)["Records"])
        except (CallRefused, KeyError, TypeError):
            sent = []
        self._log(now, sent, outcome)

    def _log(
        self,
        now: float,
        sent: Collection[writing.Entry],
        outcome: str,
        codes: tuple[str, ...] = (),
    ) -> None:
        records = tuple(Sent(entry.partition_key, entry.data) for entry in sent)
        self.requests.append(Request(now, records, outcome, codes))

    def _stream(self, request: Mapping[str, Any]) -> FakeStream:
        """The stream that a request names, by its name, its ARN or both."""
        names = {request[member].removeprefix(self._arn) for member in _TARGET if member in request}
        if not names:
            raise CallRefused("InvalidArgumentException", "StreamName or StreamARN is required")
        stream = self.streams.get(names.pop())
        if stream is None or names:
            name = request.get("StreamName", request.get("StreamARN"))
            raise CallRefused(
                "ResourceNotFoundException", f"Stream {name} under account {ACCOUNT} not found."
            )
        return stream

    def _create_stream(self, found: Any, now: float) -> Reply:
        known = {
            "StreamName": STRING,
            "ShardCount": INTEGER,
            "StreamModeDetails": STRUCTURE,
            "MaxRecordSizeInKiB": INTEGER,
            "RecordDistributionStrategy": STRING,
        }
        request = members(found, known, "StreamName")
        mode = request.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")
        shards = request.get("ShardCount", ON_DEMAND_SHARDS if mode == "ON_DEMAND" else 0)
        if shards < 1:
            raise CallRefused("InvalidArgumentException", "ShardCount is required, 1 or more")
        if request["StreamName"] in self.streams:
            raise CallRefused("ResourceInUseException", f"{request['StreamName']} exists")
        stream = FakeStream(request["StreamName"], shards, now)
        stream.mode = mode
        stream.ignores_keys = request.get("RecordDistributionStrategy") == "AUTO"
        stream.record_bytes_max = _record_bytes_max(request.get("MaxRecordSizeInKiB", 1024))
        self.streams[stream.name] = stream
        return answer()

    def _delete_stream(self, found: Any, now: float) -> Reply:
        del self.streams[self._stream(members(found, _TARGET)).name]
        return answer()

    def _describe_stream_summary(self, found: Any, now: float) -> Reply:
        stream = self._stream(members(found, _TARGET))
        summary: dict[str, Any] = {
            "StreamName": stream.name,
            "StreamARN": self._arn + stream.name,
            "StreamStatus": stream.status,
            "StreamModeDetails": {"StreamMode": stream.mode},
            "RetentionPeriodHours": int(stream.retention_s // 3600),
            "StreamCreationTimestamp": stream.created,
            "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
            "EncryptionType": "NONE",
            "OpenShardCount": len(stream.open_shards),
            "ConsumerCount": 0,
            "MaxRecordSizeInKiB": stream.record_bytes_max // 1024,
        }
        if stream.mode == "ON_DEMAND":
            summary["RecordDistributionStrategy"] = (
                "AUTO" if stream.ignores_keys else "USER_PARTITION_KEY"
            )
        return answer({"StreamDescriptionSummary": summary})

    def _update_max_record_size(self, found: Any, now: float) -> Reply:
        known = {"StreamARN": STRING, "MaxRecordSizeInKiB": INTEGER}
        request = members(found, known, "MaxRecordSizeInKiB")
        size = _record_bytes_max(request["MaxRecordSizeInKiB"])
        self._stream(request).record_bytes_max = size
        return answer()

    def _split_shard(self, found: Any, now: float) -> Reply:
        known = {**_TARGET, "ShardToSplit": STRING, "NewStartingHashKey": STRING}
        request = members(found, known, "ShardToSplit", "NewStartingHashKey")
        middle = int(request["NewStartingHashKey"])
        self._stream(request).split(request["ShardToSplit"], middle, now)
        return answer()

    def _merge_shards(self, found: Any, now: float) -> Reply:
        known = {**_TARGET, "ShardToMerge": STRING, "AdjacentShardToMerge": STRING}
        request = members(found, known, "ShardToMerge", "AdjacentShardToMerge")
        one, other = request["ShardToMerge"], request["AdjacentShardToMerge"]
        self._stream(request).merge(one, other, now)
        return answer()

    def _update_shard_count(self, found: Any, now: float) -> Reply:
        known = {**_TARGET, "TargetShardCount": INTEGER, "ScalingType": STRING}
        request = members(found, known, "TargetShardCount", "ScalingType")
        stream, target = self._stream(request), request["TargetShardCount"]
        before = len(stream.open_shards)
        if request["ScalingType"] != "UNIFORM_SCALING":  # the only type there is
            raise CallRefused("ValidationException", "ScalingType is UNIFORM_SCALING")
        stream.update_shard_count(target, now)
        counts = {"CurrentShardCount": before, "TargetShardCount": target}
        return answer({"StreamName": stream.name, "StreamARN": self._arn + stream.name, **counts})

    def _list_shards(self, found: Any, now: float) -> Reply:
        request = members(found, reading.LIST_SHARDS)
        token = request.get("NextToken")
        stream = self._stream({"StreamName": token.partition("/")[0]} if token else request)
        return reading.list_shards(stream, request, now)

    def _get_shard_iterator(self, found: Any, now: float) -> Reply:
        request = members(found, reading.GET_SHARD_ITERATOR, "ShardId", "ShardIteratorType")
        return reading.get_shard_iterator(self._stream(request), request, now)

    def _get_records(self, found: Any, now: float) -> Reply:
        request = members(found, reading.GET_RECORDS, "ShardIterator")
        position = reading.Position.read(request["ShardIterator"])
        stream = self._stream({"StreamName": position.stream})
        return reading.get_records(stream, position, request.get("Limit"), now)


def _record_bytes_max(kib: int) -> int:
    if kib not in RECORD_KIB:
        raise CallRefused("ValidationException", f"MaxRecordSizeInKiB {kib} is not 1024 to 10240")
    return kib * 1024


def _result(kept: Stored | Shard, stream: str) -> dict[str, str]:
    if isinstance(kept, Stored):
        return {"SequenceNumber": kept.sequence_number, "ShardId": kept.shard_id}
    return _failure(kept, stream, THROTTLED)


def _failure(shard: Shard, stream: str, code: str) -> dict[str, str]:
    """A failed entry, in the words of the API reference."""
    text = "Internal Service Failure"
    if code == THROTTLED:
        text = f"Rate exceeded for shard {shard.id} in stream {stream} under account {ACCOUNT}."
    return {"ErrorCode": code, "ErrorMessage": text}
