"""The sink against moto over HTTP, read back with boto3, and the process that serves it.

Of moto only this is used: it routes by MD5 of the partition key, numbers the records of a shard
1, 2, 3, and gives them back in that order.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator

import boto3
import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSource, run_main

from connectors.kinesis import KinesisRecord, KinesisSink, KinesisStreamNotFound
from connectors.kinesis.testing import emulator as emulator_module
from connectors.kinesis.testing.emulator import Emulator, EmulatorError


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """One emulator with one stream for all tests of this file."""
    with Emulator(stream="leads", shards=4) as running:
        yield running


@pytest.fixture
def session() -> boto3.Session:
    """Any credentials will do."""
    return boto3.Session("any", "any", region_name="us-east-1")


def read(session: boto3.Session, url: str, stream: str) -> dict[str, list[bytes]]:
    """All data of a stream by partition key, in the order of the shards' sequence numbers."""
    client = session.client("kinesis", endpoint_url=url)
    data: dict[str, list[bytes]] = defaultdict(list)
    for shard in client.list_shards(StreamName=stream)["Shards"]:
        iterator = client.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records = client.get_records(ShardIterator=iterator)["Records"]
        numbers = [int(record["SequenceNumber"]) for record in records]
        assert list(range(1, len(records) + 1)) == numbers
        for record in records:
            data[record["PartitionKey"]].append(record["Data"])
    client.close()
    return data


def test_a_flow_delivers_everything_in_order(emulator: Emulator, session: boto3.Session) -> None:
    """1,500 records of 600 keys arrive once each, in the order of their key."""
    items = []
    expected: dict[str, list[bytes]] = defaultdict(list)
    for number in range(1500):
        key = f"profile-{number % 600}"
        data = f"{number}:é€\n".encode() + bytes(range(256))
        expected[key].append(data)
        items.append((key, [KinesisRecord(data, key)]))
    sink = KinesisSink("leads", endpoint_url=emulator.url, session=session)
    flow = Dataflow("test")
    op.output("kinesis", op.input("in", flow, TestingSource(items, batch_size=100)), sink)
    run_main(flow)
    assert expected == read(session, emulator.url, "leads")
    assert (1500, 1500) == (sink.stats.offered, sink.stats.acknowledged)


def test_requests_at_the_same_time_lose_nothing(emulator: Emulator, session: boto3.Session) -> None:
    """Moto's own numbering of records is not safe for that, so the emulator takes one at a time."""
    client = session.client("kinesis", endpoint_url=emulator.url)
    client.create_stream(StreamName="busy", ShardCount=1)
    client.close()
    sink = KinesisSink("busy", endpoint_url=emulator.url, session=session)
    part = sink.build_part("kinesis", "0000", None)
    part.write_batch([[KinesisRecord(b"x", f"key-{number}") for number in range(4_000)]])
    part.snapshot()
    part.close()
    expected = {f"key-{number}": [b"x"] for number in range(4_000)}
    assert expected == read(session, emulator.url, "busy")


def test_a_missing_stream_is_named(emulator: Emulator, session: boto3.Session) -> None:
    """The first request finds out that the stream is not there, and says where it looked."""
    sink = KinesisSink("nowhere", endpoint_url=emulator.url, session=session)
    part = sink.build_part("kinesis", "0000", None)
    part.write_batch([[KinesisRecord(b"x", "a")]])
    with pytest.raises(KinesisStreamNotFound, match=f"'nowhere' at {emulator.url}"):
        part.snapshot()
    part.close()


def test_the_emulator_ends_when_its_input_closes() -> None:
    """Whoever started it may die in any way: the emulator does not outlive it."""
    with subprocess.Popen(
        [sys.executable, "-I", emulator_module.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"http://127.0.0.1:")
        process.stdin.close()
        assert process.wait(30) == 0


def test_the_emulator_ends_on_sigterm() -> None:
    """SIGTERM is a clean end."""
    with subprocess.Popen(
        [sys.executable, "-I", emulator_module.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_stopping_twice_is_stopping_once() -> None:
    """A stopped emulator can be stopped again."""
    emulator = Emulator().start()
    assert emulator.is_running
    emulator.stop()
    emulator.stop()
    assert not emulator.is_running


def test_a_port_in_use_is_said(emulator: Emulator) -> None:
    """The emulator that cannot start says why, at once."""
    port = int(emulator.url.rsplit(":", 1)[1])
    with pytest.raises(EmulatorError, match=f"port {port} cannot be used"):
        Emulator(port=port).start()


def test_without_moto_the_message_says_what_to_install() -> None:
    """Moto is an extra, and the message gives the command."""
    code = (
        "import runpy, sys; sys.modules['moto'] = None;"
        "sys.argv[:] = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    ended = subprocess.run(
        [sys.executable, "-I", "-c", code, emulator_module.__file__],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "pip install 'profile-export[emulator]'" in ended.stderr
