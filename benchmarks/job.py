"""One run of a whole job, from lines to acknowledged records, in the process that calls.

A job module offers `run(job)`, which runs to the end of its input and returns; `benchmarks.epochs`
notes what happens meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bytewax.inputs import FixedPartitionedSource

from benchmarks.cupboard import STREAM
from benchmarks.epochs import Commit, Epochs, S, WatchedSource, X
from benchmarks.writer import FarEnd

IN_FLIGHT = 16


@dataclass
class Job:
    """What a job is given.

    Attributes:
        lines: JSONL file, or "-" for standard input.
        folder: for its state and whatever else it keeps.
        url: of the far end.
        epoch_s: seconds between two commits.
        enough: whether the input is to end after these commits.
        acknowledged: counts the records acknowledged; set by the job.
    """

    lines: str
    folder: Path
    url: str
    epoch_s: float
    enough: Callable[[list[Commit]], bool] = lambda _commits: False
    acknowledged: Callable[[], int] = lambda: 0
    epochs: Epochs = field(init=False)

    def __post_init__(self) -> None:
        """Begin to note epochs."""

        def acknowledged() -> int:  # whichever counter the job has set by then
            return self.acknowledged()

        self.epochs = Epochs(acknowledged, self.enough)

    @property
    def far(self) -> FarEnd:
        """Where to write."""
        return FarEnd(self.url, STREAM, IN_FLIGHT)

    def watch(
        self, source: FixedPartitionedSource[X, S], lines: Callable[[X], int]
    ) -> WatchedSource[X, S]:
        """Watch the source of the lines; `lines` counts those in one of its items."""
        return WatchedSource(source, self.epochs, lines)


class JobModule(Protocol):
    """The face of a module with a job."""

    def run(self, job: Job) -> None:
        """Run to the end of the input."""
