"""A Kinesis stream as far as a crash test needs one: it keeps what it took, whoever dies meanwhile.

Each execution connects with a session of its own, whose requests end here instead of in a socket,
inside botocore's own `before-send`. A request has three points: before anything of it was taken,
after half of its records were, and after all of them were but nobody was told. No network; what a
real client makes of each answer has tests of its own.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import boto3
import botocore.session
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.loaders import create_loader

from tests.crash.fuse import REQUEST, Fuse

_LOADER = create_loader()  # shared, as reading the service's model is most of a client's cost


class FarEnd:
    """The stream.

    Attributes:
        stored: partition key and data of each record taken, in order.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.stored: list[tuple[str, bytes]] = []

    def session(self, fuse: Fuse) -> boto3.Session:
        """Give the session of one execution."""

        def put_records(request: AWSRequest, **_: object) -> AWSResponse | None:
            return self._put_records(request, fuse)

        core = botocore.session.Session()
        core.register_component("data_loader", _LOADER)
        session = boto3.Session("key", "secret", region_name="us-east-1", botocore_session=core)
        session.events.register("before-send.kinesis.PutRecords", put_records)
        return session

    def _put_records(self, request: AWSRequest, fuse: Fuse) -> AWSResponse | None:
        body = json.loads(request.body)
        if body["StreamName"] != "leads":
            return None  # the client tries itself out
        records = [
            (each["PartitionKey"], base64.b64decode(each["Data"])) for each in body["Records"]
        ]
        assert len(records) == len(dict(records)), "a key stands twice in one request"
        fuse.point(REQUEST[0])
        self.stored += records[::2]  # any part of a request may be taken, not only a start
        if len(records) > 1:
            fuse.point(REQUEST[1])
        self.stored += records[1::2]
        fuse.point(REQUEST[2])
        entry = {"SequenceNumber": "1", "ShardId": "shardId-000000000000"}
        answer = {"FailedRecordCount": 0, "Records": [entry] * len(records)}
        return AWSResponse(request.url, 200, {}, _Raw(json.dumps(answer).encode()))

    def messages(self) -> dict[str, list[bytes]]:
        """Give what was taken, by partition key."""
        messages: dict[str, list[bytes]] = {}
        for key, data in self.stored:
            messages.setdefault(key, []).append(data)
        return messages


class _Raw:
    """A body as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body
