"""What every contender's dataflow begins and ends with: lines from memory, a sink that counts.

Both do as little as Bytewax allows, so that what is measured lies between them. Nothing is kept
for recovery: the runs have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.outputs import DynamicSink, StatelessSinkPartition

X = TypeVar("X")


@dataclass
class Tally:
    """What left a dataflow: messages, and the bytes of their bodies."""

    messages: int = 0
    message_bytes: int = 0


class MemorySource(FixedPartitionedSource[X, None]):
    """Emit each list of `batches` as one Bytewax batch, from one partition, once."""

    def __init__(self, batches: Iterator[list[X]]) -> None:
        """Keep the batches; they are taken one by one as the dataflow asks for them."""
        self._batches = batches

    def list_parts(self) -> list[str]:
        """Name the only partition."""
        return ["memory"]

    def build_part(
        self, step_id: str, for_part: str, resume_state: None
    ) -> StatefulSourcePartition[X, None]:
        """Open the partition."""
        return _MemoryPartition(self._batches)


class _MemoryPartition(StatefulSourcePartition[X, None], Generic[X]):
    def __init__(self, batches: Iterator[list[X]]) -> None:
        self._batches = batches

    def next_batch(self) -> list[X]:
        return next(self._batches)  # StopIteration is how Bytewax wants to hear of the end

    def snapshot(self) -> None:
        return None


class CountingSink(DynamicSink[tuple[str, bytes]]):
    """Count messages that come as (key, body), then forget them."""

    def __init__(self, tally: Tally) -> None:
        """Keep the tally that is added to."""
        self._tally = tally

    def build(
        self, step_id: str, worker_index: int, worker_count: int
    ) -> StatelessSinkPartition[tuple[str, bytes]]:
        """Open the worker's partition."""
        return _CountingPartition(self._tally)


class _CountingPartition(StatelessSinkPartition[tuple[str, bytes]]):
    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def write_batch(self, items: list[tuple[str, bytes]]) -> None:
        self._tally.messages += len(items)
        self._tally.message_bytes += sum([len(body) for _key, body in items])
