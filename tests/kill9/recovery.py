"""What a recovery store says when its process is dead, read from a copy: reading must not mend it.

SQLite takes up a write-ahead log on opening and removes it on closing, which is the next process's
to do. The form of the tables is Bytewax 0.21.1's; the values are pickles of plain bytes, and are
loaded by an unpickler that knows no names. Imports nothing of the project.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tests.support.plain import load

FLOW = "profile-export"
_NEWEST = """
    SELECT state_key, ser_change, MAX(snap_epoch) FROM snaps
    WHERE step_id = ? AND snap_epoch < ? GROUP BY state_key
"""


@dataclass(frozen=True)
class Kept:
    """What the next execution will find.

    Attributes:
        executions: the epoch that each execution so far resumed from.
        resume_epoch: the epoch that the next one will resume from; those before are committed.
        unfinished: steps with rows of an epoch that was not committed.
        lines: committed lines, by input.
        lanes: the committed bytes of each lane.
    """

    executions: list[int]
    resume_epoch: int
    unfinished: set[str]
    lines: dict[str, int]
    lanes: dict[str, bytes]


def read_store(folder: Path, inputs: tuple[str, ...]) -> Kept:
    """Read the store in a folder; its rows are dealt out to several files.

    Raises:
        pickle.UnpicklingError: a value of any step is not plain.
    """
    with tempfile.TemporaryDirectory(dir=folder.parent) as place, ExitStack() as opened:
        copy = Path(place) / "copy"
        # The -shm files are an index that SQLite makes anew.
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*-shm"))
        parts = [
            opened.enter_context(closing(sqlite3.connect(part))) for part in copy.glob("*.sqlite3")
        ]

        def query(sql: str, *args: object) -> list[tuple[Any, ...]]:
            return sorted(row for part in parts for row in part.execute(sql, args))

        return _read(query, inputs)


def _read(query: Callable[..., list[tuple[Any, ...]]], inputs: tuple[str, ...]) -> Kept:
    executions = dict(query("SELECT ex_num, resume_epoch FROM exs"))
    last = max(executions, default=0)
    fronts = [row[0] for row in query("SELECT worker_frontier FROM fronts WHERE ex_num = ?", last)]
    resume = min(fronts, default=executions.get(last, 1))
    unfinished = query("SELECT DISTINCT step_id FROM snaps WHERE snap_epoch >= ?", resume)
    lines: dict[str, int] = {}
    for name in inputs:
        for _, value, _ in query(_NEWEST, f"{FLOW}.read-{name}", resume):
            _, (_, ordinal, _) = msgspec.msgpack.decode(load(value))  # of [version, state]
            lines[name] = ordinal
    lanes = {lane: load(value) for lane, value, _ in query(_NEWEST, f"{FLOW}.join", resume)}
    epochs = [executions[number] for number in sorted(executions)]
    steps = {row[0].removeprefix(f"{FLOW}.") for row in unfinished}
    for (value,) in query("SELECT ser_change FROM snaps WHERE ser_change IS NOT NULL"):
        load(value)
    return Kept(epochs, resume, steps, lines, lanes)
