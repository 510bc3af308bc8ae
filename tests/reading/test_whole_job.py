"""The whole job on two input streams: it joins what both say of each identity, whatever befalls it.

With several shards, and a reshard, there is no one right sequence of messages. What must hold: when
everything was read, the last message of each profile that is qualified shows its present view, as
the oracle has it, and the last of any other shows no segment as realized. Times of qualification
are left out, as a newer one alone brings no message about.
"""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from random import Random
from typing import Any

from tests.judges.oracle import Line, Reject, backfill, judge_lines
from tests.kill9.far_end import FarEnd
from tests.kill9.job import Blow, Job
from tests.kill9.workload import MAX_IN_FLIGHT
from tests.reading.streams import NAMES, Record, Stream, client_of
from tests.support.waiting import wait_until

IDENTITIES = 40
N = 150
"""Lines that are sent to a stream at a time."""

SEGMENTS = ("high-propensity", "newsletter")


def destination(output: str, inputs: str) -> dict[str, Any]:
    """The destination; messages without metadata show nothing but the view."""
    return {
        "name": "leads",
        "account": {"region": "us-east-1", "endpoint_url": output},
        "stream": {"name": "leads", "partition_key": "identity"},
        "identities": {"key": "crmid"},
        "activation": {
            "segments": [{"id": segment} for segment in SEGMENTS],
            "attributes": ["person.name.firstName", "loyalty.tier"],
        },
        "inputs": [
            {"name": name, "kinesis": {"stream": name, "endpoint_url": inputs}} for name in NAMES
        ],
        "limits": {"id_chars": 250},
        "delivery": {"max_in_flight": MAX_IN_FLIGHT, "linger_ms": 2},
        "state": {"epoch_s": 0.2},
    }


def line(random: Random, name: str) -> Record:
    """One update of an attribute, or of a membership; some are late, some have no time."""
    identity = f"c{random.randrange(IDENTITIES):02}"
    entity: dict[str, Any] = {"identityMap": {"CRMID": [{"id": identity}]}}
    if random.random() < 0.8:
        entity["timestamp"] = f"2026-03-01T08:{random.randrange(60):02}:00Z"
    if name == "segments":
        status = random.choice(("realized", "realized", "exited"))
        entity["segmentMembership"] = {"ups": {random.choice(SEGMENTS): {"status": status}}}
    elif random.random() < 0.5:
        entity["loyalty"] = {"tier": random.choice(("bronze", "silver", "gold"))}
    else:
        entity["person"] = {"name": {"firstName": random.choice(("Mara", "Zoë"))}}
    return Record(json.dumps(entity).encode(), identity)


def expected(settings: dict[str, Any], streams: list[Stream]) -> dict[str, bytes]:
    """Give the last message of each qualified profile, of what the streams hold."""
    lines = [Line(*record) for stream in streams for record in stream.stored()]
    fragments = judge_lines(settings, lines)
    found = backfill(settings, [each for each in fragments if not isinstance(each, Reject)])
    return {key: without_times(data) for key, data in found.items()}


def without_times(message: bytes) -> bytes:
    """Take the times of qualification out of a message."""
    return re.sub(rb'"lastQualificationTime":"[^"]*",', b"", message)


def last_messages(far_end: FarEnd) -> dict[str, bytes]:
    """Give the last message of each profile that has realized a segment, by its identity."""
    last = {key: messages[-1] for key, messages in far_end.messages().items()}
    return {
        key.removeprefix("crmid:"): without_times(data)
        for key, data in last.items()
        if b'"realized"' in data
    }


def test_the_last_messages_show_the_join(url: str, tmp_path: Path) -> None:
    """Two kills, a stop, reshards of both streams, and one, two and one processes."""
    random = Random(3)
    streams = [Stream(client_of(url), name, 2, random) for name in NAMES]
    profiles, segments = streams

    def write() -> None:
        for stream in streams:
            stream.send([line(random, stream.name) for _ in range(N)])

    (tmp_path / "home").mkdir()
    with FarEnd() as far_end:
        settings = destination(far_end.url, url)
        path = tmp_path / "destination.yaml"
        path.write_text(json.dumps(settings), encoding="utf-8")
        write()
        with Job(tmp_path, far_end, Blow("answer", MAX_IN_FLIGHT + 1)) as job:
            assert -signal.SIGKILL == job.wait()
        profiles.split()
        segments.update(4)
        write()
        with Job(tmp_path, far_end, Blow("answer", 2 * MAX_IN_FLIGHT + 1), "-p", "2") as job:
            assert -signal.SIGKILL == job.wait()
        write()
        reached = far_end.requests
        with Job(tmp_path, far_end, None, "-p", "2") as job:
            wait_until(lambda: far_end.requests > reached)
            profiles.merge()
            write()
            job.send(signal.SIGTERM, "first")
            assert 0 == job.wait()
        write()
        wanted = expected(settings, streams)
        with Job(tmp_path, far_end) as job:
            wait_until(lambda: wanted == last_messages(far_end))
            job.send(signal.SIGTERM)
            assert 0 == job.wait()
        assert wanted == last_messages(far_end)
