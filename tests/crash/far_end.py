"""A Kinesis stream as far as a crash test needs one: it keeps what it took, whoever dies meanwhile.

Each execution connects with a session of its own, in the place of a `boto3.Session`. A request has
three points: before anything of it was taken, after half of its records were, and after all of
them were but nobody was told. No network and no AWS client; what a real client makes of each
answer has tests of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from tests.crash.fuse import REQUEST, Fuse


class FarEnd:
    """The stream.

    Attributes:
        stored: partition key and data of each record taken, in order.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.stored: list[tuple[str, bytes]] = []

    def session(self, fuse: Fuse) -> _Session:
        """Give the session of one execution."""
        return _Session(self, fuse)

    def messages(self) -> dict[str, list[bytes]]:
        """Give what was taken, by partition key."""
        messages: dict[str, list[bytes]] = {}
        for key, data in self.stored:
            messages.setdefault(key, []).append(data)
        return messages


class _Session:
    """What `KinesisSink` asks of a session, and of the client that it gives."""

    meta = SimpleNamespace(endpoint_url="https://kinesis.us-east-1.amazonaws.com")

    def __init__(self, far_end: FarEnd, fuse: Fuse) -> None:
        self._far_end = far_end
        self._fuse = fuse

    def client(self, service: str, **_: object) -> _Session:
        assert service == "kinesis"
        return self

    def put_records(self, *, StreamName: str, Records: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - Kinesis's own names
        assert StreamName == "leads"
        records = [(each["PartitionKey"], each["Data"]) for each in Records]
        assert len(records) == len(dict(records)), "a key stands twice in one request"
        self._fuse.point(REQUEST[0])
        self._far_end.stored += records[::2]  # any part of a request may be taken, not only a start
        if len(records) > 1:
            self._fuse.point(REQUEST[1])
        self._far_end.stored += records[1::2]
        self._fuse.point(REQUEST[2])
        return {
            "FailedRecordCount": 0,
            "Records": [{"SequenceNumber": "1", "ShardId": "shardId-000000000000"}] * len(records),
        }

    def close(self) -> None:
        """Nothing is open."""
