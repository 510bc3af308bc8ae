"""Calls to a fake stream as they come over the wire: JSON in, JSON out."""

from __future__ import annotations

import base64
import json
from typing import Any

from connectors.kinesis.testing.fake import FakeKinesis


def call(fake: FakeKinesis, operation: str, now: float = 0.0, /, **members: object) -> Any:
    """Make a call that must succeed, and give what it answers."""
    reply = fake.call(operation, json.dumps(members).encode(), now)
    assert 200 == reply.status, reply.body
    return json.loads(reply.body or b"null")


def error(fake: FakeKinesis, operation: str, now: float = 0.0, /, **members: object) -> str:
    """Make a call that must be refused, and give the type of its error."""
    reply = fake.call(operation, json.dumps(members).encode(), now)
    assert 400 == reply.status, reply.body
    found = json.loads(reply.body)
    assert {"__type", "message"} == found.keys()
    return str(found["__type"])


def record(data: bytes = b"x", key: str = "a", hash_key: str | None = None) -> dict[str, str]:
    """One record of a PutRecords request."""
    entry = {"Data": base64.b64encode(data).decode(), "PartitionKey": key}
    return entry if hash_key is None else {**entry, "ExplicitHashKey": hash_key}


def put(fake: FakeKinesis, *records: dict[str, str], now: float = 0.0) -> list[dict[str, str]]:
    """Put records into `leads`, and give the entries of the answer."""
    answer = call(fake, "PutRecords", now, StreamName="leads", Records=list(records))
    entries: list[dict[str, str]] = answer["Records"]
    assert len(records) == len(entries)
    assert sum("ErrorCode" in entry for entry in entries) == answer["FailedRecordCount"]
    return entries


def codes(fake: FakeKinesis, *records: dict[str, str], now: float = 0.0) -> list[str]:
    """Put records into `leads`, and give the error code of each, "" if it was stored."""
    return [entry.get("ErrorCode", "") for entry in put(fake, *records, now=now)]
