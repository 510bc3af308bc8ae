"""The dataflow: read, route, join, deliver, reject. Wiring only.

    read ──► route ──► join ──► deliver
    JSONL,   lanes     one lane: decode, merge, decide, encode
    Kinesis,   │         │
    Kafka      │         │
      wake ─►  │         │
               └─────────┴────► rejects

Every fragment read ends as exactly one of acknowledged, dead-lettered, superseded, filtered,
unchanged, rejected.
Besides the inputs of the configuration there is always ``retry``: rejects that were put back.
All sources share one pace, by which a job is stopped and processes keep in step.
The step ids are keys of the recovery store and never change. ``profile-export run`` runs it, and so
does ``python -m bytewax.run "flows.profile_export:get_flow('destination.yaml')"``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeGuard

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.outputs import Sink

from connectors.jsonl import JsonlSink
from connectors.kinesis import DeadLetterKeeper, DeadLetters, KinesisRecord, KinesisSink
from connectors.paced import PacedSource, Pacing
from flows.backfill import Backfill
from flows.destination import Destination
from flows.destination.load import load
from flows.funnel import Funnel
from flows.join import Joined, Lane
from flows.lanes import SINK_PARTITIONS, sink_partition_of
from flows.place import ALONE, Place
from flows.profile.exporter import Exporter
from flows.read import BATCH_LINES, Reading, reading
from flows.readers import RETRY, Readers
from flows.rejects import Rejects
from flows.retry import inputs
from flows.route import Frame, Router
from flows.wake import WakeSource


def get_flow(
    destination: Destination | str | Path,
    *,
    deliver: Sink[Any] | None = None,
    reject: Sink[Any] | None = None,
    funnel: Funnel | None = None,
    batch_lines: int = BATCH_LINES,
    backfill: Backfill | None = None,
    pacing: Pacing | None = None,
    place: Place = ALONE,
    readings: Mapping[str, Reading] | None = None,
) -> Dataflow:
    """Give the dataflow of one destination.

    Args:
        destination: a destination, or the path of its ``destination.yaml``.
        deliver: takes (lane, list of records); the destination's stream unless given.
        reject: takes (key, list of lines); a new file in the rejects folder unless given.
        funnel: where this process counts.
        batch_lines: lines read at once.
        backfill: profiles to export again, of those that the recovery store holds.
        pacing: stops the sources of this process, and keeps them in step with other processes.
        place: this process among those that run the job; it decides which inputs are read here.
        readings: how each input is read, by its name; as `read_all` gives it unless given.

    Raises:
        ConfigurationError: the file at the path is not a destination.
    """
    if not isinstance(destination, Destination):
        destination = load(Path(destination), environment=os.environ)
    funnel, pacing = funnel or Funnel(), pacing or Pacing()
    readers, exporter = Readers(destination), Exporter(destination)
    router = Router(destination, readers, funnel)
    readings = readings or read_all(destination, batch_lines)

    def resume_lane(snapshot: bytes | None) -> Lane:
        return Lane(destination, readers, exporter, funnel, snapshot)

    flow = Dataflow("profile-export")
    batches = []
    for number, (name, each) in enumerate(readings.items()):
        # Rejects are kept where the first process is, and so are those put back.
        offered = each.is_shared or place.offers(0 if name == RETRY else number)
        source = PacedSource(each.source, pacing, size_of=each.size_of, offered=offered)
        items = op.input(f"read-{name}", flow, source)
        batches.append(op.map(f"batch-{name}", items, each.to_batch))
    lines = op.merge("lines", *batches)
    wake = PacedSource(WakeSource(backfill, funnel), pacing)
    routed = op.branch("routed", op.flat_map_batch("route", lines, router.to_lanes), _is_frame)
    frames = op.merge("frames", op.input("wake", flow, wake), routed.trues)
    joined = op.branch("joined", op.stateful_batch("join", frames, resume_lane), _is_records)
    op.output("kinesis", joined.trues, deliver or kinesis_sink(destination))
    rejects = op.map_value("reject", op.merge("rejected", routed.falses, joined.falses), _lines)
    op.output("rejects", rejects, reject or rejects_sink(destination, _now_as_name()))
    return flow


def read_all(
    destination: Destination, batch_lines: int = BATCH_LINES, began: datetime | None = None
) -> dict[str, Reading]:
    """Give how each input is read, by its name, as `reading` does; nothing is opened yet."""
    return {
        each.name: reading(destination, each, batch_lines, began) for each in inputs(destination)
    }


def kinesis_sink(
    destination: Destination, dead_letters: DeadLetterKeeper | None = None
) -> KinesisSink:
    """Give the sink that writes to the destination's stream.

    Args:
        destination: whose stream.
        dead_letters: takes what can never be accepted; as the destination says unless given.
    """
    account, delivery = destination.account, destination.delivery
    letters = destination.dead_letters
    fails = delivery.oversize == "fail"
    own = None if fails else DeadLetters(letters.path, letters.max_bytes)
    return KinesisSink(
        destination.stream.name,
        region=account.region,
        session=account.profile,
        endpoint_url=account.endpoint_url,
        partitions=SINK_PARTITIONS,
        part_fn=sink_partition_of,
        max_in_flight=delivery.max_in_flight,
        linger_ms=delivery.linger_ms,
        give_up_s=delivery.give_up_s,
        dead_letters=dead_letters or own,
    )


def rejects_sink(destination: Destination, name: str) -> JsonlSink:
    """Give the sink that keeps rejects, in the file that belongs to one recovery store."""
    folder = destination.rejects
    return JsonlSink(folder.path, f"{name}.jsonl", max_bytes=folder.max_bytes)


def _now_as_name() -> str:
    return datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")


def _is_frame(item: tuple[str, Frame | Rejects]) -> TypeGuard[tuple[str, Frame]]:
    return isinstance(item[1], Frame)


def _is_records(item: tuple[str, Joined]) -> TypeGuard[tuple[str, list[KinesisRecord]]]:
    return isinstance(item[1], list)


def _lines(rejects: Any) -> list[bytes]:  # a branch's other side has no narrower type than both
    lines: list[bytes] = rejects.lines
    return lines
