"""The far end of the sink benchmark answers as Kinesis does, and counts what it is sent."""

from __future__ import annotations

import json
import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from benchmarks import certificate
from benchmarks.cupboard import STREAM, Cupboard
from benchmarks.endpoint import Counts, Server


@contextmanager
def serving(
    fail_percent: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[tuple[int, Counts]]:
    """Serve from a thread for as long as the block runs; give the port and the counts."""
    server = Server(Cupboard(fail_percent), 0.0, tls)
    reads, writes = os.pipe()
    thread = threading.Thread(target=server.serve, args=(reads,))
    thread.start()
    try:
        yield server.port, server.counts
    finally:
        os.close(writes)
        thread.join()
        os.close(reads)
        server.close()


def client(url: str, verify: str | None = None) -> Any:
    """Make a boto3 client that takes nothing from this machine's own set-up."""
    return boto3.client(
        "kinesis",
        region_name="us-east-1",
        endpoint_url=url,
        verify=verify,
        aws_access_key_id="benchmark",
        aws_secret_access_key="benchmark",
        config=Config(proxies={}, retries={"mode": "standard", "total_max_attempts": 1}),
    )


def entries(count: int) -> list[dict[str, Any]]:
    """Make records whose data would upset a count of braces, were it not for base64."""
    return [{"Data": b"{{}}", "PartitionKey": f"{number:032x}"} for number in range(count)]


def test_each_record_has_an_entry_and_is_counted() -> None:
    """Requests of several sizes on one connection; the counts are those of what was sent."""
    with serving() as (port, counts):
        kinesis = client(f"http://127.0.0.1:{port}")
        answers = [
            kinesis.put_records(StreamName=STREAM, Records=entries(count)) for count in (1, 3, 500)
        ]
        one = kinesis.put_record(StreamName=STREAM, Data=b"{", PartitionKey="a")
        kinesis.close()
    assert [1, 3, 500] == [len(answer["Records"]) for answer in answers]
    assert [0, 0, 0] == [answer["FailedRecordCount"] for answer in answers]
    numbers = {entry["SequenceNumber"] for entry in answers[-1]["Records"]}
    assert 500 == len(numbers)
    assert {56} == {len(number) for number in numbers} | {len(one["SequenceNumber"])}
    assert (4, 505, 505, 1) == (
        counts.requests,
        counts.records,
        counts.accepted,
        counts.connections,
    )


@pytest.mark.parametrize("percent", [1, 10])
def test_the_failing_share_is_exact_and_moves(percent: int) -> None:
    """Over a hundred requests each place fails as often as the next, and the counts say so."""
    cupboard = Cupboard(percent)
    failures = [0] * 500
    for _ in range(100):
        response, accepted = cupboard.answer("putrecords", 500)
        answer = json.loads(response.partition(b"\r\n\r\n")[2])
        failed = [place for place, entry in enumerate(answer["Records"]) if "ErrorCode" in entry]
        assert 500 == len(answer["Records"])
        assert answer["FailedRecordCount"] == len(failed) == 500 - accepted
        for place in failed:
            failures[place] += 1
    assert [percent] * 500 == failures


def test_it_serves_over_tls_to_who_trusts_its_certificate(tmp_path: Path) -> None:
    """A client that is given the certificate is served."""
    certificate_path, key_path = certificate.write(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate_path, key_path)
    with serving(tls=tls) as (port, counts):
        kinesis = client(f"https://127.0.0.1:{port}", verify=str(certificate_path))
        kinesis.put_records(StreamName=STREAM, Records=entries(500))
        kinesis.close()
    assert 500 == counts.accepted


def test_it_answers_what_writers_ask_before_they_write() -> None:
    """The stream is active and has one shard that owns every key."""
    with serving() as (port, _counts):
        kinesis = client(f"http://127.0.0.1:{port}")
        summary = kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]
        described = kinesis.describe_stream(StreamName=STREAM)["StreamDescription"]
        shards = kinesis.list_shards(StreamName=STREAM)["Shards"]
        kinesis.close()
    assert ("ACTIVE", "ACTIVE") == (summary["StreamStatus"], described["StreamStatus"])
    ranges = [shard["HashKeyRange"] for shard in shards]
    assert [{"StartingHashKey": "0", "EndingHashKey": str(2**128 - 1)}] == ranges
