"""This project's job as `profile-export run` runs it, on one worker.

The runner itself runs: recovery store, Kinesis sink, rejects. The one thing put in its way is the
watch around the source of the lines.
"""

from __future__ import annotations

import os
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace

from benchmarks.contenders.join_ours import DESTINATION
from benchmarks.job import Job
from connectors.jsonl import JsonlBatch, JsonlSource
from flows import read
from flows.destination import (
    Account,
    DeadLetters,
    Destination,
    Input,
    Jsonl,
    Message,
    Rejects,
    State,
)
from flows.runner.execution import run as run_job
from flows.runner.progress import Progress

INPUT = "lines"


def destination(job: Job, *, metadata: bool = False) -> Destination:
    """Give the destination of the join's benchmark, with its stream at the job's far end.

    Args:
        job: where to read, write and keep things.
        metadata: whether messages say, in `_export`, which fragment they come from.
    """
    return replace(
        DESTINATION,
        account=Account(region="us-east-1", endpoint_url=job.url),
        inputs=(Input(name=INPUT, jsonl=Jsonl(path=job.lines)),),
        message=Message(metadata=metadata),
        rejects=Rejects(path=os.fspath(job.folder / "rejects")),
        dead_letters=DeadLetters(path=os.fspath(job.folder / "dead-letters")),
        state=State(path=os.fspath(job.folder / "state"), epoch_s=job.epoch_s),
    )


def run(job: Job) -> None:
    """Run the job."""
    run_on(destination(job), job)


def run_on(destination: Destination, job: Job) -> Progress:
    """Run a destination with its lines watched; give its counts.

    Raises:
        RuntimeError: a line was rejected, though each one is sound.
    """

    def started(progress: Progress) -> None:
        assert progress.delivery is not None
        stats = progress.delivery
        job.acknowledged = lambda: stats.acknowledged

    def source(name: str, *arguments: Any, **named: Any) -> Any:
        made = JsonlSource(name, *arguments, **named)
        return job.watch(made, _lines) if name == INPUT else made

    with patch.object(read, "JsonlSource", source):
        progress = run_job(destination, fresh=False, started=started)
    if progress.funnel.rejected:
        raise RuntimeError(f"lines of the benchmark were rejected: {progress.funnel.rejected}")
    return progress


def _lines(batch: JsonlBatch) -> int:
    return len(batch.lines)
