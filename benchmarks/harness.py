"""Runs contenders against each other: one process a run, one core, interleaved rounds.

In each round every contender runs once before the next round begins, so that a machine that slows
down or is shared slows all of them alike. What is compared is the best round of each: noise only
ever adds time. The spread of the rounds stands beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Contender:
    """One way to write the job.

    `module` offers `BATCH_LINES` and `get_flow(batches, tally)`. `collector` says whether
    Python's garbage collector is left on.
    """

    name: str
    module: str
    about: str
    collector: bool = True


@dataclass(frozen=True)
class Conditions:
    """What is the same for every run: where the lines are and how they are run."""

    lines: Path
    fill: int
    epoch_s: float
    cpu: int | None


def last_cpu() -> int | None:
    """Pick the core to pin to: the last one allowed, as the first ones do the system's work."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    return max(os.sched_getaffinity(0))


def two_cpus() -> tuple[int | None, int | None]:
    """Pick a core for the far end and one for the writer; the same one where there is no other."""
    last = last_cpu()
    return (None if last is None else min(os.sched_getaffinity(0))), last


def pin(cpu: int | None) -> None:
    """Keep this process and its threads on one core, where the system has such a call."""
    if cpu is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {cpu})


def write_lines(path: Path, lines: Iterable[bytes]) -> dict[str, float]:
    """Write the lines to a file, so that every run reads the same ones; give count and mean."""
    count = size = 0
    with path.open("wb") as file:
        for line in lines:
            file.write(line + b"\n")
            count, size = count + 1, size + len(line)
    return {"lines": count, "mean_line_bytes": round(size / count, 1)}


def rounds(
    contenders: Sequence[Contender], conditions: Conditions, count: int
) -> dict[str, list[dict[str, float]]]:
    """Run every contender `count` times, interleaved; give the measurements by name."""
    measured: dict[str, list[dict[str, float]]] = {c.name: [] for c in contenders}
    for number in range(count):
        for contender in contenders:
            one = run_child(contender, conditions)
            measured[contender.name].append(one)
            each_us = one["cpu_s"] / one["fragments"] * 1e6
            talk = f"round {number + 1}/{count}  {contender.name}  {each_us:.2f} us CPU a fragment"
            print(talk, file=sys.stderr, flush=True)
    return measured


def run_child(contender: Contender, conditions: Conditions) -> dict[str, float]:
    """Run one contender once, in a process of its own.

    Raises:
        RuntimeError: the run failed; the message carries the end of what it said.
    """
    command = ["benchmarks.child", contender.module, str(conditions.lines)]
    command += ["--fill", str(conditions.fill), "--epoch-s", str(conditions.epoch_s)]
    if conditions.cpu is not None:
        command += ["--cpu", str(conditions.cpu)]
    if not contender.collector:
        command += ["--no-collector"]
    measured: dict[str, float] = run_module(command)
    return measured


def run_module(
    command: Sequence[str],
    *,
    python: str = sys.executable,
    environment: Mapping[str, str] = os.environ,
) -> Any:
    """Run `python -m ...` from the project's folder and read the JSON it prints.

    Raises:
        RuntimeError: it failed; the message carries the end of what it said.
    """
    done = subprocess.run(
        [python, "-m", *command],
        cwd=ROOT,
        env={**environment, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip()[-2000:]
        raise RuntimeError(f"{command[0]} {command[1]} failed ({done.returncode}):\n{said}")
    return json.loads(done.stdout.splitlines()[-1])


def summarise(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """Condense a contender's rounds: best round by CPU and by wall, spread, and what it emitted."""
    cpu_us = sorted(run["cpu_s"] / run["fragments"] * 1e6 for run in runs)
    wall_us = sorted(run["wall_s"] / run["fragments"] * 1e6 for run in runs)
    one = runs[0]
    return {
        "cpu_us": round(cpu_us[0], 3),
        "cpu_us_worst": round(cpu_us[-1], 3),
        "wall_us": round(wall_us[0], 3),
        "wall_us_worst": round(wall_us[-1], 3),
        "per_cpu_second": round(1e6 / cpu_us[0]),
        "per_second": round(1e6 / wall_us[0]),
        "exported_share": round(one["messages"] / one["fragments"], 4),
        "mean_message_bytes": round(one["message_bytes"] / max(one["messages"], 1), 1),
        "run_messages": one["run_messages"],
        "rss_mib": round(min(run["rss_bytes"] for run in runs) / 2**20, 1),
    }
