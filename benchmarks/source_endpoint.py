"""The far end of the source benchmark: a stream of many shards that never ends, ready in advance.

    python -m benchmarks.source_endpoint [--shards N] [--size 400] [--records 10000] [--cpu N]

Every GetRecords is answered with the same records, or with none (`--records 0`, the tip), and with
an iterator that goes on. ListShards pages as Kinesis does. Records are those of the sink benchmark.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import itertools
import json

from benchmarks.cupboard import STREAM, response
from benchmarks.endpoint import Connection, Server, run
from benchmarks.harness import pin
from benchmarks.records import pairs

SHARDS_A_PAGE = 1_000  # ListShards, MaxResults: the most of one call
ITERATOR = "A" * 224  # as long as those that AWS's documentation shows
ARRIVED = 1_795_514_400.125
BEHIND_MS = 3_600_000  # there is always more, and nothing is old enough to be trimmed


class ReadCupboard:
    """The ready answers, for a number of shards and of records in each answer."""

    def __init__(self, shards: int, records: int, size: int) -> None:
        """Prepare all answers."""
        found = {
            "Records": [
                _record(place, *pair) for place, pair in enumerate(pairs(size, count=records))
            ],
            "NextShardIterator": ITERATOR,
            "MillisBehindLatest": BEHIND_MS if records else 0,
        }
        self._records = records
        self._get_records = response(json.dumps(found).encode())
        self._iterator = response(json.dumps({"ShardIterator": ITERATOR}).encode())
        self._pages = itertools.cycle(_pages(shards))
        summary = {"StreamName": STREAM, "StreamStatus": "ACTIVE", "OpenShardCount": shards}
        described = json.dumps({"StreamDescriptionSummary": summary}).encode()
        self._others = {"describestreamsummary": response(described)}

    def answer(self, operation: str, _records: int) -> tuple[bytes, int]:
        """Give the answer to a request and how many records it holds."""
        if operation == "getrecords":
            return self._get_records, self._records
        if operation == "getsharditerator":
            return self._iterator, 0
        if operation == "listshards":
            return next(self._pages), 0
        return self._others[operation], 0


def _record(place: int, key: str, data: bytes) -> dict[str, object]:
    return {
        "SequenceNumber": f"49668899{place:048d}",
        "ApproximateArrivalTimestamp": ARRIVED,
        "Data": base64.b64encode(data).decode(),
        "PartitionKey": key,
    }


def _pages(shards: int) -> list[bytes]:
    """Make the pages of a listing; a reader asks for all of them, one after the other."""
    size = 2**128 // shards
    listed = [
        {
            "ShardId": f"shardId-{number:012d}",
            "HashKeyRange": {
                "StartingHashKey": str(number * size),
                "EndingHashKey": str((number + 1) * size - 1),
            },
            "SequenceNumberRange": {"StartingSequenceNumber": f"49668899{0:048d}"},
        }
        for number in range(shards)
    ]
    pages = [listed[at : at + SHARDS_A_PAGE] for at in range(0, shards, SHARDS_A_PAGE)]
    tokens = [{"NextToken": ITERATOR}] * (len(pages) - 1) + [{}]
    return [
        response(json.dumps({"Shards": page, **token}).encode())
        for page, token in zip(pages, tokens, strict=True)
    ]


class ReadServer(Server):
    """Sends answers that are larger than any buffer: one at a time, waiting for its reader."""

    def _answer(self, connection: Connection, answer: bytes) -> None:
        connection.sock.setblocking(True)
        with contextlib.suppress(ConnectionError):  # it leaves now; the next read says so
            connection.sock.sendall(answer)
        connection.sock.setblocking(False)
        self.note_answer()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.source_endpoint")
    parser.add_argument("--shards", type=int, default=256)
    parser.add_argument("--records", type=int, default=10_000, help="in each answer")
    parser.add_argument("--size", type=int, default=400, help="bytes of a record's data")
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--fail-percent", type=int, choices=[0], default=0, help="none fail here")
    parser.add_argument("--cpu", type=int, help="core to stay on")
    asked = parser.parse_args()
    pin(asked.cpu)
    cupboard = ReadCupboard(asked.shards, asked.records, asked.size)
    run(ReadServer(cupboard, asked.latency_ms / 1000))


if __name__ == "__main__":
    main()
