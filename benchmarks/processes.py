"""What do two processes of a job cost beside one: CPU time a fragment, and fragments a second?

    python -m benchmarks.processes [--seconds S] [--write]

This project's job without the network: records are acknowledged the moment they reach the sink.
Attribute updates are one input, segment events the other; each process of two reads one and holds
half of the lanes, so half of what it reads belongs to the other. First one process as fast as it
can; then one and two at 60 % of that rate, where the CPU time of a fragment is compared; then two
as fast as they can.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import data, report
from benchmarks.far_end import credentials
from benchmarks.harness import ROOT, two_cpus

IDENTITIES = 50_000
FILL = 3 * IDENTITIES
SEED = 20260105
EPOCH_S = 5.0
SHARE = 0.6
START_S = 20.0
"""From the start of the processes until the measurement begins: the fill has to be done by then."""
LINES_PER_S = 130_000
"""More than any run reads."""


def write_inputs(folder: Path, seconds: float) -> list[Path]:
    """Write attribute updates and segment events to a file each."""
    paths = [folder / "updates.jsonl", folder / "events.jsonl"]
    count = FILL + int(LINES_PER_S * seconds)
    with ExitStack() as opened:
        files = [opened.enter_context(path.open("wb")) for path in paths]
        for line in data.lines(count, identities=IDENTITIES, seed=SEED):
            files[line.startswith(b'{"eventType"')].write(line + b"\n")
    return paths


def free_addresses(count: int) -> list[str]:
    """Find addresses of this machine that nobody listens on."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]


def run_processes(count: int, inputs: list[Path], rate: float, seconds: float) -> dict[str, Any]:
    """Run the job in so many processes at a rate in lines a second, 0 for the highest.

    Raises:
        RuntimeError: a process failed.
    """
    begin = time.time() + START_S
    addresses = free_addresses(count) if count > 1 else []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.processes_child"]
        running = []
        for process, cpu in zip(range(count), reversed(two_cpus()), strict=False):
            own = Path(folder) / str(process)
            own.mkdir()
            each = [*command, str(own), *map(str, inputs), "--fill", str(FILL // 2)]
            each += ["--rate", str(rate / 2), "--epoch-s", str(EPOCH_S)]
            each += ["--begin", str(begin), "--end", str(begin + seconds)]
            each += ["--process", str(process), "--addresses", *addresses]
            each += ["--cpu", str(cpu)] if cpu is not None else []
            running.append(
                subprocess.Popen(each, cwd=ROOT, env=credentials(), stdout=subprocess.PIPE)
            )
        said = [each.communicate()[0] for each in running]
    if any(each.returncode for each in running):
        raise RuntimeError(f"ended with {[each.returncode for each in running]}")
    parts = [json.loads(one) for one in said]
    fragments = sum(part["fragments"] for part in parts)
    return {
        "processes": count,
        "asked_rate": rate,
        "rate": round(sum(part["fragments"] / part["wall_s"] for part in parts)),
        "cpu_us": round(sum(part["cpu_s"] for part in parts) / fragments * 1e6, 2),
        "parts": parts,
    }


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Run all four and put them into one result."""
    found = report.circumstances()
    with tempfile.TemporaryDirectory() as folder:
        inputs = write_inputs(Path(folder), asked.seconds)
        runs = [run_processes(1, inputs, 0, asked.seconds)]
        rate = SHARE * runs[0]["rate"]
        for count, at in ((1, rate), (2, rate), (2, 0)):
            runs.append(run_processes(count, inputs, at, asked.seconds))
            print(json.dumps(runs[-1]), file=sys.stderr, flush=True)
    return {
        "question": "processes",
        **found,
        "identities": IDENTITIES,
        "seconds": asked.seconds,
        "epoch_s": EPOCH_S,
        "runs": runs,
    }


def table(result: dict[str, Any]) -> str:
    """Write the result as Markdown."""
    base = {bool(run["asked_rate"]): run for run in result["runs"] if run["processes"] == 1}
    heads = ["processes", "offered", "per second", "times one", "us CPU a fragment", "times one"]
    rows = [
        [
            run["processes"],
            f"{run['asked_rate']:,.0f}" if run["asked_rate"] else "all they take",
            f"{run['rate']:,}",
            f"{run['rate'] / base[bool(run['asked_rate'])]['rate']:.2f}",
            f"{run['cpu_us']:.2f}",
            f"{run['cpu_us'] / base[bool(run['asked_rate'])]['cpu_us']:.2f}",
        ]
        for run in result["runs"]
    ]
    about = (
        f"{result['identities']:,} customers, epochs of {result['epoch_s']:g} s, "
        f"{result['seconds']:g} s each; each process on a core of its own; acknowledged at once.\n"
    )
    return f"{report.markdown(heads, rows)}\n{about}\n{report.footer(result)}"


def main() -> None:
    """Read the arguments, measure, print the table, keep it if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.processes")
    parser.add_argument("--seconds", type=float, default=20, help="measured, of each run")
    parser.add_argument("--write", action="store_true", help="keep the result in results/")
    asked = parser.parse_args()
    result = measure(asked)
    print(table(result))
    if asked.write:
        print(f"kept in results/{report.keep('processes', result, table(result)).name}")


if __name__ == "__main__":
    main()
