"""How many bytes does a profile take in memory: 10 attributes, 5 segments, 3 identities?

    python -m benchmarks.state_size [--profiles N] [--only NAME ...] [--write]

Each contender of `benchmarks.join` fills its state in a process of its own, once with half of the
profiles and once with all. The difference of the two resident sizes when input ends, divided by
the difference in profiles, is what one more profile costs: keys, Bytewax's own bookkeeping and
what the allocator wastes included, the program itself excluded. Linux only: other systems do not
say how much a process holds at a given moment.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from bytewax.testing import run_main

from benchmarks import data, report
from benchmarks.harness import run_module
from benchmarks.join import CONTENDERS
from benchmarks.pipes import Tally

STATM = Path("/proc/self/statm")


def fill(module: str, profiles: int) -> dict[str, int]:
    """Fill the contender's state in this process; give its resident size when input ends."""
    contender = importlib.import_module(module)
    found: dict[str, int] = {}

    def batches() -> Iterator[list[bytes]]:
        lines = data.whole_profiles(profiles)
        while batch := list(islice(lines, contender.BATCH_LINES)):
            yield batch
        gc.collect()
        found["rss_bytes"] = int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGESIZE")

    tally = Tally()
    run_main(contender.get_flow(batches(), tally), epoch_interval=timedelta(hours=1))
    return {**found, "messages": tally.messages}


def measure(profiles: int, only: list[str] | None) -> dict[str, Any]:
    """Fill every contender's state twice and put the slopes into one result."""
    found = report.circumstances()
    sizes = []
    for contender in CONTENDERS:
        if not contender.collector or (only is not None and contender.name not in only):
            continue
        half, whole = (
            run_module(["benchmarks.state_size", "--fill", contender.module, str(count)])
            for count in (profiles // 2, profiles)
        )
        grown = whole["rss_bytes"] - half["rss_bytes"]
        sizes.append(
            {
                "name": contender.name,
                "bytes_per_profile": round(grown / (profiles - profiles // 2)),
                "rss_mib": round(whole["rss_bytes"] / 2**20, 1),
                "messages": whole["messages"],
            }
        )
    return {"question": "state_size", **found, "profiles": profiles, "contenders": sizes}


def table(result: dict[str, Any]) -> str:
    """Write the result as Markdown."""
    heads = ["state in memory", "bytes a profile", f"MiB with {result['profiles']:,} profiles"]
    rows = [
        [one["name"], f"{one['bytes_per_profile']:,}", f"{one['rss_mib']:.0f}"]
        for one in result["contenders"]
    ]
    about = "10 attributes, 5 segments, 3 identities; resident size, keys and overhead included.\n"
    return f"{report.markdown(heads, rows)}\n{about}\n{report.footer(result)}"


def main() -> None:
    """Read the arguments, measure, print the table, keep it if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.state_size")
    parser.add_argument("--profiles", type=int, default=200_000)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[c.name for c in CONTENDERS])
    parser.add_argument("--write", action="store_true", help="keep the result in results/")
    parser.add_argument("--fill", nargs=2, metavar=("MODULE", "N"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if not STATM.exists():
        parser.error(f"needs {STATM}, which only Linux has")
    if asked.fill is not None:
        module, count = asked.fill
        print(json.dumps(fill(module, int(count))))
        return
    result = measure(asked.profiles, asked.only)
    print(table(result))
    if asked.write:
        print(f"kept in results/{report.keep('state_size', result, table(result)).name}")


if __name__ == "__main__":
    main()
