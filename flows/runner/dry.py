"""A dry run's two ends: messages go to standard output, rejects are only counted."""

from __future__ import annotations

import os
import sys
from typing import Any

from bytewax.outputs import DynamicSink, StatelessSinkPartition
from typing_extensions import override

from connectors.kinesis import KinesisRecord


class _Stdout(StatelessSinkPartition[tuple[str, list[KinesisRecord]]]):
    @override
    def write_batch(self, items: list[tuple[str, list[KinesisRecord]]]) -> None:
        try:
            for _, records in items:
                for record in records:
                    end = b"" if record.data.endswith(b"\n") else b"\n"
                    sys.stdout.buffer.write(record.data + end)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # Whoever read has seen enough, as with `| head`. The rest of the run is for counting.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
