"""This project's route and join, fed from memory.

The steps of `flows.profile_export` between reading and delivery, with the same operators, lanes
and limits. Left out are the files, the stream and the wake, which only a recovery store needs. A
reject ends the run: every line of the benchmark is sound.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import TypeGuard

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.operators import KeyedStream
from bytewax.outputs import DynamicSink, StatelessSinkPartition

from benchmarks.data import ATTRIBUTES, SEGMENTS, START
from benchmarks.pipes import MemorySource, Tally
from connectors.kinesis import KinesisRecord
from flows.backfill import BackfillFrame
from flows.batch import Batch
from flows.destination import Activation, Destination, Identities, Input, Jsonl, Segment, Stream
from flows.funnel import Funnel
from flows.join import Joined, Lane
from flows.profile.exporter import Exporter
from flows.readers import Readers
from flows.route import Frame, Routed, Router
from flows.runner.execution import COLLECTOR_THRESHOLD

BATCH_LINES = 8192

DESTINATION = Destination(
    name="benchmark",
    stream=Stream(name="benchmark"),
    identities=Identities(key="crmid"),
    activation=Activation(
        segments=tuple(Segment(id=segment) for segment in SEGMENTS), attributes=ATTRIBUTES
    ),
    inputs=(Input(name="lines", jsonl=Jsonl(path="lines.jsonl")),),
)


class RecordsSink(DynamicSink[tuple[str, list[KinesisRecord]]]):
    """Count records that come as (lane, list of records), then forget them."""

    def __init__(self, tally: Tally) -> None:
        """Keep the tally that is added to."""
        self._tally = tally

    def build(
        self, step_id: str, worker_index: int, worker_count: int
    ) -> StatelessSinkPartition[tuple[str, list[KinesisRecord]]]:
        """Open the worker's partition."""
        return _RecordsPartition(self._tally)


class _RecordsPartition(StatelessSinkPartition[tuple[str, list[KinesisRecord]]]):
    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def write_batch(self, items: list[tuple[str, list[KinesisRecord]]]) -> None:
        for _lane, records in items:
            self._tally.messages += len(records)
            self._tally.message_bytes += sum([len(record.data) for record in records])


def get_flow(batches: Iterator[list[bytes]], tally: Tally) -> Dataflow:
    """Wire the dataflow as `flows.profile_export` does: route, join, tell records from rejects."""
    gc.set_threshold(COLLECTOR_THRESHOLD)  # as the runner does
    funnel = Funnel()
    readers, exporter = Readers(DESTINATION), Exporter(DESTINATION)
    router = Router(DESTINATION, readers, funnel)

    def resume_lane(snapshot: bytes | None) -> Lane:
        return Lane(DESTINATION, readers, exporter, funnel, snapshot)

    flow = Dataflow("join_ours")
    lines = op.input("read", flow, MemorySource(_as_read(batches)))
    routed = op.branch("routed", op.flat_map_batch("route", lines, router.to_lanes), _is_frame)
    frames: KeyedStream[Frame | BackfillFrame] = routed.trues
    joined = op.branch("joined", op.stateful_batch("join", frames, resume_lane), _is_records)
    op.output("count", joined.trues, RecordsSink(tally))
    op.output("refuse_line", op.map("line", routed.falses, _refuse), RecordsSink(tally))
    op.output("refuse_fragment", op.map("fragment", joined.falses, _refuse), RecordsSink(tally))
    return flow


def _as_read(batches: Iterator[list[bytes]]) -> Iterator[list[Batch]]:
    """Give the batches as the file source does, all of one file that arrived at the start."""
    arrival = int(START.timestamp()) * 1_000_000
    ordinal = 0
    for lines in batches:
        yield [Batch("lines", "lines.jsonl", arrival, ordinal + 1, ordinal, lines)]
        ordinal += len(lines)


def _is_frame(item: Routed) -> TypeGuard[tuple[str, Frame | BackfillFrame]]:
    return isinstance(item[1], Frame)


def _is_records(item: tuple[str, Joined]) -> TypeGuard[tuple[str, list[KinesisRecord]]]:
    return isinstance(item[1], list)


def _refuse(item: object) -> tuple[str, list[KinesisRecord]]:
    raise RuntimeError(f"a line of the benchmark was rejected: {item!r}")
