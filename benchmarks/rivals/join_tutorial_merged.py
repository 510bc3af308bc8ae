"""The tutorials' join with complete messages: `op.stateful_map` gathers each side before it.

`op.join` keeps the last item of each side. Whoever wants every attribute and every segment of the
customer in the message merges them first, with the operator the tutorials teach for state.
Everything else is taken from `join_tutorial`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import bytewax.operators as op
from bytewax.dataflow import Dataflow

from benchmarks.pipes import CountingSink, MemorySource, Tally
from benchmarks.rivals.join_tutorial import (
    BATCH_LINES,
    Event,
    customer_id,
    is_segment_event,
    to_message,
)

__all__ = ["BATCH_LINES", "get_flow"]


def merge_update(profile: Event | None, update: Event) -> tuple[Event, Event]:
    """Put the update's top-level objects over those of earlier updates."""
    merged = update if profile is None else {**profile, **update}
    return merged, merged


def merge_memberships(known: Event | None, event: Event) -> tuple[Event, Event]:
    """Put the event's memberships over those of earlier events."""
    if known is None:
        return event, event
    memberships = {**known["segmentMembership"]["ups"], **event["segmentMembership"]["ups"]}
    merged = {**event, "segmentMembership": {"ups": memberships}}
    return merged, merged


def get_flow(batches: Iterator[list[bytes]], tally: Tally) -> Dataflow:
    """Wire the dataflow: parse, tell apart, key, gather each side, join, write the messages."""
    flow = Dataflow("join_tutorial_merged")
    lines = op.input("read", flow, MemorySource(batches))
    events = op.map("parse", lines, json.loads)
    sides = op.branch("side", events, is_segment_event)
    updates = op.key_on("key_updates", sides.falses, customer_id)
    memberships = op.key_on("key_memberships", sides.trues, customer_id)
    profiles = op.stateful_map("merge_updates", updates, merge_update)
    segments = op.stateful_map("merge_memberships", memberships, merge_memberships)
    joined = op.join("join", profiles, segments, emit_mode="running")
    messages = op.filter_map("to_message", joined, to_message)
    op.output("count", messages, CountingSink(tally))
    return flow
