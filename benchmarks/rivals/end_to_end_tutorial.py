"""The whole job as the public Bytewax tutorials write one, line for line the shortest way.

`FileSource`, `json.loads`, `op.key_on`, one `op.stateful_map` that keeps a dict for each customer,
`json.dumps`, and a `DynamicSink` whose `write_batch` calls boto3's `put_records`. What is exported
follows this project's policy, so that both send the same records: a mapped membership moved; or a
customer in a mapped segment got another mapped value or another identity. The newest arrival wins.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import bytewax.operators as op
from bytewax.connectors.files import FileSource
from bytewax.dataflow import Dataflow
from bytewax.operators import KeyedStream
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import run_main

from benchmarks.job import Job
from benchmarks.rivals.join_tutorial import (
    MAPPED_FIELDS,
    MAPPED_SEGMENTS,
    Event,
    customer_id,
    is_segment_event,
)
from benchmarks.rivals.sink_boto3 import BatchWriter


def join(profile: Event | None, event: Event) -> tuple[Event, bytes | None]:
    """Put an event into the customer's profile; write its message if there is one to send."""
    if profile is None:
        profile = {"segmentMembership": {"ups": {}}, "identityMap": {}}
    known = profile["segmentMembership"]["ups"]
    moved = is_segment_event(event) and merge_memberships(known, event)
    changed = merge_attributes(profile, event)
    changed |= merge_identities(profile["identityMap"], event)
    qualified = any(membership["status"] == "realized" for membership in known.values())
    send = moved or (changed and qualified)
    return profile, json.dumps(profile).encode() if send else None


def merge_memberships(known: Event, event: Event) -> bool:
    """Keep the mapped memberships; tell whether one moved."""
    moved = False
    for segment, membership in event["segmentMembership"]["ups"].items():
        if segment in MAPPED_SEGMENTS:
            time, status = membership["lastQualificationTime"], membership["status"]
            moved |= segment not in known or known[segment]["status"] != status
            known[segment] = {"lastQualificationTime": time, "status": status}
    return moved


def merge_attributes(profile: Event, event: Event) -> bool:
    """Keep the mapped attributes; tell whether a value is another."""
    changed = False
    for group, fields in MAPPED_FIELDS.items():
        if group in event:
            values = {field: event[group][field] for field in fields if field in event[group]}
            changed |= profile.get(group) != values
            profile[group] = values
    return changed


def merge_identities(known: Event, event: Event) -> bool:
    """Keep every identity; tell whether one is new."""
    changed = False
    for namespace, identities in event["identityMap"].items():
        kept = known.setdefault(namespace, [])
        for identity in identities:
            if {"id": identity["id"]} not in kept:
                kept.append({"id": identity["id"]})
                changed = True
    return changed


def if_any(message: bytes | None) -> bytes | None:
    """Give the message; what is None goes no further."""
    return message


class KinesisSink(DynamicSink[tuple[str, bytes]]):
    """Sends each batch with `put_records`, and what an answer refuses again."""

    def __init__(self, connect: Callable[[], BatchWriter]) -> None:
        """Connect later."""
        self._connect = connect

    def build(self, step_id: str, worker_index: int, worker_count: int) -> _KinesisPartition:
        """Connect."""
        return _KinesisPartition(self._connect())


class _KinesisPartition(StatelessSinkPartition[tuple[str, bytes]]):
    def __init__(self, writer: BatchWriter) -> None:
        self._writer = writer

    def write_batch(self, items: list[tuple[str, bytes]]) -> None:
        self._writer.write(items)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


def run(job: Job) -> None:
    """Run the job, with a recovery store."""

    def connect() -> BatchWriter:
        writer = BatchWriter(job.far)
        job.acknowledged = writer.acknowledged
        return writer

    def count(_line: Any) -> int:
        return 1

    flow = Dataflow("end_to_end_tutorial")
    lines = op.input("read", flow, job.watch(FileSource(job.lines), count))
    keyed = op.key_on("key", op.map("parse", lines, json.loads), customer_id)
    joined = op.stateful_map("join", keyed, join)
    messages: KeyedStream[bytes] = op.filter_map_value("send", joined, if_any)
    op.output("kinesis", messages, KinesisSink(connect))
    store = job.folder / "recovery"
    store.mkdir()
    init_db_dir(store, 1)
    epoch = timedelta(seconds=job.epoch_s)
    run_main(flow, epoch_interval=epoch, recovery_config=RecoveryConfig(store, timedelta(0)))
