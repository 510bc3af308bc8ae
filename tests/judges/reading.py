"""What one input line says: its fragments, or the reason why it has none.

Promises a reading from the published rules alone, with the standard library's `json`, in the
plainest order: find every fault, then name the one that comes first in the list of reasons.
Leaves out speed, and what the rules do not settle: a name twice in one object (the last counts),
integers beyond 64 bits (kept as they are). Imports nothing of the project.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.judges.keying import IDENTITY_REASONS, Entity, at_path, key_and_identities, object_of
from tests.judges.plan import Pair, Plan, settle
from tests.judges.values import absent, encode, finite, instant

BATCH_STEP = 2**20
"""Ordinals kept free for the fragments of one line: fragment i of line n has n * 2**20 + i."""

CONTENT_REASONS = (
    "bad_value",
    "unknown_operation",
    "bad_time",
    "time_in_future",
    "unknown_status",
)


@dataclass(frozen=True)
class Line:
    """One line as its source hands it over, without its line end."""

    raw: bytes
    arrival_us: int
    ordinal: int


@dataclass(frozen=True)
class Reject:
    """Input that cannot become a fragment, with the reason."""

    reason: str


@dataclass(frozen=True)
class Fragment:
    """What one fragment adds to the profile `key`. A delete adds only its time, the tombstone.

    `attributes`: mapped path -> compact JSON. `memberships`: (namespace, id) ->
    (lastQualificationTime in µs, status). `identities`: (namespace, id), hashed where configured.
    """

    key: str
    time_us: int
    ordinal: int
    delete: bool = False
    attributes: Mapping[str, bytes] = field(default_factory=dict)
    memberships: Mapping[Pair, tuple[int, str]] = field(default_factory=dict)
    identities: frozenset[Pair] = frozenset()


def judge_line(destination: Mapping[str, Any], line: Line) -> list[Fragment | Reject]:
    """The fragments or rejects of one line, in order; none for a line of white space."""
    plan = settle(destination)
    if len(line.raw) > plan.limits["line_bytes"]:
        return [Reject("line_too_long")]
    if not line.raw.strip():
        return []
    document = _document(plan, line.raw)
    messages = document if isinstance(document, Reject) else _messages(document)
    if isinstance(messages, Reject):
        return [messages]
    first = line.ordinal * BATCH_STEP
    return [
        _fragment(plan, message, line.arrival_us, first + index)
        for index, message in enumerate(messages)
    ]


def _depth(text: str) -> int:
    """The deepest nesting of arrays and objects, brackets within strings left aside."""
    deepest = depth = 0
    for mark in re.findall(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', text, re.DOTALL):
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _document(plan: Plan, raw: bytes) -> Entity | Reject:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return Reject("not_utf8")
    if _depth(text) > plan.limits["depth"]:
        return Reject("too_deep")
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except ValueError:  # half a surrogate pair is no text either: encoding it raises this too
        return Reject("not_json")
    return document if isinstance(document, dict) else Reject("not_an_object")


def _messages(document: Entity) -> list[Entity] | Reject:
    if "messages" not in document:
        return [document]
    batch = document["messages"]
    if isinstance(batch, list) and all(
        isinstance(each, dict) and "messages" not in each for each in batch
    ):
        return batch or Reject("empty_batch")
    return Reject("bad_batch")


def _fragment(plan: Plan, message: Entity, arrival_us: int, ordinal: int) -> Fragment | Reject:
    header: object = {}
    entity: object = message
    if "header" in message and "body" in message:
        header, entity = message["header"], message["body"]
        if isinstance(entity, dict) and "xdmEntity" in entity:
            entity = entity["xdmEntity"]
    if not isinstance(header, dict) or not isinstance(entity, dict):
        return Reject("bad_value")
    faults: list[str] = []
    key, identities = key_and_identities(plan, entity, faults)
    if faults:
        return Reject(min(faults, key=IDENTITY_REASONS.index))
    latest_us = arrival_us + plan.limits["future_h"] * 3_600_000_000
    operation = _operation(header, faults)
    time_us = _version_time(header, entity, arrival_us, latest_us, faults)
    if operation == "delete":
        fragment = Fragment(key, time_us, ordinal, delete=True)
    else:
        attributes = _attributes(plan, entity, faults)
        memberships = _memberships(plan, entity, time_us, latest_us, faults)
        fragment = Fragment(key, time_us, ordinal, False, attributes, memberships, identities)
    return Reject(min(faults, key=CONTENT_REASONS.index)) if faults else fragment


def _operation(header: Entity, faults: list[str]) -> str:
    operation = object_of(header.get("operations"), faults).get("data")
    if absent(operation):
        return "create"
    if not isinstance(operation, str):
        faults.append("bad_value")
        return "create"
    if operation not in ("create", "merge", "delete"):
        faults.append("unknown_operation")
    return operation


def _time(value: object, latest_us: int, faults: list[str]) -> int | None:
    """µs of a present date-time value; None, and a fault, if it is none or too far ahead."""
    if not isinstance(value, str):
        faults.append("bad_value")
        return None
    time_us = instant(value)
    if time_us is None:
        faults.append("bad_time")
    elif time_us > latest_us:
        faults.append("time_in_future")
    return time_us


def _version_time(
    header: Entity, entity: Entity, arrival_us: int, latest_us: int, faults: list[str]
) -> int:
    """The first time found, the arrival if there is none (or 0, unused, beside a fault)."""
    audit = object_of(entity.get("extSourceSystemAudit"), faults)
    for value in (audit.get("lastUpdatedDate"), entity.get("timestamp")):
        if not absent(value):
            return _time(value, latest_us, faults) or 0
    created = header.get("createdAt")
    if absent(created):
        return arrival_us
    if isinstance(created, str):
        if not re.fullmatch(r"[0-9]{1,16}", created):
            faults.append("bad_time")
            return 0
        created = int(created)
    if isinstance(created, float) and created.is_integer():
        created = int(created)
    if isinstance(created, bool) or not isinstance(created, int):
        faults.append("bad_value")
        return 0
    if created * 1000 > latest_us:
        faults.append("time_in_future")
    return created * 1000


def _attributes(plan: Plan, entity: Entity, faults: list[str]) -> dict[str, bytes]:
    values: dict[str, bytes] = {}
    for path in plan.attributes:
        value = at_path(entity, path, faults)
        if value is None:
            continue
        if not finite(value):
            faults.append("bad_value")
            continue
        values[path] = encode(value)
    return values


def _memberships(
    plan: Plan, entity: Entity, time_us: int, latest_us: int, faults: list[str]
) -> dict[Pair, tuple[int, str]]:
    """The memberships that are kept: mapped ones, and others if the destination keeps them."""
    found: dict[Pair, tuple[int, str]] = {}
    for namespace, segments in object_of(entity.get("segmentMembership"), faults).items():
        for name, value in object_of(segments, faults).items():
            pair = (namespace, name)
            if not plan.maps(pair) and not plan.keep_unmapped:
                continue
            entry = object_of(value, faults)
            if not entry:
                continue
            last, status = entry.get("lastQualificationTime"), entry.get("status")
            last_us = time_us if absent(last) else _time(last, latest_us, faults) or 0
            if status is not None and not isinstance(status, str):
                faults.append("bad_value")
            elif status not in ("realized", "existing", "exited"):
                faults.append("unknown_status")
            found[pair] = (last_us, "exited" if status == "exited" else "realized")
    return found
