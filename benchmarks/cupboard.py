"""Answers to PutRecords that are ready before they are asked for.

Promise: one entry for each record, with the fields and lengths of the real ones (sequence numbers
of 56 digits), and if entries are to fail, the same ones in each run. Left out: everything a stream
does.
"""

from __future__ import annotations

import json
from functools import lru_cache

STREAM = "benchmark"
SHARD = "shardId-000000000000"  # the only one, so that each ready answer is true for any key
_ACCOUNT = "123456789012"  # the one AWS's documentation uses
_ARN = f"arn:aws:kinesis:us-east-1:{_ACCOUNT}:stream/{STREAM}"
_PHASE_STEP = 37  # prime to 100: after 100 requests each place of a request has failed as often


class Cupboard:
    """The ready answers, for a share of failing entries in percent."""

    def __init__(self, fail_percent: int) -> None:
        """Prepare the entries; whole answers are made when first asked for and kept."""
        self._fail_percent = fail_percent
        self._phase = 0
        self._accepted = [
            _compact({"SequenceNumber": f"49668899{number:048d}", "ShardId": SHARD})
            for number in range(500)
        ]
        # Not a throttle: one that does not depend on the rate exists nowhere, and would punish
        # whoever rightly slows down. Throttles are the subject of `benchmarks.isolation`.
        self._failed = _compact(
            {"ErrorCode": "InternalFailure", "ErrorMessage": "Internal service failure."}
        )
        self._record = response(self._accepted[0].encode())
        self._put_records = lru_cache(maxsize=1024)(self._entries)
        self._others = {name: response(_compact(body).encode()) for name, body in _OTHERS.items()}

    def answer(self, operation: str, records: int) -> tuple[bytes, int]:
        """Give the answer to a request and how many of its records it accepts."""
        if operation == "putrecords":
            if self._fail_percent:
                self._phase = (self._phase + _PHASE_STEP) % 100
            return self._put_records(records, self._phase)
        if operation == "putrecord":
            return self._record, 1
        return self._others[operation], 0

    def _entries(self, records: int, phase: int) -> tuple[bytes, int]:
        """Make one answer to PutRecords; `phase` moves the places that fail."""
        fails = [(place + phase) % 100 < self._fail_percent for place in range(records)]
        entries = [
            self._failed if failed else accepted
            for failed, accepted in zip(fails, self._accepted[:records], strict=True)
        ]
        failed = sum(fails)
        body = f'{{"FailedRecordCount":{failed},"Records":[{",".join(entries)}]}}'
        return response(body.encode()), records - failed


def _compact(body: object) -> str:
    return json.dumps(body, separators=(",", ":"))


def response(body: bytes) -> bytes:
    """Put the head before a body that Kinesis puts there."""
    head = (
        "HTTP/1.1 200 OK\r\n"
        "x-amzn-RequestId: c3a5b1d2-93f1-11e4-b71c-12c4b9b1a9d1\r\n"
        "x-amz-id-2: 0v1mTbFpGFNhB5gQ8bqJ3oTnGJm1kXhQf1Yk8dHqYw0Ck2c3m8bJxFz1TzX4mB0qkN2rR3sV5u\r\n"
        "Date: Tue, 24 Nov 2026 10:00:00 GMT\r\n"
        "Content-Type: application/x-amz-json-1.1\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


_SHARDS = [
    {
        "ShardId": SHARD,
        "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": str((1 << 128) - 1)},
        "SequenceNumberRange": {"StartingSequenceNumber": f"49668899{0:048d}"},
    }
]
_SUMMARY = {
    "StreamName": STREAM,
    "StreamARN": _ARN,
    "StreamStatus": "ACTIVE",
    "StreamModeDetails": {"StreamMode": "PROVISIONED"},
    "RetentionPeriodHours": 24,
    "StreamCreationTimestamp": 1_795_514_400,
    "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
    "EncryptionType": "NONE",
}
_OTHERS = {  # what writers ask before they write
    "listshards": {"Shards": _SHARDS},
    "describestreamsummary": {
        "StreamDescriptionSummary": {
            **_SUMMARY,
            "OpenShardCount": 1,
            "ConsumerCount": 0,
            "MaxRecordSizeInKiB": 1024,
        }
    },
    "describestream": {
        "StreamDescription": {**_SUMMARY, "Shards": _SHARDS, "HasMoreShards": False}
    },
}
