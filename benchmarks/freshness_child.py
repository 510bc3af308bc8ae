"""This project's job on lines from standard input, for `benchmarks.freshness`.

Prints what the job's epochs were, as JSON, when its input has ended.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from benchmarks.child import peak_rss_bytes
from benchmarks.contenders.end_to_end_ours import destination, run_on
from benchmarks.harness import pin
from benchmarks.job import Job


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.freshness_child")
    parser.add_argument("folder", type=Path, help="for the job's state")
    parser.add_argument("--url", required=True)
    parser.add_argument("--epoch-s", type=float, required=True)
    parser.add_argument("--cpu", type=int, help="core to stay on")
    asked = parser.parse_args()
    pin(asked.cpu)
    job = Job("-", asked.folder, asked.url, asked.epoch_s)
    progress = run_on(destination(job, metadata=True), job)
    found = {
        "commits": [asdict(commit) for commit in job.epochs.commits],
        "received": progress.funnel.received,
        "acknowledged": job.acknowledged(),
        "peak_rss_bytes": peak_rss_bytes(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
