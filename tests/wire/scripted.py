"""A Kinesis stream that answers PutRecords as a script says, inside botocore's own `before-send`.

An independent judge: it reads each request from the bytes that would have gone over the wire and
imports nothing of the connector. Each request takes the next step of the script; when the script
is at its end, everything is accepted. ListShards is never allowed, as for many a job: a throttled
record then waits by itself, and the order of requests depends on nothing else.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import boto3
import botocore.session
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.loaders import create_loader

_LOADER = create_loader()  # shared, as reading the service's model is most of a client's cost

REQUESTS_MAX = 5000
"""More requests than any test needs: a sink that never stops fails instead of hanging."""

Sent = tuple[str, bytes]
"""A record as it was sent: partition key and data."""

DEADLINE_S = 20


class ScriptedKinesis:
    """The stream: `requests` is what was sent, `stored` what it keeps, in order.

    Attributes:
        now: a clock, in seconds, which only a step moves.
    """

    def __init__(self, *script: Step) -> None:
        """Answer with these steps, one for each request."""
        self.now = 0.0
        self.requests: list[list[Sent]] = []
        self.stored: list[Sent] = []
        self._script = iter(script)
        self._came = threading.Condition()
        core = botocore.session.Session()
        core.register_component("data_loader", _LOADER)
        self.session = boto3.Session(
            "canary-key", "canary-secret", region_name="us-east-1", botocore_session=core
        )
        self.session.events.register("before-send.kinesis.PutRecords", self._answer)
        self.session.events.register("before-send.kinesis.ListShards", _deny)

    def wait_for(self, requests: int) -> None:
        """Return when so many requests have come."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.requests) >= requests, DEADLINE_S)

    def _answer(self, request: AWSRequest, **_: object) -> AWSResponse | None:
        body = json.loads(request.body)
        if body["StreamName"] != "leads":  # a client may try itself out before it starts
            return None
        records = [
            (entry["PartitionKey"], base64.b64decode(entry["Data"])) for entry in body["Records"]
        ]
        with self._came:  # several requests may come at once
            self.requests.append(records)
            assert len(self.requests) <= REQUESTS_MAX, "it asks without end"
            step = next(self._script, accept)
            self._came.notify_all()
        return step(self, records)

    def store(self, records: Sequence[Sent]) -> list[dict[str, Any]]:
        """Keep records and return their entries for the answer."""
        with self._came:
            start = len(self.stored)
            self.stored += records
        return [
            {"SequenceNumber": f"{start + place:056d}", "ShardId": "shardId-000000000000"}
            for place in range(len(records))
        ]


Step = Callable[[ScriptedKinesis, list[Sent]], AWSResponse]


def accept(kinesis: ScriptedKinesis, records: list[Sent]) -> AWSResponse:
    """Accept everything."""
    return fails()(kinesis, records)


def fails(
    *places: int,
    code: str = "ProvisionedThroughputExceededException",
    failed_count: int | None = None,
) -> Step:
    """Fail the entries at these places and accept the others; `failed_count` may lie."""

    def step(kinesis: ScriptedKinesis, records: list[Sent]) -> AWSResponse:
        entries = [
            {"ErrorCode": code, "ErrorMessage": f"Rate exceeded for {record[0]}"}
            if place in places
            else kinesis.store([record])[0]
            for place, record in enumerate(records)
        ]
        count = len(places) if failed_count is None else failed_count
        return _response(200, json.dumps({"FailedRecordCount": count, "Records": entries}))

    return step


def fails_all(kinesis: ScriptedKinesis, records: list[Sent]) -> AWSResponse:
    """Throttle every entry."""
    return fails(*range(len(records)))(kinesis, records)


def says(body: bytes | str, *, status: int = 200, applied: bool = True) -> Step:
    """Answer with this body, whether the records were stored or not."""

    def step(kinesis: ScriptedKinesis, records: list[Sent]) -> AWSResponse:
        if applied:
            kinesis.store(records)
        return _response(status, body)

    return step


def refuses(code: str, *, status: int = 400, text: str = "") -> Step:
    """Refuse the whole request with this error code."""
    body = json.dumps({"__type": code, "message": text})
    return says(body, status=status, applied=False)


def cuts(error: Exception, *, applied: bool) -> Step:
    """Break the connection, after or before the records were stored."""

    def step(kinesis: ScriptedKinesis, records: list[Sent]) -> AWSResponse:
        if applied:
            kinesis.store(records)
        raise error

    return step


def takes(seconds: float, step: Step) -> Step:
    """Do a step after some time on the stream's clock."""

    def late(kinesis: ScriptedKinesis, records: list[Sent]) -> AWSResponse:
        kinesis.now += seconds
        return step(kinesis, records)

    return late


def waits_for(event: threading.Event) -> Step:
    """Accept everything, but not before something has happened."""

    def late(kinesis: ScriptedKinesis, records: list[Sent]) -> AWSResponse:
        assert event.wait(DEADLINE_S)
        return accept(kinesis, records)

    return late


def edits(edit: Callable[[list[dict[str, Any]]], object]) -> Step:
    """Accept everything, then put `edit(entries)` in the place of the answer's entries."""

    def step(kinesis: ScriptedKinesis, records: list[Sent]) -> AWSResponse:
        answer = {"FailedRecordCount": 0, "Records": edit(kinesis.store(records))}
        return _response(200, json.dumps(answer))

    return step


def _deny(request: AWSRequest, **_: object) -> AWSResponse:
    del request
    return _response(400, json.dumps({"__type": "AccessDeniedException", "message": ""}))


class _Raw:
    """The part of a urllib3 response that botocore reads."""

    def __init__(self, body: bytes) -> None:
        """Hold the body."""
        self._body = body

    def stream(self) -> Iterator[bytes]:
        """Give the body in one piece."""
        yield self._body


def _response(status: int, body: bytes | str) -> AWSResponse:
    raw = body.encode() if isinstance(body, str) else body
    headers = {"x-amzn-requestid": "request-1"}
    return AWSResponse("https://kinesis.us-east-1.amazonaws.com/", status, headers, _Raw(raw))
