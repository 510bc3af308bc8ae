"""The job's source and sinks with crash points around what they do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from typing_extensions import override

from connectors.jsonl import JsonlBatch, JsonlSource
from flows.backfill import BackfillFrame
from flows.wake import Woken
from tests.crash.fuse import AFTER_ASK, AFTER_BATCH, Fuse

Item = TypeVar("Item")
State = TypeVar("State")


class CrashingSource(FixedPartitionedSource[JsonlBatch, bytes]):
    """A source that can die after each batch; `on_batch` is called before each one.

    An empty batch is passed over, so that each batch, and with it each epoch, has lines.
    """

    def __init__(self, fuse: Fuse, on_batch: Callable[[], None], *args: Any, **kwargs: Any) -> None:
        """Wrap the `JsonlSource` that is made of the further arguments."""
        self._inner = JsonlSource(*args, **kwargs)
        self._fuse = fuse
        self._on_batch = on_batch

    @override
    def list_parts(self) -> list[str]:
        return self._inner.list_parts()

    @override
    def build_part(
        self, step_id: str, for_part: str, resume_state: bytes | None
    ) -> StatefulSourcePartition[JsonlBatch, bytes]:
        part = self._inner.build_part(step_id, for_part, resume_state)
        return _SourcePartition(part, self._fuse, self._on_batch)


class _SourcePartition(StatefulSourcePartition[JsonlBatch, bytes]):
    def __init__(
        self,
        inner: StatefulSourcePartition[JsonlBatch, bytes],
        fuse: Fuse,
        on_batch: Callable[[], None],
    ) -> None:
        self._inner = inner
        self._fuse = fuse
        self._on_batch = on_batch

    @override
    def next_batch(self) -> list[JsonlBatch]:
        self._on_batch()
        batch: list[JsonlBatch] = []
        while not batch:
            batch = list(self._inner.next_batch())
        self._fuse.point(AFTER_BATCH)
        return batch

    @override
    def snapshot(self) -> bytes:
        return self._inner.snapshot()

    @override
    def close(self) -> None:
        self._inner.close()


class CrashingWake(FixedPartitionedSource[Woken, bytes]):
    """A wake source that can die after each ask of a backfill; `on_ask` is called before each."""

    def __init__(
        self,
        fuse: Fuse,
        on_ask: Callable[[], None],
        make: Callable[..., FixedPartitionedSource[Any, Any]],
        *args: Any,
    ) -> None:
        """Wrap the source that `make` gives for the further arguments."""
        self._inner = make(*args)
        self._fuse = fuse
        self._on_ask = on_ask

    @override
    def list_parts(self) -> list[str]:
        return self._inner.list_parts()

    @override
    def build_part(
        self, step_id: str, for_part: str, resume_state: bytes | None
    ) -> StatefulSourcePartition[Woken, bytes]:
        part = self._inner.build_part(step_id, for_part, resume_state)
        return _WakePartition(part, self._fuse, self._on_ask)


class _WakePartition(StatefulSourcePartition[Woken, bytes]):
    def __init__(
        self,
        inner: StatefulSourcePartition[Woken, bytes],
        fuse: Fuse,
        on_ask: Callable[[], None],
    ) -> None:
        self._inner = inner
        self._fuse = fuse
        self._on_ask = on_ask

    @override
    def next_batch(self) -> list[Woken]:
        batch = list(self._inner.next_batch())
        if batch and isinstance(batch[0][1], BackfillFrame):
            self._on_ask()
            self._fuse.point(AFTER_ASK)
        return batch

    @override
    def next_awake(self) -> datetime | None:
        return self._inner.next_awake()

    @override
    def snapshot(self) -> bytes:
        return self._inner.snapshot()


class CrashingSink(FixedPartitionedSink[Item, State]):
    """A sink that can die before and after each write and each snapshot of its partitions."""

    def __init__(self, inner: FixedPartitionedSink[Item, State], name: str, fuse: Fuse) -> None:
        """Put points named after `name` around a sink."""
        self._inner = inner
        self._name = name
        self._fuse = fuse

    @override
    def list_parts(self) -> list[str]:
        return self._inner.list_parts()

    @override
    def part_fn(self, item_key: str) -> int:
        return self._inner.part_fn(item_key)

    @override
    def build_part(
        self, step_id: str, for_part: str, resume_state: State | None
    ) -> StatefulSinkPartition[Item, State]:
        part = self._inner.build_part(step_id, for_part, resume_state)
        return _SinkPartition(part, self._name, self._fuse)


class _SinkPartition(StatefulSinkPartition[Item, State]):
    def __init__(self, inner: StatefulSinkPartition[Item, State], name: str, fuse: Fuse) -> None:
        self._inner = inner
        self._name = name
        self._fuse = fuse

    @override
    def write_batch(self, values: list[Item]) -> None:
        self._fuse.point(f"before {self._name} write")
        self._inner.write_batch(values)
        self._fuse.point(f"after {self._name} write")

    @override
    def snapshot(self) -> State:
        self._fuse.point(f"before {self._name} snapshot")
        state = self._inner.snapshot()
        self._fuse.point(f"after {self._name} snapshot")
        return state

    @override
    def close(self) -> None:
        self._inner.close()
