"""The input of the kill -9 tests: two folders of files, with what is late, repeated and broken.

Promise: the same bytes every time, and each identity in one of the inputs only, so that its
messages have one right sequence. Each file is read as one batch, so with an epoch shorter than a
batch an epoch holds the lines of one file at most.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from tests.judges.oracle import Export, Fragment, Line, Reject, judge_lines, replay

INPUTS = ("profiles", "segments")
STREAM = "leads"
FILES = 30
LINES_PER_FILE = 40
LINES = FILES * LINES_PER_FILE
"""Lines of one input."""

IDENTITIES = 150
"""Of one input."""

MAX_IN_FLIGHT = 4
"""Requests under way at a time: few, so that a later one proves that one was answered."""

ARRIVAL_US = 1_585_699_200_000_000  # 2020-04-01T00:00:00Z by `date -u -d @1585699200`
SEGMENTS = ("high-propensity", "newsletter")

Entity = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """A message that the input must bring about: its bytes, and the line that it comes from.

    The digest in `_export.id` is all zeros; see `mask_export_id`.
    """

    data: bytes
    input: str
    line: int


@dataclass(frozen=True)
class Expected:
    """What the oracle makes of the input: messages by partition key, in order, and reasons."""

    messages: dict[str, list[Sent]]
    reject_reasons: list[str]


def destination(url: str) -> dict[str, Any]:
    """The destination as the parsed form of its YAML.

    The partition key is the clear identity: it tells the identities apart at the far end. Messages
    carry their metadata, by which equal ones are told apart.
    """
    return {
        "name": "leads",
        "account": {"region": "us-east-1", "endpoint_url": url},
        "stream": {"name": STREAM, "partition_key": "identity"},
        "identities": {"key": "crmid", "hash": {"email": "email_lc_sha256"}},
        "activation": {
            "segments": [{"id": segment} for segment in SEGMENTS],
            "attributes": ["person.name.firstName", "loyalty.tier"],
        },
        "message": {"metadata": True},
        "inputs": [{"name": name, "jsonl": {"path": f"{name}/"}} for name in INPUTS],
        "limits": {"id_chars": 250},
        "delivery": {"max_in_flight": MAX_IN_FLIGHT, "linger_ms": 2},
    }


def write_input(folder: Path) -> None:
    """Write the files of each input as ones that arrived at `ARRIVAL_US`."""
    for name in INPUTS:
        (folder / name).mkdir()
        lines = lines_of(name)
        for number in range(FILES):
            path = folder / name / f"{number:03d}.jsonl"
            own = lines[number * LINES_PER_FILE :][:LINES_PER_FILE]
            path.write_bytes(b"".join(line + b"\n" for line in own))
            os.utime(path, ns=(ARRIVAL_US * 1000, ARRIVAL_US * 1000))


@cache
def lines_of(name: str) -> list[bytes]:
    """The lines of an input, without their newlines."""
    random = Random(f"kill9 {name}")
    made: list[bytes] = []
    while len(made) < LINES:
        made.append(_line(random, name[0], len(made), made))
    return made


@cache
def expected() -> Expected:
    """What the oracle, which shares no code with the job, makes of all inputs."""
    found = Expected({}, [])
    for name in INPUTS:
        fragments: dict[str, list[tuple[int, Fragment]]] = {}
        for number, raw in enumerate(lines_of(name)):
            for each in judge_lines(destination(""), [Line(raw, ARRIVAL_US, number)]):
                if isinstance(each, Reject):
                    found.reject_reasons.append(each.reason)
                else:
                    fragments.setdefault(each.key, []).append((number, each))
        for key, own in fragments.items():
            decisions = replay(destination(""), [fragment for _, fragment in own])
            sent = [
                Sent(decision.data, name, number)
                for (number, _), decision in zip(own, decisions, strict=True)
                if isinstance(decision, Export)
            ]
            if sent:
                found.messages[f"crmid:{key}"] = sent
    return found


def _line(random: Random, prefix: str, number: int, before: list[bytes]) -> bytes:
    """One line: mostly a fragment; now and then a batch, a repetition, or what is rejected."""
    choice = random.randrange(24)
    if choice == 0 and before:
        return random.choice(before[-100:])
    if choice == 1:
        return _dump({"messages": [_fragment(random, prefix, number) for _ in range(3)]})
    if choice == 2:
        return random.choice((b"[1]", b'{"a":"\xff"}', b'{"messages":[]}', b'{"person":{}}'))
    if choice == 3:
        broken = _fragment(random, prefix, number, kinds="a")
        return _dump({**broken, "timestamp": "2020-03-01 08:00:00"})
    return _dump(_fragment(random, prefix, number))


def _fragment(
    random: Random, prefix: str, number: int, kinds: str = "rrrrraaaaaaaexxiind"
) -> Entity:
    """A fragment of one of these kinds, which may be late."""
    # A few identities get most, so that some have long sequences.
    somebody = min(random.randrange(IDENTITIES), random.randrange(IDENTITIES))
    second = number - random.choice((0, 0, 0, 0, 300))
    entity: Entity = {
        "identityMap": {"CRMID": [{"id": f"{prefix}{somebody:03d}"}]},
        "timestamp": f"2020-03-01T{8 + second // 3600:02d}:{second // 60 % 60:02d}"
        f":{second % 60:02d}Z",
    }
    kind = random.choice(kinds)
    if kind in "rx":
        status = "realized" if kind == "r" else "exited"
        entity["segmentMembership"] = {"ups": {random.choice(SEGMENTS): {"status": status}}}
    elif kind == "a":
        entity["loyalty"] = {"tier": random.choice(("bronze", "silver", "gold"))}
    elif kind in "ei":
        entity["identityMap"]["Email"] = [{"id": f"{random.randrange(9)}@example.com"}]
    elif kind == "d":
        return {"header": {"operations": {"data": "delete"}}, "body": entity}
    else:
        del entity["timestamp"]  # its version is its arrival
        entity["person"] = {"name": {"firstName": random.choice(("Mara", "Zoë"))}}
    return entity


def _dump(entity: Entity) -> bytes:
    return json.dumps(entity, ensure_ascii=False, separators=(",", ":")).encode()
