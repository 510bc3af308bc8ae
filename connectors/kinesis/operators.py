"""Operators for Kinesis, in the manner of Bytewax's own for Kafka.

    from connectors.kinesis import operators as kop

    records = kop.input("leads", flow, stream="leads", region="us-east-1")
    op.inspect("seen", records.oks)

For lists of records, which cost far less than single ones, use `KinesisSource` itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream, operator

from .core.aggregates import MAGIC
from .core.source_record import KinesisSourceRecord
from .source import KinesisSource


@dataclass(frozen=True)
class KinesisOpOut:
    """Streams of what was read.

    Attributes:
        oks: Records, those of KPL aggregates one by one.
        errs: Records that begin as a KPL aggregate does but could not be opened: they are damaged,
            or an aggregate was put into another one. They are as they came.
    """

    oks: Stream[KinesisSourceRecord]
    errs: Stream[KinesisSourceRecord]


@operator
def input(  # noqa: A001 - as the operators of Bytewax's connectors are named
    step_id: str,
    flow: Dataflow,
    *,
    stream: str,
    region: str | None = None,
    endpoint_url: str | None = None,
    session: Any = None,
    start: Literal["trim_horizon", "latest"] | datetime = "trim_horizon",
    out_of_range: Literal["keep", "drop"] = "keep",
) -> KinesisOpOut:
    """Read a stream, record by record.

    Shards are the unit of parallelism. Can support at-least-once processing.

    Args:
        step_id: Unique id; it never changes, as the position is kept under it.
        flow: The dataflow.
        stream: Name or ARN of an existing stream.
        region: AWS region; None takes the session's.
        endpoint_url: Another endpoint than AWS's own. Plain http only on this machine.
        session: A `boto3.Session`, or the name of a profile of AWS's shared configuration.
        start: Where to begin what was never read; see `KinesisSource`, as for the next one.
        out_of_range: What to do with a record in a KPL aggregate that is not of its shard.
    """
    del step_id  # the decorator reads it
    source = KinesisSource(
        stream,
        region=region,
        endpoint_url=endpoint_url,
        session=session,
        start=start,
        out_of_range=out_of_range,
    )
    lists = op.input("kinesis_input", flow, source)
    records: Stream[KinesisSourceRecord] = op.flatten("flatten", lists)
    split = op.branch("split_err", records, lambda record: not record.data.startswith(MAGIC))
    return KinesisOpOut(split.trues, split.falses)
