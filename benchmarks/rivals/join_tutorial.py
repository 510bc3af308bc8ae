"""The join as the public Bytewax tutorials write it, line for line the shortest way.

`json.loads`, `op.branch`, `op.key_on`, `op.join` in its running mode, then one function that
filters and writes the message. `op.join` keeps the last item of each side, so a message shows the
attributes of the customer's last update and the segment of the customer's last event, no more.
`join_tutorial_merged` is the same job with complete messages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

import bytewax.operators as op
from bytewax.dataflow import Dataflow

from benchmarks.data import SEGMENTS
from benchmarks.pipes import CountingSink, MemorySource, Tally

Event: TypeAlias = dict[str, Any]

BATCH_LINES = 1000

MAPPED_SEGMENTS = frozenset(SEGMENTS)
MAPPED_FIELDS = {
    "person": ("name", "birthDate", "gender"),
    "personalEmail": ("address",),
    "mobilePhone": ("number",),
    "homeAddress": ("city", "postalCode", "countryCode"),
    "loyalty": ("tier",),
}


def is_segment_event(event: Event) -> bool:
    """Tell segment events from attribute updates."""
    return "segmentMembership" in event


def customer_id(event: Event) -> str:
    """Give the id that both sides are joined by."""
    key: str = event["identityMap"]["crmid"][0]["id"]
    return key


def to_message(
    joined: tuple[str, tuple[Event | None, Event | None]],
) -> tuple[str, bytes] | None:
    """Write the message of a joined customer, or nothing if there is none to send."""
    key, (update, event) = joined
    if update is None or event is None:
        return None
    memberships = {
        segment: {"lastQualificationTime": m["lastQualificationTime"], "status": m["status"]}
        for segment, m in event["segmentMembership"]["ups"].items()
        if segment in MAPPED_SEGMENTS
    }
    if not memberships:
        return None
    message: Event = {}
    for group, fields in MAPPED_FIELDS.items():
        values = update.get(group)
        if values is not None:
            message[group] = {field: values[field] for field in fields if field in values}
    message["segmentMembership"] = {"ups": memberships}
    message["identityMap"] = {
        namespace: [{"id": identity["id"]} for identity in identities]
        for namespace, identities in update["identityMap"].items()
    }
    return key, json.dumps(message).encode()


def get_flow(batches: Iterator[list[bytes]], tally: Tally) -> Dataflow:
    """Wire the dataflow: parse, tell apart, key, join, write the messages."""
    flow = Dataflow("join_tutorial")
    lines = op.input("read", flow, MemorySource(batches))
    events = op.map("parse", lines, json.loads)
    sides = op.branch("side", events, is_segment_event)
    updates = op.key_on("key_updates", sides.falses, customer_id)
    memberships = op.key_on("key_memberships", sides.trues, customer_id)
    joined = op.join("join", updates, memberships, emit_mode="running")
    messages = op.filter_map("to_message", joined, to_message)
    op.output("count", messages, CountingSink(tally))
    return flow
