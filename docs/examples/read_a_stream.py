"""Prints each record of a Kinesis stream with its place, through all reshards.

    python -m bytewax.run "docs/examples/read_a_stream.py:get_flow('leads', region='us-east-1')"

With `-r FOLDER` after `python -m bytewax.recovery FOLDER 1`, it goes on where it was.
"""

from __future__ import annotations

import bytewax.operators as op
from bytewax.connectors.stdio import StdOutSink
from bytewax.dataflow import Dataflow

from connectors.kinesis import KinesisSourceRecord
from connectors.kinesis import operators as kop


def get_flow(
    stream: str, *, region: str | None = None, endpoint_url: str | None = None
) -> Dataflow:
    """Build the dataflow; nothing is connected before it runs."""
    flow = Dataflow("read_a_stream")
    records = kop.input("read", flow, stream=stream, region=region, endpoint_url=endpoint_url)
    lines = op.map("line", records.oks, line_of)
    damaged = op.map("damaged", records.errs, lambda record: f"cannot be opened: {record!r}")
    op.output("print", op.merge("all", lines, damaged), StdOutSink())
    return flow


def line_of(record: KinesisSourceRecord) -> str:
    """Give one line: where the record stands, and what it carries."""
    return f"{record.shard_id} {record.ordinal} {record.data!r}"
