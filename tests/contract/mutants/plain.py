"""A plain Kinesis sink that keeps the contract: one request at a time, in boto3.

The wrong sinks beside it differ from it in one thing each. It imports nothing of the connector.
"""

from __future__ import annotations

import math
import threading
from functools import cache
from typing import Any, ClassVar, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from connectors.kinesis.testing.contract import Endpoint

PAUSE_S = 0.02
MIB = 1024 * 1024
UNREADABLE = (BotoCoreError, UnicodeDecodeError)
PASSING = {
    "ProvisionedThroughputExceededException",
    "KMSThrottlingException",
    "ExpiredTokenException",
}

_one_at_a_time = threading.Lock()  # a session makes one client at a time


class Record(NamedTuple):
    """What this sink writes."""

    data: bytes
    partition_key: str


class PlainError(Exception):
    """It gave up, was refused, or was given a record that is too large."""


@cache
def _session() -> Any:
    return boto3.Session("any", "any")


def client_of(endpoint: Endpoint) -> Any:
    """A boto3 client that makes one attempt a call."""
    config = Config(
        proxies={},
        retries={"mode": "standard", "total_max_attempts": 1},
        read_timeout=endpoint.request_timeout_s,
        parameter_validation=False,
    )
    where = {"region_name": endpoint.region, "endpoint_url": endpoint.url}
    with _one_at_a_time:
        return _session().client("kinesis", config=config, **where)


class PlainPartition(StatefulSinkPartition[list[Record], None]):
    """Keeps records until a flush, which sends the oldest of each key until none is left."""

    breaks: ClassVar[frozenset[str]] = frozenset()
    """The cases of the contract that it does not pass."""

    records_max = 500

    def __init__(self, endpoint: Endpoint) -> None:
        """Connect."""
        self.endpoint = endpoint
        self.client = client_of(endpoint)
        self.queue: list[Record] = []
        # Pauses double, so this many of them last `give_up_s`.
        self.attempts_max = 1 + int(math.log2(1 + endpoint.give_up_s / PAUSE_S))

    def write_batch(self, values: list[list[Record]]) -> None:
        """Take records, but none that Kinesis cannot."""
        for record in (record for records in values for record in records):
            if self.size(record) > MIB:
                raise PlainError("a record is larger than 1 MiB")
            self.queue.append(record)

    def snapshot(self) -> None:
        """Send until all is acknowledged."""
        attempts = 0
        while self.queue:
            request = self.next_request()
            failed = self.failed(request, self.put(request))
            self.settle(request, failed)
            attempts = self.counted(attempts) if len(failed) == len(request) else 0
            if self.is_over(attempts):
                raise PlainError(f"nothing was acknowledged in {attempts} attempts")
            if failed:
                self.wait(attempts)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def size(self, record: Record) -> int:
        """Bytes that count to the limits."""
        return len(record.data) + len(record.partition_key.encode())

    def next_request(self) -> list[Record]:
        """The oldest record of each key, as many as a request holds."""
        request: dict[str, Record] = {}
        room = 10 * MIB
        for record in self.queue:
            if record.partition_key in request:
                continue
            room -= self.size(record)
            if room < 0 or len(request) == self.records_max:
                break
            request[record.partition_key] = record
        return list(request.values())

    def put(self, request: list[Record]) -> list[dict[str, Any]] | None:
        """Make one call: the entries of its answer, or None if there was no answer."""
        try:
            answer: dict[str, Any] = self.client.put_records(
                StreamName=self.endpoint.stream, Records=[self.entry(record) for record in request]
            )
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return self.on_error(status, error.response["Error"]["Code"], request)
        except UNREADABLE:
            return None
        entries: list[dict[str, Any]] = answer.get("Records", [])
        return entries

    def on_error(
        self, status: int, code: str, request: list[Record]
    ) -> list[dict[str, Any]] | None:
        """Take an error answer for none if it passes, and raise if it does not."""
        if status >= 500 or code in PASSING:
            return None
        raise PlainError(self.refusal(code, request)) from None  # its text may quote a key

    def entry(self, record: Record) -> dict[str, Any]:
        """A record as it is sent."""
        return {"Data": record.data, "PartitionKey": record.partition_key}

    def refusal(self, code: str, request: list[Record]) -> str:
        """What to say of a request that can never succeed."""
        return f"Kinesis refused {len(request)} records: {code}"

    def failed(self, request: list[Record], entries: list[dict[str, Any]] | None) -> list[Record]:
        """The records of a request that were not acknowledged."""
        if entries is None or len(entries) != len(request):
            return request
        return [
            record
            for record, entry in zip(request, entries, strict=True)
            if not self.is_acknowledged(entry)
        ]

    def is_acknowledged(self, entry: dict[str, Any]) -> bool:
        """Whether an entry of an answer says that its record is stored."""
        return bool(entry.get("SequenceNumber"))

    def settle(self, request: list[Record], failed: list[Record]) -> None:
        """Forget what was acknowledged, and put what failed where it was: first."""
        sent = {id(record) for record in request}
        self.queue = failed + [record for record in self.queue if id(record) not in sent]

    def counted(self, attempts: int) -> int:
        """The number of attempts without progress, after one more."""
        return attempts + 1

    def is_over(self, attempts: int) -> bool:
        """Whether to give up."""
        return attempts >= self.attempts_max

    def wait(self, attempts: int) -> None:
        """Pause before the next attempt."""
        pause_s = PAUSE_S * 2.0 ** max(attempts - 1, 0)
        threading.Event().wait(pause_s)


class PlainSink(FixedPartitionedSink[list[Record], None]):
    """One partition of the kind it is given."""

    def __init__(self, endpoint: Endpoint, kind: type[PlainPartition]) -> None:
        """Keep what the partition needs."""
        self.endpoint = endpoint
        self.kind = kind

    def list_parts(self) -> list[str]:
        """One."""
        return ["0"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> PlainPartition:
        """Open it."""
        del step_id, for_part, resume_state
        return self.kind(self.endpoint)
