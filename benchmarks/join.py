"""How fast is the join on one worker: decode, merge, decide, encode; no recovery, no network?

    python -m benchmarks.join [--rounds N] [--fragments N] [--only NAME ...] [--write]

Read `benchmarks/README.md` first: it says what the rivals do not do.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import data, report
from benchmarks.harness import Conditions, Contender, last_cpu, rounds, summarise, write_lines

IDENTITIES = 50_000
FILL = 4 * IDENTITIES
SEED = 20260105

OURS = "profile-export"
PER_IDENTITY = "per-identity"
CONTENDERS = (
    Contender(OURS, "benchmarks.contenders.join_ours", "route and join of this project"),
    Contender(
        "tutorial", "benchmarks.rivals.join_tutorial", "json, branch, key_on, op.join(running)"
    ),
    Contender(
        "tutorial-no-gc",
        "benchmarks.rivals.join_tutorial",
        "the same with Python's garbage collector off",
        collector=False,
    ),
    Contender(
        "tutorial-merged",
        "benchmarks.rivals.join_tutorial_merged",
        "the same with stateful_map on each side: complete messages",
    ),
    Contender(
        PER_IDENTITY,
        "benchmarks.rivals.join_per_identity",
        "msgspec, one stateful_batch keyed by the customer",
    ),
)
PLAUSIBLE_SHARE = (0.30, 0.80)
"""Bounds on messages per fragment; outside them a contender does not do the job in question."""


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Write the lines, run the rounds and put everything into one result."""
    chosen = [c for c in CONTENDERS if asked.only is None or c.name in asked.only]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.jsonl"
        total = FILL + asked.fragments
        described = write_lines(path, data.lines(total, identities=IDENTITIES, seed=SEED))
        conditions = Conditions(path, FILL, asked.epoch_s, last_cpu())
        found = report.circumstances()
        measured = rounds(chosen, conditions, asked.rounds)
    return {
        "question": "join",
        **found,
        "input": {**described, "identities": IDENTITIES, "fill": FILL, "seed": SEED},
        "rounds": asked.rounds,
        "epoch_s": asked.epoch_s,
        "pinned": conditions.cpu is not None,
        "contenders": [
            {
                "name": contender.name,
                "about": contender.about,
                **summarise(measured[contender.name]),
                "runs": measured[contender.name],
            }
            for contender in chosen
        ],
    }


def doubts(result: dict[str, Any]) -> list[str]:
    """Say which contender's output makes its speed worth nothing; empty if none."""
    low, high = PLAUSIBLE_SHARE
    found = []
    for contender in result["contenders"]:
        if not low <= contender["exported_share"] <= high:
            found.append(f"{contender['name']} exported {contender['exported_share']:.1%}")
        if len({run["run_messages"] for run in contender["runs"]}) > 1:
            found.append(f"{contender['name']} exported another number in another round")
    counts = {c["name"]: c["run_messages"] for c in result["contenders"]}
    if len({counts[name] for name in (OURS, PER_IDENTITY) if name in counts}) > 1:
        found.append(f"{OURS} and {PER_IDENTITY} have the same rules, but exported {counts}")
    return found


def table(result: dict[str, Any]) -> str:
    """Write the result as Markdown."""
    by_name = {contender["name"]: contender for contender in result["contenders"]}
    base = by_name.get(OURS)
    heads = ["join, one worker", "us CPU", "worst", "per CPU second", "per second, wall"]
    heads += ["times ours", "exported", "message bytes", "MiB"]
    rows = [
        [
            name,
            f"{one['cpu_us']:.2f}",
            f"{one['cpu_us_worst']:.2f}",
            f"{one['per_cpu_second']:,}",
            f"{one['per_second']:,}",
            f"{one['cpu_us'] / base['cpu_us']:.1f}x" if base else "-",
            f"{one['exported_share']:.1%}",
            f"{one['mean_message_bytes']:.0f}",
            f"{one['rss_mib']:.0f}",
        ]
        for name, one in by_name.items()
    ]
    given = result["input"]
    about = (
        f"{given['lines'] - given['fill']:,} lines of {given['mean_line_bytes']} B after "
        f"{given['fill']:,} to fill the state, {given['identities']:,} identities, best of "
        f"{result['rounds']} interleaved rounds, each run in its own process"
        f"{' on one core' if result['pinned'] else ''}.\n"
    )
    worries = "".join(f"\nNOT COMPARABLE: {doubt}\n" for doubt in doubts(result))
    return f"{report.markdown(heads, rows)}\n{about}\n{report.footer(result)}{worries}"


def main() -> None:
    """Read the arguments, measure, print the table, keep it if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.join")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fragments", type=int, default=200_000, help="measured, after the fill")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[c.name for c in CONTENDERS])
    parser.add_argument("--epoch-s", type=float, default=3600, help="default: none ends in a run")
    parser.add_argument("--write", action="store_true", help="keep the result in results/")
    asked = parser.parse_args()
    result = measure(asked)
    print(table(result))
    if asked.write:
        print(f"kept in results/{report.keep('join', result, table(result)).name}")


if __name__ == "__main__":
    main()
