"""Receives the messages in AWS Lambda, from an event source mapping of the stream.

Set `FunctionResponseTypes: [ReportBatchItemFailures]` on the mapping, and `message.metadata: true`
in `destination.yaml`. Put your own database in the place of `PROFILES` and `SEEN`, both in one, so
that an id is kept if and only if its message is.

Event and answer are as AWS documents them, read in November 2026:
https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html and
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
"""

from __future__ import annotations

import base64
import json
from typing import Any

PROFILES: dict[str, Any] = {}
"""The newest message of each person, by the partition key: one carries all that is mapped."""

SEEN: set[str] = set()
"""Ids of the messages that were taken."""


class TryAgainError(Exception):
    """A trouble that passes; raise it in `take`."""


def handler(
    event: dict[str, Any],
    context: object,  # noqa: ARG001 - Lambda hands it over
) -> dict[str, Any]:
    """Take the messages in order, up to the first that cannot be taken now.

    Lambda sends that one again, with all that came after it: so none overtakes another.
    """
    for record in event["Records"]:
        arrived = record["kinesis"]
        message = json.loads(base64.b64decode(arrived["data"]))
        try:
            take(arrived["partitionKey"], message)
        except TryAgainError:
            return {"batchItemFailures": [{"itemIdentifier": arrived["sequenceNumber"]}]}
    return {"batchItemFailures": []}


def take(person: str, message: dict[str, Any]) -> None:
    """Keep a message, unless it was kept before: after a crash some come again, in order."""
    export = message.pop("_export", None)
    if export is None or export["id"] not in SEEN:
        PROFILES[person] = message
    if export is not None:
        SEEN.add(export["id"])
