"""How fast does the sink write: records per CPU second, and a second when answers take time?

    python -m benchmarks.sink [--quick] [--rounds N] [--only NAME ...] [--cases NAME ...] [--write]

Read `benchmarks/README.md` first: it says what the rivals do not do. `--profile` shows where the
writers' time goes instead of measuring them, as a profiler slows down what it looks at.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import certificate, report, sink_table
from benchmarks.cupboard import STREAM
from benchmarks.far_end import Behaviour, credentials, serving
from benchmarks.harness import ROOT, run_module, two_cpus
from benchmarks.sink_cases import ALL, CASES, CONTENDERS, IN_FLIGHT, OURS, Case, Contender

RIVALS_PYTHON = ROOT / ".venv-rivals" / "bin" / "python"
"""Made by `make bench-sink`: the libraries need other versions of botocore than this project."""


@dataclass(frozen=True)
class Conditions:
    """What is the same for every run: times in seconds, cores, interpreters, the certificate."""

    seconds: float
    warm_s: float
    cpus: tuple[int | None, int | None]  # the far end's and the writer's
    rivals_python: Path
    tls: tuple[Path, Path]
    profile: bool


def run_child(contender: Contender, case: Case, given: Conditions) -> dict[str, Any]:
    """Run one contender once against a far end of its own.

    Raises:
        RuntimeError: it failed, or holds another number of records for delivered than the far end
            accepted, and is ours.
    """
    far_cpu, cpu = given.cpus
    behaviour = Behaviour(case.latency_ms, case.fail_percent, given.tls if case.tls else None)
    with serving(behaviour, far_cpu) as far:
        command = ["benchmarks.sink_child", contender.module, "--url", far.url]
        command += ["--stream", STREAM, "--size", str(case.size), "--in-flight", str(IN_FLIGHT)]
        command += ["--warm-s", str(given.warm_s), "--seconds", str(given.seconds)]
        command += ["--cpu", str(cpu)] if cpu is not None else []
        command += ["--busy"] if case.busy else []
        command += ["--skewed"] if case.skewed else []
        command += ["--profile"] if given.profile else []
        command += ["--packages", *contender.packages]
        python = str(given.rivals_python) if contender.apart else sys.executable
        found = run_module(command, python=python, environment=credentials(given.tls[0]))
    if contender.name == OURS and found["acknowledged"] != far.counts.accepted:
        raise RuntimeError(f"{found['acknowledged']} acknowledged, {far.counts} counted")
    return {**found, "far": asdict(far.counts)}


def absence(contender: Contender, rivals_python: Path) -> str | None:
    """Say why a contender cannot run here; None if it can."""
    if not contender.apart:
        return None
    if not rivals_python.exists():
        return "not installed: `make bench-sink` makes the rivals' environment"
    ask = f"import importlib.metadata as m; m.version({contender.packages[0]!r})"
    if subprocess.run([rivals_python, "-c", ask], capture_output=True, check=False).returncode:
        return "cannot be installed on this machine with this Python"
    return None


def measure_case(
    case: Case, chosen: Sequence[Contender], given: Conditions, rounds: int
) -> dict[str, Any]:
    """Run the case's contenders, interleaved, and put the rounds into one result."""
    absent = {c.name: absence(c, given.rivals_python) for c in chosen}
    runs: dict[str, list[dict[str, Any]]] = {c.name: [] for c in chosen}
    for number in range(rounds):
        for contender in chosen:
            if absent[contender.name] is None:
                one = run_child(contender, case, given)
                runs[contender.name].append(one)
                talk = f"{case.name}  round {number + 1}/{rounds}  {contender.name:13}  "
                print(talk + sink_table.progress(one), file=sys.stderr, flush=True)
                print(end=one.pop("profile"), file=sys.stderr)
    contenders = [
        {"name": c.name, "about": c.about, "absent": absent[c.name], "runs": runs[c.name]}
        for c in chosen
    ]
    return {**asdict(case), "contenders": sink_table.compare(contenders, case.baseline)}


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Run all cases asked for and put everything into one result."""
    with tempfile.TemporaryDirectory() as folder:
        given = Conditions(
            asked.seconds,
            asked.warm_s,
            two_cpus(),
            asked.rivals_python,
            certificate.write(Path(folder)),
            asked.profile,
        )
        found = report.circumstances()
        cases = []
        for case in CASES:
            names = [name for name in case.who if asked.only is None or name in asked.only]
            chosen = [c for c in CONTENDERS if c.name in names]
            if chosen and (asked.cases is None or case.name in asked.cases):
                cases.append(measure_case(case, chosen, given, asked.rounds))
    return {
        "question": "sink",
        **found,
        "rounds": asked.rounds,
        "seconds": asked.seconds,
        "warm_s": asked.warm_s,
        "in_flight": IN_FLIGHT,
        "two_cores": given.cpus[0] != given.cpus[1],
        "cases": cases,
    }


def main() -> None:
    """Read the arguments, measure, print the tables, keep them if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sink")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="measured, after the warm-up")
    parser.add_argument("--warm-s", type=float, default=1)
    parser.add_argument("--quick", action="store_true", help="2 short rounds: no result, a hint")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=ALL)
    parser.add_argument("--cases", nargs="+", metavar="NAME", choices=[c.name for c in CASES])
    parser.add_argument("--rivals-python", type=Path, default=RIVALS_PYTHON)
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    parser.add_argument("--write", action="store_true", help="keep the result in results/")
    asked = parser.parse_args()
    if asked.quick:
        asked.rounds, asked.seconds, asked.warm_s = 2, 1.0, 0.3
    if asked.profile:
        asked.rounds = 1
    if asked.write and (asked.quick or asked.profile or asked.only or asked.cases):
        parser.error("--write keeps a whole measurement: no --quick, --profile, --only, --cases")
    result = measure(asked)
    print(sink_table.tables(result))
    if asked.write:
        print(f"kept in results/{report.keep('sink', result, sink_table.tables(result)).name}")


if __name__ == "__main__":
    main()
