"""The input that every crash test reads: 25 identities, and a few lines that are rejected.

Promise: the same bytes every time. Each line is `LINE_BYTES` long with its newline, which is what
the source reads ahead for a line, so that a batch of N lines always starts at a multiple of N, and
a resume cuts the same batches as a run without a crash. One file, hence one source partition and
one right sequence of messages for each identity.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from flows.destination import Destination

LINE_BYTES = 512
LINES = 200
IDENTITIES = 25
ARRIVAL_US = 1_585_699_200_000_000  # 2020-04-01T00:00:00Z by `date -u -d @1585699200`
SEGMENTS = ("high-propensity", "newsletter")

Entity = dict[str, Any]


def destination_in(folder: Path, *, metadata: bool) -> dict[str, Any]:
    """The destination as the parsed form of its YAML, for the judges and for `typed`.

    The partition key is the clear identity: it tells the identities apart at the far end.
    """
    return {
        "name": "leads",
        "stream": {"name": "leads", "partition_key": "identity"},
        "identities": {"key": "crmid", "hash": {"email": "email_lc_sha256"}},
        "activation": {
            "segments": [{"id": segment} for segment in SEGMENTS],
            "attributes": ["person.name.firstName", "loyalty.tier"],
        },
        "message": {"metadata": metadata},
        "inputs": [{"name": "profiles", "jsonl": {"path": str(folder / "profiles.jsonl")}}],
        "rejects": {"path": str(folder / "rejects")},
    }


def typed(destination: dict[str, Any]) -> Destination:
    """The same destination as the job takes it."""
    return msgspec.convert(destination, Destination)


def write_input(folder: Path) -> None:
    """Write the input file as one that arrived at `ARRIVAL_US`."""
    path = folder / "profiles.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines()))
    os.utime(path, ns=(ARRIVAL_US * 1000, ARRIVAL_US * 1000))


def lines() -> list[bytes]:
    """The lines of the input, without their newlines."""
    random = Random(20)
    made = [_dump(_membership(_entity(number, number), "realized")) for number in range(IDENTITIES)]
    while len(made) < LINES:
        made.append(_line(random, len(made), made))
    return [line.ljust(LINE_BYTES - 1) for line in made]


def _line(random: Random, number: int, before: list[bytes]) -> bytes:
    """One line: mostly a fragment; now and then a batch, a repetition, or what is rejected."""
    choice = random.randrange(20)
    if choice == 0:
        return random.choice(before[-10:])
    if choice == 1:
        return _dump({"messages": [_fragment(random, number) for _ in range(3)]})
    if choice == 2:
        return _broken_line(random, number)
    if choice == 3:
        return _dump(_broken_fragment(random, number))
    if choice == 4:
        good = [_fragment(random, number) for _ in range(2)]
        return _dump({"messages": [good[0], {"loyalty": {"tier": "gold"}}, good[1]]})
    return _dump(_fragment(random, number))


def _fragment(random: Random, number: int) -> Entity:
    late = random.choice((0, 0, 0, 0, 30))  # what comes late may lose to what came before it
    entity = _entity(_somebody(random), number - late)
    choice = random.randrange(12)
    if choice < 6:
        entity["loyalty"] = {"tier": random.choice(("silver", "gold"))}
    elif choice < 9:
        status = random.choice(("realized", "exited"))
        _membership(entity, status, random.choice(SEGMENTS))
    elif choice == 9:
        entity["identityMap"]["Email"] = [{"id": f"{random.randrange(9)}@example.com"}]
    elif choice == 10:
        return {"header": {"operations": {"data": "delete"}}, "body": entity}
    else:
        del entity["timestamp"]  # its version is its arrival
        entity["person"] = {"name": {"firstName": random.choice(("Mara", "Zoë"))}}
    return entity


def _broken_line(random: Random, number: int) -> bytes:
    """What the router rejects."""
    no_key: Entity = {"identityMap": {"Email": [{"id": "1@example.com"}]}}
    return random.choice(
        (b'{"messages":[]}', b"[1]", b'{"a":"\xff"}', _dump(_entity(1, number))[:40], _dump(no_key))
    )


def _broken_fragment(random: Random, number: int) -> Entity:
    """What a lane rejects."""
    entity = _entity(_somebody(random), number)
    if random.randrange(2):
        return {**entity, "timestamp": "2020-03-01 08:00:00"}
    return _membership(entity, "churned")


def _somebody(random: Random) -> int:
    """A few identities get most, so that some messages of theirs are equal."""
    return min(random.randrange(IDENTITIES), random.randrange(IDENTITIES))


def _entity(identity: int, second: int) -> Entity:
    at = f"2020-03-01T{8 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"
    return {"identityMap": {"CRMID": [{"id": f"c{identity:02d}"}]}, "timestamp": at}


def _membership(entity: Entity, status: str, segment: str = SEGMENTS[0]) -> Entity:
    entity["segmentMembership"] = {"ups": {segment: {"status": status}}}
    return entity


def _dump(entity: Entity) -> bytes:
    return json.dumps(entity, ensure_ascii=False, separators=(",", ":")).encode()
