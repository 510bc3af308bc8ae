"""A dry run's two ends: messages go to standard output, rejects are only counted."""

from __future__ import annotations

import sys
from typing import Any

from bytewax.outputs import DynamicSink, StatelessSinkPartition
from typing_extensions import override

from connectors.kinesis import KinesisRecord


class _Stdout(StatelessSinkPartition[tuple[str, list[KinesisRecord]]]):
    @override
    def write_batch(self, items: list[tuple[str, list[KinesisRecord]]]) -> None:
        write = sys.stdout.buffer.write
        for _, records in items:
            for record in records:
                write(record.data if record.data.endswith(b"\n") else record.data + b"\n")

    @override
    def close(self) -> None:
        sys.stdout.buffer.flush()


class StdoutSink(DynamicSink[tuple[str, list[KinesisRecord]]]):
    """Prints each record's data on a line of its own, exactly the bytes it would carry."""

    @override
    def build(self, step_id: str, worker_index: int, worker_count: int) -> _Stdout:
        return _Stdout()


class _Nowhere(StatelessSinkPartition[Any]):
    @override
    def write_batch(self, items: list[Any]) -> None:
        """Keep nothing: the funnel has counted the rejects already."""


class NoRejects(DynamicSink[Any]):
    """Takes rejects and keeps none."""

    @override
    def build(self, step_id: str, worker_index: int, worker_count: int) -> _Nowhere:
        return _Nowhere()
