"""One run of one job in this process; the measurement goes to standard output as JSON.

Started by `benchmarks.end_to_end`, once per run. The clocks start at the first commit after `fill`
lines, which gave the job nearly all its profiles, and stop `epochs` commits later. The input ends
there; what Bytewax does at its end is not in the figure.
"""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from typing import Any

from benchmarks.child import peak_rss_bytes
from benchmarks.epochs import Commit
from benchmarks.harness import pin
from benchmarks.job import Job, JobModule
from benchmarks.where import Where


def within(commits: list[Commit], fill: int) -> list[Commit]:
    """Give the commits that are measured: those with at least `fill` lines before them."""
    return [commit for commit in commits if commit.lines >= fill]


def run(asked: argparse.Namespace) -> dict[str, Any]:
    """Run the job and measure whole epochs.

    Raises:
        RuntimeError: the lines ended before the epochs did.
    """
    where = Where() if asked.where else None

    def enough(commits: list[Commit]) -> bool:
        measured = len(within(commits, asked.fill))
        if where is not None and measured:
            where.note()
        return bool(measured > asked.epochs)

    module: JobModule = importlib.import_module(asked.module)
    job = Job(asked.lines, asked.folder, asked.url, asked.epoch_s, enough)
    if where is None:
        module.run(job)
    else:
        with where.looking():
            module.run(job)
    measured = within(job.epochs.commits, asked.fill)
    if len(measured) <= asked.epochs:
        raise RuntimeError(f"only {len(measured) - 1} of {asked.epochs} epochs: more --fragments")
    first, last = measured[0], measured[-1]
    return {
        "fragments": last.lines - first.lines,
        "acknowledged": last.acknowledged - first.acknowledged,
        "wall_s": last.wall_s - first.wall_s,
        "cpu_s": last.cpu_s - first.cpu_s,
        "pauses_s": [commit.pause_s for commit in measured[1:]],
        "run_acknowledged": job.acknowledged(),
        "peak_rss_bytes": peak_rss_bytes(),
        "where": where.found() if where is not None else {},
    }


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.end_to_end_child")
    parser.add_argument("module", help="where the job's run is")
    parser.add_argument("lines", help="JSONL file with the lines")
    parser.add_argument("folder", type=Path, help="for the job's state")
    parser.add_argument("--url", required=True)
    parser.add_argument("--fill", type=int, required=True, help="lines before the clocks start")
    parser.add_argument("--epochs", type=int, required=True, help="how many are measured")
    parser.add_argument("--epoch-s", type=float, required=True)
    parser.add_argument("--cpu", type=int, help="core to stay on")
    parser.add_argument("--where", action="store_true", help="see where the time goes")
    asked = parser.parse_args()
    pin(asked.cpu)
    print(json.dumps(run(asked)))


if __name__ == "__main__":
    main()
