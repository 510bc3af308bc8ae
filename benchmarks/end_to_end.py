"""How many fragments a second go from a JSONL file to an acknowledged record, recovery on?

    python -m benchmarks.end_to_end [--rounds N] [--epochs N] [--only NAME ...] [--write]

One worker on one core; the far end of `benchmarks.sink` on another one answers after 20 ms. Read
`benchmarks/README.md` first: it says what the rival does not do. `--where` shows where this
project's time goes instead of comparing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import data, report
from benchmarks.far_end import Behaviour, credentials, serving
from benchmarks.harness import run_module, two_cpus, write_lines

IDENTITIES = 200_000
FILL = 3 * IDENTITIES
SEED = 20260105
LATENCY_MS = 20
EPOCH_S = 5.0


@dataclass(frozen=True)
class Contender:
    """One way to write the job: `module` offers `run(job)`."""

    name: str
    module: str
    about: str


OURS, TUTORIAL = "profile-export", "tutorial"
CONTENDERS = (
    Contender(
        OURS, "benchmarks.contenders.end_to_end_ours", "the job of `profile-export run`, whole"
    ),
    Contender(
        TUTORIAL,
        "benchmarks.rivals.end_to_end_tutorial",
        "json, stateful_map by customer, boto3 put_records in write_batch",
    ),
)


def run_child(
    contender: Contender, lines: Path, asked: argparse.Namespace, *, where: bool = False
) -> dict[str, Any]:
    """Run one contender once against a far end of its own.

    Raises:
        RuntimeError: it failed, or holds another number of records for delivered than the far end
            accepted.
    """
    far_cpu, cpu = two_cpus()
    with (
        tempfile.TemporaryDirectory(dir=lines.parent) as folder,
        serving(Behaviour(LATENCY_MS), far_cpu) as far,
    ):
        command = ["benchmarks.end_to_end_child", contender.module, str(lines), folder]
        command += ["--url", far.url, "--fill", str(asked.fill)]
        command += ["--epochs", str(asked.epochs), "--epoch-s", str(asked.epoch_s)]
        command += ["--cpu", str(cpu)] if cpu is not None else []
        command += ["--where"] if where else []
        found: dict[str, Any] = run_module(command, environment=credentials())
    if found["run_acknowledged"] != far.counts.accepted:
        raise RuntimeError(f"{found['run_acknowledged']} acknowledged, {far.counts} counted")
    return {**found, "far": asdict(far.counts)}


def rate(run: dict[str, Any], clock: str) -> float:
    """Give a run's fragments per second of one of its clocks, `cpu_s` or `wall_s`."""
    found: float = run["fragments"] / run[clock]
    return found


def summarise(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Condense a contender's rounds: the median, and the worst beside it."""
    found: dict[str, Any] = {}
    for clock in ("wall_s", "cpu_s"):
        rates = [rate(run, clock) for run in runs]
        found[f"per_{clock}"] = round(median(rates))
        found[f"per_{clock}_worst"] = round(min(rates))
    pauses_s = [pause_s for run in runs for pause_s in run["pauses_s"]]
    acknowledged = sum(run["acknowledged"] for run in runs)
    return {
        **found,
        "exported_share": round(acknowledged / sum(run["fragments"] for run in runs), 4),
        "pause_s": round(median(pauses_s), 3),
        "pause_s_worst": round(max(pauses_s), 3),
        "peak_rss_mib": round(max(run["peak_rss_bytes"] for run in runs) / 2**20),
        "far_busy": round(max(run["far"]["busy_s"] / run["far"]["wall_s"] for run in runs), 3),
    }


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Write the lines, run the rounds and put everything into one result."""
    chosen = [c for c in CONTENDERS if asked.only is None or c.name in asked.only]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.jsonl"
        total = asked.fill + asked.fragments
        described = write_lines(path, data.lines(total, identities=IDENTITIES, seed=SEED))
        found = report.circumstances()
        runs: dict[str, list[dict[str, Any]]] = {c.name: [] for c in chosen}
        for number in range(asked.rounds):
            for contender in chosen:
                one = run_child(contender, path, asked)
                runs[contender.name].append(one)
                talk = f"round {number + 1}/{asked.rounds}  {contender.name}  "
                talk += f"{rate(one, 'wall_s'):,.0f}/s {rate(one, 'cpu_s'):,.0f}/cpu-s"
                print(talk, file=sys.stderr, flush=True)
        ours = CONTENDERS[0]
        seen = run_child(ours, path, asked, where=True) if ours in chosen else None
    far_cpu, cpu = two_cpus()
    return {
        "question": "end_to_end",
        **found,
        "input": {**described, "identities": IDENTITIES, "fill": asked.fill, "seed": SEED},
        "rounds": asked.rounds,
        "epochs": asked.epochs,
        "epoch_s": asked.epoch_s,
        "latency_ms": LATENCY_MS,
        "two_cores": far_cpu != cpu,
        "contenders": [
            {
                "name": c.name,
                "about": c.about,
                **summarise(runs[c.name]),
                "runs": runs[c.name],
            }
            for c in chosen
        ],
        "where": seen,
    }


def table(result: dict[str, Any]) -> str:
    """Write the result as Markdown."""
    by_name = {one["name"]: one for one in result["contenders"]}
    base = by_name.get(TUTORIAL)
    heads = ["JSONL to acknowledged, one worker", "per second, wall", "worst", "per CPU second"]
    heads += [f"times {TUTORIAL}", "exported", "pause at a commit, s", "longest", "peak MiB"]
    rows = [
        [
            name,
            f"{one['per_wall_s']:,}",
            f"{one['per_wall_s_worst']:,}",
            f"{one['per_cpu_s']:,}",
            f"{one['per_wall_s'] / base['per_wall_s']:.1f}x" if base else "-",
            f"{one['exported_share']:.1%}",
            f"{one['pause_s']:.2f}",
            f"{one['pause_s_worst']:.2f}",
            f"{one['peak_rss_mib']:,}",
        ]
        for name, one in by_name.items()
    ]
    given = result["input"]
    busy = max(one["far_busy"] for one in result["contenders"])
    about = (
        f"{result['epochs']} whole epochs of {result['epoch_s']:g} s, from commit to commit, after "
        f"{given['fill']:,} lines to fill the state; lines of {given['mean_line_bytes']} B, "
        f"{given['identities']:,} identities; median and worst of {result['rounds']} interleaved "
        f"rounds, each run in its own process on one core; answers after {result['latency_ms']} "
        f"ms from a far end{' on the other core' if result['two_cores'] else ''}, busy {busy:.0%} "
        "of the time at most.\n"
    )
    parts = [report.markdown(heads, rows), about, where_table(result), report.footer(result)]
    return "\n".join(part for part in parts if part)


def where_table(result: dict[str, Any]) -> str:
    """Write where this project's time goes as Markdown; empty if nobody looked."""
    run = result["where"]
    if run is None:
        return ""
    fragments, steps = run["fragments"], run["where"]
    rows = [
        [
            name,
            f"{times['cpu_s'] / fragments * 1e6:.2f}",
            f"{times['cpu_s'] / run['cpu_s']:.1%}",
            f"{times['wall_s'] / fragments * 1e6:.2f}" if times["wall_s"] else "-",
        ]
        for name, times in steps.items()
    ]
    whole = [f"{run[clock] / fragments * 1e6:.2f}" for clock in ("cpu_s", "wall_s")]
    rows.append(["all", whole[0], "100.0%", whole[1]])
    heads = ["where a fragment's time goes", "us CPU", "share", "us wall"]
    return report.markdown(heads, rows)


def main() -> None:
    """Read the arguments, measure, print the table, keep it if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.end_to_end")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3, help="measured, after the fill")
    parser.add_argument("--epoch-s", type=float, default=EPOCH_S)
    parser.add_argument("--fill", type=int, default=FILL, help="lines before the clocks start")
    parser.add_argument("--fragments", type=int, default=1_500_000, help="lines after those")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[c.name for c in CONTENDERS])
    parser.add_argument("--write", action="store_true", help="keep the result in results/")
    asked = parser.parse_args()
    if asked.write and asked.only:
        parser.error("--write keeps a whole measurement: no --only")
    result = measure(asked)
    print(table(result))
    if asked.write:
        print(f"kept in results/{report.keep('end_to_end', result, table(result)).name}")


if __name__ == "__main__":
    main()
