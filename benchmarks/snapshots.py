"""What does a commit cost, how large is the recovery store, and how long does it take to resume?

    python -m benchmarks.snapshots [--profiles N ...] [--write]

This project's job alone, on one core. A first execution makes the profiles (10 attributes, 5
segments, 3 identities) and ends. A second one resumes, and reads batches of 8,192 lines that touch
every lane, each batch an epoch of its own: so each commit rewrites the whole state, which is what
happens to a busy job in every epoch. The processes' time and memory are their own, the store's size
is that of its files.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import data, report
from benchmarks.far_end import Behaviour, credentials, serving
from benchmarks.harness import run_module, two_cpus
from benchmarks.where import COMMIT, FLUSH, PACK

PROFILES = (10_000, 100_000, 1_000_000)
TOUCHED_LINES = 8_192
COMMITS = 5
SEED = 20260105
LATENCY_MS = 20
SHORT_S = 0.001
LONG_S = 86_400.0


def append(path: Path, lines: Iterable[bytes]) -> None:
    """Let the file grow by these lines."""
    with path.open("ab") as file:
        file.writelines(line + b"\n" for line in lines)


def size(folder: Path) -> int:
    """Add up the sizes of the files in a folder and below, in bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def run_child(lines: Path, folder: Path, epoch_s: float) -> dict[str, Any]:
    """Run one execution against a far end of its own."""
    far_cpu, cpu = two_cpus()
    with serving(Behaviour(LATENCY_MS), far_cpu) as far:
        command = ["benchmarks.snapshots_child", str(lines), str(folder)]
        command += ["--url", far.url, "--epoch-s", str(epoch_s)]
        command += ["--cpu", str(cpu)] if cpu is not None else []
        found: dict[str, Any] = run_module(command, environment=credentials())
    return found


def measure_one(profiles: int) -> dict[str, Any]:
    """Make so many profiles, resume, commit a few times."""
    with tempfile.TemporaryDirectory() as place:
        lines, folder = Path(place) / "lines.jsonl", Path(place)
        append(lines, data.whole_profiles(profiles))
        made = run_child(lines, folder, LONG_S)
        stored = size(folder / "state")
        touched = (1 + COMMITS) * TOUCHED_LINES  # the first commit is where the measurement begins
        append(lines, data.lines(touched, identities=profiles, seed=SEED))
        found = run_child(lines, folder, SHORT_S)
    commits = found["commits"]
    steps = {
        name: found["where"][name]["wall_s"] / (len(commits) - 1) for name in (FLUSH, PACK, COMMIT)
    }
    return {
        "profiles": profiles,
        "made": made,
        "resumed": found,
        "commit_s": round(sum(steps.values()), 3),
        "steps_s": {name: round(seconds, 3) for name, seconds in steps.items()},
        "pause_s": round(median(one["pause_s"] for one in commits[1:]), 3),
        "pause_s_worst": round(max(one["pause_s"] for one in commits[1:]), 3),
        "stored_bytes": stored,
        "resume_s": round(found["resume_s"], 3),
        "peak_rss_bytes": found["peak_rss_bytes"],
    }


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Measure every number of profiles and put all into one result."""
    found = report.circumstances()
    sizes = []
    for profiles in asked.profiles:
        sizes.append(measure_one(profiles))
        talk = f"{profiles:,}: commit {sizes[-1]['commit_s']} s, resume {sizes[-1]['resume_s']} s"
        print(talk, file=sys.stderr, flush=True)
    return {"question": "snapshots", **found, "commits": COMMITS, "sizes": sizes}


def table(result: dict[str, Any]) -> str:
    """Write the result as Markdown."""
    heads = ["profiles", "commit, s", "of which pack", "SQLite", "longest pause, s"]
    heads += ["store, MiB", "resume, s", "peak MiB"]
    rows = [
        [
            f"{one['profiles']:,}",
            f"{one['commit_s']:.2f}",
            f"{one['steps_s'][PACK]:.2f}",
            f"{one['steps_s'][COMMIT]:.2f}",
            f"{one['pause_s_worst']:.2f}",
            f"{one['stored_bytes'] / 2**20:,.0f}",
            f"{one['resume_s']:.2f}",
            f"{one['peak_rss_bytes'] / 2**20:,.0f}",
        ]
        for one in result["sizes"]
    ]
    about = (
        f"Mean of {result['commits']} or more commits, each after {TOUCHED_LINES:,} lines over all "
        f"240 lanes, so each rewrites the whole state; answers after {LATENCY_MS} ms. The pause is "
        "that of the input and has the work on its last batch in it, and the flush. Resume: from "
        "the start of the dataflow until it asks for lines, all profiles read back.\n"
    )
    return f"{report.markdown(heads, rows)}\n{about}\n{report.footer(result)}"


def main() -> None:
    """Read the arguments, measure, print the table, keep it if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.snapshots")
    parser.add_argument("--profiles", type=int, nargs="+", default=PROFILES)
    parser.add_argument("--write", action="store_true", help="keep the result in results/")
    asked = parser.parse_args()
    result = measure(asked)
    print(table(result))
    if asked.write:
        print(f"kept in results/{report.keep('snapshots', result, table(result)).name}")


if __name__ == "__main__":
    main()
