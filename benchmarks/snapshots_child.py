"""One execution of this project's job for `benchmarks.snapshots`; prints JSON.

Reads a file to its end. With `--epoch-s` next to nothing each batch of lines is an epoch, so that
what commits cost is measured again and again on one state.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.child import peak_rss_bytes
from benchmarks.contenders.end_to_end_ours import destination, run_on
from benchmarks.epochs import Commit
from benchmarks.harness import pin
from benchmarks.job import Job
from benchmarks.where import Where


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.snapshots_child")
    parser.add_argument("lines", help="JSONL file with the lines")
    parser.add_argument("folder", type=Path, help="for the job's state")
    parser.add_argument("--url", required=True)
    parser.add_argument("--epoch-s", type=float, required=True)
    parser.add_argument("--cpu", type=int, help="core to stay on")
    asked = parser.parse_args()
    pin(asked.cpu)
    where = Where()

    def note(commits: list[Commit]) -> bool:
        if commits[-1].lines:  # commits before the first line are of nothing but the start
            where.note()
        return False

    job = Job(asked.lines, asked.folder, asked.url, asked.epoch_s, note)
    started_s = time.perf_counter()
    with where.looking():
        run_on(destination(job), job)
    first_asked_s = job.epochs.first_asked_s
    assert first_asked_s is not None
    commits = [asdict(commit) for commit in job.epochs.commits if commit.lines]
    found = {
        "resume_s": first_asked_s - started_s,
        "run_s": time.perf_counter() - started_s,
        "commits": commits,
        "where": where.found() if len(commits) > 1 else {},
        "peak_rss_bytes": peak_rss_bytes(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
