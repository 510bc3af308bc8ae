"""The example that reads a stream does so, run as its first lines say."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from pathlib import Path

from connectors.kinesis.testing.fake import FakeKinesis
from connectors.kinesis.testing.server import FakeServer
from tests.support.program import ROOT, environment

EXAMPLE = "docs/examples/read_a_stream.py"


def put(kinesis: FakeKinesis, data: bytes) -> None:
    """Write a record."""
    record = {"Data": base64.b64encode(data).decode(), "PartitionKey": "k"}
    body = json.dumps({"StreamName": "leads", "Records": [record]}).encode()
    kinesis.put_records(body, time.time())


def test_each_record_is_printed_with_its_place(tmp_path: Path) -> None:
    """Shard, number in the shard and data; what looks like an aggregate and is none stands out."""
    kinesis = FakeKinesis()
    kinesis.create("leads", now=time.time())
    for data in (b'{"a":1}', b"\xf3\x89\x9a\xc2", b"2"):
        put(kinesis, data)
    with FakeServer(kinesis) as server:
        flow = f"{EXAMPLE}:get_flow('leads', region='us-east-1', endpoint_url='{server.url}')"
        with subprocess.Popen(
            [sys.executable, "-m", "bytewax.run", flow],
            cwd=ROOT,
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
        ) as example:
            assert example.stdout is not None
            lines = {example.stdout.readline().decode().strip() for _ in range(3)}
            example.kill()
    (damaged,) = [line for line in lines if line.startswith("cannot be opened: ")]
    assert "4 bytes" in damaged
    shard = "shardId-000000000000"
    assert {f"{shard} 0 b'{{\"a\":1}}'", f"{shard} 2 b'2'"} == lines - {damaged}
