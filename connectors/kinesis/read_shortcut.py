"""The short way through botocore for GetRecords: our reading of the answer, instead of its own.

By botocore's public events, for one client only, as `shortcut` does it for PutRecords. What is
skipped is botocore's parser, which takes nearly all of the time of reading; requests are small, and
an error answer is read by botocore.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from .codec import decode_read, read_answer
from .core.read_calls import ReadAnswer
from .core.source_record import KinesisSourceRecord
from .self_test import Came, passes


def take_read_shortcut(client: Any) -> None:
    """Let a client answer GetRecords with `Read`."""
    client.meta.events.register("before-parse.kinesis.GetRecords", _take_answer)


def _take_answer(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """Read an answer before botocore does, and leave it an empty one to read."""
    if response_dict["status_code"] == HTTPStatus.OK:
        customized_response_dict["Read"] = decode_read(response_dict["body"])
        response_dict["body"] = b"{}"


_ANSWER = (
    b'{"Records":[{"SequenceNumber":"49","ApproximateArrivalTimestamp":1.795514400125E9,'
    b'"Data":"/3t9","PartitionKey":"a\\u00e9","EncryptionType":"KMS"}],'
    b'"NextShardIterator":"i","MillisBehindLatest":7,"ChildShards":[]}'
)
_READ = ReadAnswer([KinesisSourceRecord(b"\xff{}", "a\u00e9", "49", 1795514400.125)], "i", 7, 3)
_EFFECT = "records are read by botocore's own way, at a tenth of the speed"


def read_shortcut_works(make_client: Callable[..., Any]) -> bool:
    """Whether a client can take the shortcut.

    Args:
        make_client: Makes one; takes `aws_access_key_id` and `aws_secret_access_key`.
    """

    def get(client: Any) -> Came:
        came: Came = client.get_records(ShardIterator="self-test")
        return came

    def is_right(sent: list[bytes], came: Came) -> bool:
        bodies = [json.loads(body) for body in sent]
        return bodies == [{"ShardIterator": "self-test"}] and came.get("Read") == _READ

    return passes(make_client, take_read_shortcut, get, _ANSWER, is_right=is_right, effect=_EFFECT)


def read_long_way(answer: dict[str, Any]) -> ReadAnswer:
    """Give what an answer holds as botocore reads it.

    Raises:
        AttributeError, KeyError, TypeError: It is no answer to GetRecords.
    """
    records = [
        KinesisSourceRecord(
            record["Data"],
            record["PartitionKey"],
            record["SequenceNumber"],
            # A datetime counts microseconds; so many digits give back the number it was made of.
            round(record["ApproximateArrivalTimestamp"].timestamp(), 6),
        )
        for record in answer["Records"]
    ]
    return read_answer(records, answer.get("NextShardIterator"), answer.get("MillisBehindLatest"))
