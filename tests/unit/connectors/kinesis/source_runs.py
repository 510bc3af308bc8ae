"""A stream over HTTP, and dataflows that read it."""

from __future__ import annotations

import base64
import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig
from bytewax.testing import TestingSink, run_main

from connectors.kinesis import KinesisSource, KinesisSourceRecord
from connectors.kinesis.testing.fake import FakeKinesis
from connectors.kinesis.testing.server import FakeServer
from connectors.paced import PacedSource, Pacing
from tests.unit.connectors.kinesis.sessions import any_session

STREAM = "leads"


def stream_of_four() -> FakeKinesis:
    """A stream of four shards."""
    kinesis = FakeKinesis()
    kinesis.create(STREAM, shards=4, now=time.time()).limits_rate = False
    return kinesis


def write(fake: FakeKinesis, *names: str) -> None:
    """Write records: a name is the key and the data."""
    entries = [
        {"Data": base64.b64encode(name.encode()).decode(), "PartitionKey": name} for name in names
    ]
    body = {"StreamName": STREAM, "Records": entries}
    reply = fake.put_records(json.dumps(body).encode(), time.time())
    assert 0 == json.loads(reply.body)["FailedRecordCount"]


def names(count: int, prefix: str = "r") -> list[str]:
    """So many names."""
    return [f"{prefix}{number}" for number in range(count)]


def source_on(server: FakeServer, **more: Any) -> KinesisSource:
    """A source of the stream."""
    arguments: dict[str, Any] = {"session": any_session(), "endpoint_url": server.url, **more}
    return KinesisSource(STREAM, **arguments)


def read(source: KinesisSource, until: int, store: Path | None = None) -> list[list[Any]]:
    """Run a dataflow until so many records came; the lists it was given."""
    pacing, given = Pacing(), []

    def look(_: str, records: list[KinesisSourceRecord]) -> None:
        given.append(records)
        if sum(map(len, given)) >= until:
            pacing.stop.set()

    flow = Dataflow("read")
    lists = op.input("in", flow, PacedSource(source, pacing))
    op.output("out", op.inspect("look", lists, look), TestingSink([]))
    recovery = None if store is None else RecoveryConfig(store)
    run_main(flow, epoch_interval=timedelta(seconds=0.1), recovery_config=recovery)
    return given


def datas(given: list[list[Any]]) -> list[str]:
    """What the records hold, sorted."""
    return sorted(record.data.decode() for records in given for record in records)
