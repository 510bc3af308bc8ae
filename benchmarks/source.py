"""How fast does the source read: records per CPU second? And what does it cost while nothing comes?

    python -m benchmarks.source [--quick] [--rounds N] [--only NAME ...] [--write]

Read `benchmarks/README.md` first: it says what the rivals do not do.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.cupboard import STREAM
from benchmarks.far_end import Behaviour, credentials, serving
from benchmarks.harness import run_module, two_cpus
from benchmarks.sink import RIVALS_PYTHON, absence
from benchmarks.sink_cases import BOTO3, IN_FLIGHT, Contender
from benchmarks.sink_table import compare, progress

RECORDS, SIZE = 10_000, 400
"""In each answer: the most that GetRecords gives, and bytes of data in each."""

OURS, BASELINE = "ours", "boto3"
CONTENDERS = (
    Contender(OURS, "benchmarks.contenders.source_ours", "KinesisSource of this project"),
    Contender(BASELINE, "benchmarks.rivals.source_boto3", "boto3 get_records, one thread"),
    Contender(
        "quixstreams",
        "benchmarks.rivals.source_quixstreams",
        "KinesisConsumer of Quix Streams",
        ("quixstreams", *BOTO3),
        apart=True,
    ),
    Contender(
        "async-kinesis",
        "benchmarks.rivals.source_async_kinesis",
        "Consumer of async-kinesis",
        ("async-kinesis", "aiobotocore", "aiohttp"),
        apart=True,
    ),
)
SHARDS = {OURS: 256}
"""Ours keeps to 2 MB/s a shard, so it gets more shards than it can read at that pace."""
FEW_SHARDS = 4
"""Of the others, which keep to nothing and read as fast from one."""

WAITS = (1, 4, 64, 256)
LISTINGS = (4, 1_000, 10_000)


@dataclass(frozen=True)
class Conditions:
    """What is the same for every run: times in seconds, cores, the rivals' interpreter."""

    seconds: float
    warm_s: float
    cpus: tuple[int | None, int | None]  # the far end's and the reader's
    rivals_python: Path
    profile: bool


def far_end(shards: int, records: int) -> tuple[str, ...]:
    """The far end's module and arguments."""
    sizes = ("--shards", str(shards), "--records", str(records), "--size", str(SIZE))
    return ("benchmarks.source_endpoint", *sizes)


def on_cpu(cpu: int | None) -> list[str]:
    """The argument that pins a process."""
    return [] if cpu is None else ["--cpu", str(cpu)]


def run_child(contender: Contender, given: Conditions) -> dict[str, Any]:
    """Run one contender once against a far end of its own.

    Raises:
        RuntimeError: it failed, or read more than the far end gave.
    """
    far_cpu, cpu = given.cpus
    shards = SHARDS.get(contender.name, FEW_SHARDS)
    with serving(Behaviour(), far_cpu, far_end(shards, RECORDS)) as far:
        command = ["benchmarks.source_child", contender.module, "--url", far.url]
        command += ["--stream", STREAM, "--in-flight", str(IN_FLIGHT)]
        command += ["--warm-s", str(given.warm_s), "--seconds", str(given.seconds)]
        command += [*on_cpu(cpu), *(["--profile"] if given.profile else [])]
        command += ["--packages", *contender.packages]
        python = str(given.rivals_python) if contender.apart else sys.executable
        found = run_module(command, python=python, environment=credentials())
    if found["acknowledged"] > far.counts.accepted:
        raise RuntimeError(f"{found['acknowledged']} read, {far.counts} counted")
    return {**found, "far": {**asdict(far.counts), "records": far.counts.accepted}}


def cost(what: str, shards: int, given: Conditions) -> dict[str, Any]:
    """Measure what something costs with so many shards that have nothing."""
    far_cpu, cpu = given.cpus
    with serving(Behaviour(), far_cpu, far_end(shards, 0)) as far:
        command = ["benchmarks.source_costs", what, "--url", far.url, *on_cpu(cpu)]
        command += ["--seconds", str(given.seconds)]
        found = run_module(command, environment=credentials())
    print(f"{what}, {shards} shards: {found}", file=sys.stderr, flush=True)
    return {"what": what, "shards": shards, **found, "requests": far.counts.requests}


def measure_rates(
    chosen: Sequence[Contender], given: Conditions, rounds: int
) -> list[dict[str, Any]]:
    """Run the contenders, interleaved, and put the rounds into one result."""
    absent = {c.name: absence(c, given.rivals_python) for c in chosen}
    runs: dict[str, list[dict[str, Any]]] = {c.name: [] for c in chosen}
    for number in range(rounds):
        for contender in chosen:
            if absent[contender.name] is None:
                one = run_child(contender, given)
                runs[contender.name].append(one)
                talk = f"round {number + 1}/{rounds}  {contender.name:13}  {progress(one)}"
                print(talk, file=sys.stderr, flush=True)
                print(end=one.pop("profile"), file=sys.stderr)
    contenders = [
        {"name": c.name, "about": c.about, "absent": absent[c.name], "runs": runs[c.name]}
        for c in chosen
    ]
    return compare(contenders, BASELINE)


def rates_table(contenders: Sequence[dict[str, Any]]) -> str:
    """Write what was read as Markdown."""
    heads = [f"{RECORDS:,} records of {SIZE} B an answer", "per CPU second", "worst"]
    heads += [f"times {BASELINE}", "worst", "per second, wall"]
    rows = []
    for one in contenders:
        if not one["runs"]:
            rows.append([one["name"], *["-"] * 4, one["absent"]])
            continue
        ratios = [one["ratio_cpu_s"], one["ratio_cpu_s_worst"]]
        cells = ["-" if ratio is None else f"{ratio:.1f}x" for ratio in ratios]
        rates = [f"{one[name]:,}" for name in ("per_cpu_s", "per_cpu_s_worst", "per_wall_s")]
        rows.append([one["name"], *rates[:2], *cells, rates[2]])
    return report.markdown(heads, rows)


def costs_table(costs: Sequence[dict[str, Any]]) -> str:
    """Write what nothing costs as Markdown."""
    heads = ["while nothing comes", "CPU", "of a core"]
    rows = []
    for one in costs:
        if one["what"] == "wait":
            share = one["cpu_s"] / one["wall_s"]
            name = f"256 slots, {one['shards']:,} of them with a shard at its tip"
            rows.append([name, f"{share * 1000:.1f} ms a second", f"{share:.1%}"])
        else:
            each_s = one["cpu_s"] / one["times"]
            name = f"one listing of {one['shards']:,} shards, every 5 to 10 s"
            rows.append([name, f"{each_s * 1000:.1f} ms", f"{each_s / 7.5:.1%}"])
    return report.markdown(heads, rows)


def tables(result: dict[str, Any]) -> str:
    """Write the whole result as Markdown."""
    ran = [one for one in result["contenders"] if one["runs"]]
    parts = [rates_table(result["contenders"]), "\n", costs_table(result["costs"]), "\n"]
    for one in ran:
        versions = ", ".join(f"{name} {number}" for name, number in one["versions"].items())
        parts.append(f"- {one['name']}: {one['about']} ({versions})\n")
    busy = max((one["far_busy"] for one in ran), default=0)
    parts.append(
        f"\nMedian and worst of {result['rounds']} interleaved rounds of {result['seconds']:g} s "
        f"after {result['warm_s']:g} s to warm up; each run in its own process on one core, the "
        f"far end in another{' on the other core' if result['two_cores'] else ''}, busy {busy:.0%} "
        f"of the time at most. Ours reads {SHARDS[OURS]} shards at the 2 MB/s that each gives, so "
        "its wall clock is not the figure.\n\n"
    )
    return "".join(parts) + report.footer(result)


def main() -> None:
    """Read the arguments, measure, print the tables, keep them if asked."""
    names = [contender.name for contender in CONTENDERS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.source")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="measured, after the warm-up")
    parser.add_argument("--warm-s", type=float, default=1)
    parser.add_argument("--quick", action="store_true", help="2 short rounds: no result, a hint")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=names, default=names)
    parser.add_argument("--rivals-python", type=Path, default=RIVALS_PYTHON)
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    parser.add_argument("--write", action="store_true", help="keep the result in results/")
    asked = parser.parse_args()
    if asked.quick:
        asked.rounds, asked.seconds = 2, 1.5
    if asked.write and (asked.quick or asked.profile or asked.only != names):
        parser.error("--write keeps a whole measurement: no --quick, --profile, --only")
    cpus = two_cpus()
    given = Conditions(asked.seconds, asked.warm_s, cpus, asked.rivals_python, asked.profile)
    circumstances = report.circumstances()
    chosen = [contender for contender in CONTENDERS if contender.name in asked.only]
    result = {
        "question": "source",
        **circumstances,
        "rounds": asked.rounds,
        "seconds": asked.seconds,
        "warm_s": asked.warm_s,
        "two_cores": cpus[0] != cpus[1],
        "contenders": measure_rates(chosen, given, asked.rounds),
        "costs": [cost("wait", shards, given) for shards in WAITS]
        + [cost("listing", shards, given) for shards in LISTINGS],
    }
    print(tables(result))
    if asked.write:
        print(f"kept in results/{report.keep('source', result, tables(result)).name}")


if __name__ == "__main__":
    main()
