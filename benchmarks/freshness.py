"""How long from a line's being written until the record it causes is acknowledged?

    python -m benchmarks.freshness [--rate N] [--seconds S] [--epoch-s S ...] [--write]

This project's job reads from a pipe, on one worker, with the profiles of 200,000 customers in its
state. Lines come evenly, 5,000 a second, with the time they were due in them; the far end answers
after 20 ms, and reads from each message which fragment it comes from. Once with epochs as usual,
and once without a commit, so that what commits cost can be seen.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import data, report
from benchmarks.far_end import Behaviour, credentials, serving
from benchmarks.harness import ROOT, pin, two_cpus
from benchmarks.pacing import cut, widen, write_all, write_paced

IDENTITIES = 200_000
FILL = 3 * IDENTITIES
SEED = 20260105
LATENCY_MS = 20
RATE = 5_000
WARM_S = 11.0
"""Paced before the measurement: two epochs, and what the fill left to do."""
EPOCHS_S = (5.0, 3600.0)
QUANTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1.0}


def run_once(
    fill: Sequence[bytes],
    paced: Sequence[Sequence[bytes]],
    asked: argparse.Namespace,
    epoch_s: float,
) -> dict[str, Any]:
    """Fill the state, write the paced lines, and give the ages of their records.

    Raises:
        RuntimeError: the job failed, or did not read or deliver all.
    """
    far_cpu, cpu = two_cpus()
    with tempfile.TemporaryDirectory() as folder:
        ages = Path(folder) / "ages.json"
        far_end = ("benchmarks.freshness_endpoint", str(ages))
        with serving(Behaviour(LATENCY_MS), far_cpu, far_end) as far:
            command = [sys.executable, "-m", "benchmarks.freshness_child", folder]
            command += ["--url", far.url, "--epoch-s", str(epoch_s)]
            command += ["--cpu", str(cpu)] if cpu is not None else []
            with subprocess.Popen(
                command,
                cwd=ROOT,
                env=credentials(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            ) as job:
                assert job.stdin is not None
                pipe = job.stdin.fileno()
                widen(pipe)
                write_all(pipe, b"\n".join([*fill, b""]))
                started_ms, late_s = write_paced(pipe, paced, asked.rate)
                said, _ = job.communicate()
        noted = json.loads(ages.read_text())
    if job.returncode:
        raise RuntimeError(f"the job failed ({job.returncode})")
    found = json.loads(said)
    if found["received"] != len(fill) + len(paced) or found["acknowledged"] != far.counts.accepted:
        raise RuntimeError(f"{found['received']} read, {found['acknowledged']}, {far.counts}")
    from_ms = started_ms + WARM_S * 1000
    fresh = [age for at, age in zip(noted["at_ms"], noted["age_ms"], strict=True) if at >= from_ms]
    lines_before = len(fill) + WARM_S * asked.rate
    pauses_s = [one["pause_s"] for one in found["commits"] if one["lines"] >= lines_before]
    return {
        "epoch_s": epoch_s,
        "records": len(fresh),
        "age_ms": quantiles(fresh),
        "histogram_ms": histogram(fresh),
        "pauses_s": pauses_s,
        "writer_late_s": round(late_s, 3),
        "peak_rss_bytes": found["peak_rss_bytes"],
        "far_busy": round(far.counts.busy_s / far.counts.wall_s, 3),
    }


def quantiles(ages: Sequence[float]) -> dict[str, float]:
    """Give the ages that so many of the records did not exceed, in ms."""
    found = sorted(ages)
    return {name: found[math.ceil(share * len(found)) - 1] for name, share in QUANTILES.items()}


def histogram(ages: Sequence[float], step_ms: int = 50) -> dict[str, int]:
    """Count the records by age, {lower bound in ms: records}."""
    counts: dict[int, int] = {}
    for age in ages:
        lower = int(age) // step_ms * step_ms
        counts[lower] = counts.get(lower, 0) + 1
    return {str(lower): counts[lower] for lower in sorted(counts)}


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Make the lines, run once for each length of an epoch, put all into one result."""
    count = int(asked.rate * (WARM_S + asked.seconds))
    source = data.lines(asked.fill + count, identities=IDENTITIES, seed=SEED)
    fill = list(islice(source, asked.fill))
    paced = cut(list(source), asked.fill)
    found = report.circumstances()
    far_cpu, cpu = two_cpus()
    pin(far_cpu)
    runs = []
    for epoch_s in asked.epoch_s:
        runs.append(run_once(fill, paced, asked, epoch_s))
        print(f"epochs of {epoch_s:g} s: {runs[-1]['age_ms']}", file=sys.stderr, flush=True)
    return {
        "question": "freshness",
        **found,
        "input": {"identities": IDENTITIES, "fill": asked.fill, "seed": SEED},
        "rate": asked.rate,
        "seconds": asked.seconds,
        "warm_s": WARM_S,
        "latency_ms": LATENCY_MS,
        "two_cores": far_cpu != cpu,
        "runs": runs,
    }


def table(result: dict[str, Any]) -> str:
    """Write the result as Markdown."""
    heads = ["from written to acknowledged, ms", *QUANTILES, "commits", "longest pause, s", "MiB"]
    rows = [
        [
            "no commit" if not run["pauses_s"] else f"a commit every {run['epoch_s']:g} s",
            *(f"{run['age_ms'][name]:,.0f}" for name in QUANTILES),
            len(run["pauses_s"]),
            f"{max(run['pauses_s'], default=0):.2f}",
            f"{run['peak_rss_bytes'] / 2**20:,.0f}",
        ]
        for run in result["runs"]
    ]
    about = (
        f"{result['rate']:,} lines a second for {result['seconds']:g} s after {result['warm_s']:g} "
        f"s to settle, {result['input']['identities']:,} customers, "
        f"{result['runs'][0]['records']:,} records; one worker on one core; answers after "
        f"{result['latency_ms']} ms from a far end that shares "
        f"{'the other core' if result['two_cores'] else 'it'} with the writer of the lines.\n"
    )
    return f"{report.markdown(heads, rows)}\n{about}\n{report.footer(result)}"


def main() -> None:
    """Read the arguments, measure, print the table, keep it if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.freshness")
    parser.add_argument("--rate", type=int, default=RATE, help="lines a second")
    parser.add_argument("--seconds", type=float, default=60, help="measured")
    parser.add_argument("--fill", type=int, default=FILL, help="lines before the paced ones")
    parser.add_argument("--epoch-s", type=float, nargs="+", default=EPOCHS_S)
    parser.add_argument("--write", action="store_true", help="keep the result in results/")
    asked = parser.parse_args()
    result = measure(asked)
    print(table(result))
    if asked.write:
        print(f"kept in results/{report.keep('freshness', result, table(result)).name}")


if __name__ == "__main__":
    main()
