"""What is written to two streams is what comes out of them, through reshards, kills and stops.

Real processes read from a real endpoint: the fake stream, and kinesis-mock, which is not ours.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.reading.history import History
from tests.reading.streams import NAMES, Stream, client_of

N = 200
"""Records that are written at a time: kinesis-mock takes the longer the more a shard holds."""

HITS = 100 if os.environ.get("HYPOTHESIS_PROFILE") == "release" else 4
"""Kills that have cost records which were given out."""

SHARDS_MAX = 8


def test_every_record_comes_and_none_twice(url: str, tmp_path: Path) -> None:
    """Both reshards of each kind, two kills, a stop, and one, two and one processes lose nothing.

    After a kill at most an epoch comes again; after a stop, nothing does.
    """
    client, random = client_of(url), Random(1)
    profiles, segments = streams = [Stream(client, name, 2, random) for name in NAMES]

    def write(count: int) -> None:
        for stream in streams:
            stream.write(count)

    write(N)
    with History(tmp_path, url, streams) as history:
        history.start(1)
        history.wait_for(N)
        write(N)
        profiles.split()
        write(N)
        history.wait_for(4 * N + 1)  # of 6 N
        history.wait_for_uncommitted()
        history.kill()
        segments.update(4)
        write(N)
        history.start(2)
        history.wait_for(7 * N)  # of 8 N and a few
        profiles.merge()
        write(N)
        history.wait_for_uncommitted()
        history.kill()
        write(N)
        history.start(2)
        write(N)
        history.wait_for(13 * N)  # of 14 N and a few
        history.stop()
        segments.update(2)
        write(N)
        history.start(1)
        write(N)
        history.wait_for(len(history.written()))
        history.stop()
        assert [] == history.faults()


def test_whenever_it_is_killed(url: str, tmp_path: Path) -> None:
    """Random reshards, stops, numbers of processes, and kills that are proven to cost something."""
    client, random = client_of(url), Random(2)
    streams = [Stream(client, name, 2, random) for name in NAMES]
    with History(tmp_path, url, streams) as history:
        while history.hits < HITS:
            for stream in streams:
                stream.write(random.randint(1, N))
                reshard(stream, random)
            history.start(random.choice((1, 1, 2)))
            for stream in streams:
                stream.write(random.randint(1, N))
            history.wait_for_uncommitted()
            random.choice((history.kill, history.kill, history.stop))()
        history.start(1)
        history.wait_for(len(history.written()))
        history.stop()
        assert [] == history.faults()


def reshard(stream: Stream, random: Random) -> None:
    """Change the shards, or leave them as they are."""
    count = len(stream.open())
    ways: list[Callable[[], None]] = [lambda: None]
    if count < SHARDS_MAX:
        ways += [stream.split, lambda: stream.update(2 * count)]
    if count > 1:
        ways.append(stream.merge)
    if count % 2 == 0:
        ways.append(lambda: stream.update(count // 2))
    random.choice(ways)()
