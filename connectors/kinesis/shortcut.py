"""The short way through botocore for PutRecords: our body goes in, our reading of the answer out.

By botocore's public events (https://botocore.amazonaws.com/v1/documentation/api/latest/topics/
events.html), for one client only. What is skipped is botocore's serializer and parser, which cost
most of a call; endpoint, credentials, signature, proxies and TLS stay as they are, and an error
answer is read by botocore.

`shortcut_works` makes one call that goes nowhere, with keys that are none, and compares what would
have been sent and what came back with what is written here. A client for which it fails goes the
long way, at a quarter of the speed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from .codec import decode_entries, encode_records
from .core.answer import Entry
from .core.record import KinesisRecord
from .self_test import Came, passes


class Prepared(list[Any]):
    """The records of a call, of which botocore sees none, and their body.

    Attributes:
        body: What is sent.
    """

    def __init__(self, body: bytes) -> None:
        """Look empty."""
        super().__init__()
        self.body = body


def take_shortcut(client: Any) -> None:
    """Let a client send `Prepared` records, and answer with `Entries`."""
    events = client.meta.events
    events.register("before-parameter-build.kinesis.PutRecords", _note_body)
    events.register("before-call.kinesis.PutRecords", _hand_over_body)
    events.register("before-parse.kinesis.PutRecords", _take_answer)


def _note_body(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    context["body"] = params["Records"].body


def _hand_over_body(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    params["body"] = context["body"]


def _take_answer(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """Read an answer before botocore does, and leave it an empty one to read."""
    if response_dict["status_code"] == HTTPStatus.OK:
        customized_response_dict["Entries"] = decode_entries(response_dict["body"])
        response_dict["body"] = b"{}"


_RECORDS = (KinesisRecord(b"\xff{}", "a\u00e9"), KinesisRecord(b"", "b", "7"))
_BODY = {
    "StreamName": "self-test",
    "Records": [
        {"Data": "/3t9", "PartitionKey": "a\u00e9"},
        {"Data": "", "PartitionKey": "b", "ExplicitHashKey": "7"},
    ],
}
_ANSWER = (
    b'{"FailedRecordCount":1,"Records":[{"SequenceNumber":"49","ShardId":"shardId-000000000000"},'
    b'{"ErrorCode":"InternalFailure","ErrorMessage":"m"}]}'
)
_ENTRIES = [
    Entry("49", "shardId-000000000000"),
    Entry(error_code="InternalFailure", error_message="m"),
]


_EFFECT = "records are sent by botocore's own way, at a quarter of the speed"


def shortcut_works(make_client: Callable[..., Any]) -> bool:
    """Whether a client can take the shortcut.

    Args:
        make_client: Makes one; takes `aws_access_key_id` and `aws_secret_access_key`.
    """
    target = {"StreamName": "self-test"}

    def put(client: Any) -> Came:
        prepared = Prepared(encode_records(_RECORDS, target))
        came: Came = client.put_records(Records=prepared, **target)
        return came

    def is_right(sent: list[bytes], came: Came) -> bool:
        return [json.loads(body) for body in sent] == [_BODY] and came.get("Entries") == _ENTRIES

    return passes(make_client, take_shortcut, put, _ANSWER, is_right=is_right, effect=_EFFECT)


def long_way(records: Sequence[KinesisRecord]) -> list[dict[str, Any]]:
    """Give records as botocore takes them."""
    return [
        {"Data": record.data, "PartitionKey": record.partition_key}
        if record.explicit_hash_key is None
        else {
            "Data": record.data,
            "PartitionKey": record.partition_key,
            "ExplicitHashKey": record.explicit_hash_key,
        }
        for record in records
    ]


def long_way_back(answer: dict[str, Any]) -> list[Entry]:
    """Give the entries of an answer as botocore reads it."""
    return [
        Entry(
            entry.get("SequenceNumber"),
            entry.get("ShardId"),
            entry.get("ErrorCode"),
            entry.get("ErrorMessage"),
        )
        for entry in (each or {} for each in answer.get("Records") or [])
    ]
