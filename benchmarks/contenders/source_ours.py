"""This project's source, called as Bytewax calls it: each slot when it wants to be.

All that it promises is on: ordinals, positions, bounds, the shards' pace of 2 MB/s. So there must
be more shards than it can read at that pace, or the pace is what is measured.
"""

from __future__ import annotations

import heapq
import time

from benchmarks.writer import FarEnd
from connectors.kinesis import KinesisSource


class OurReader:
    """All slots of a `KinesisSource`."""

    def __init__(self, far: FarEnd) -> None:
        """Connect."""
        source = KinesisSource(
            far.stream, region="us-east-1", endpoint_url=far.url, max_in_flight=far.in_flight
        )
        self._parts = [source.build_part("read", name, None) for name in source.list_parts()]
        self._due = [(0.0, number) for number in range(len(self._parts))]

    def read(self) -> int:
        """Ask the slot that is due next."""
        due, number = self._due[0]
        time.sleep(max(0.0, due - time.time()))
        part = self._parts[number]
        count = sum(map(len, part.next_batch()))
        awake = part.next_awake()
        heapq.heapreplace(self._due, (0.0 if awake is None else awake.timestamp(), number))
        return count

    def close(self) -> None:
        """Let go of the connections."""
        for part in self._parts:
            part.close()


def get_reader(far: FarEnd) -> OurReader:
    """Connect to the far end."""
    return OurReader(far)
