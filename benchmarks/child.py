"""One run of one contender in this process; the measurement goes to standard output as JSON.

Started by `benchmarks.harness`, once per run, so that no contender inherits another's heap, caches
or garbage. The first `fill` lines only bring the contender into its stride: imports, first calls,
the profiles of nearly all customers. The clock starts when the dataflow asks for the lines after
them and stops when it asks for more than there are, so neither start-up nor what Bytewax does when
input ends is in the figure: it is the slope between two run lengths, read off one run.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path

from bytewax.testing import run_main

from benchmarks.harness import pin
from benchmarks.pipes import Tally


@dataclass
class Mark:
    """A moment of a run: lines handed out, messages counted, clocks in seconds."""

    fragments: int
    messages: int
    message_bytes: int
    wall_s: float = field(default_factory=time.perf_counter)
    cpu_s: float = field(default_factory=time.process_time)


def feed(
    lines: list[bytes], size: int, fill: int, tally: Tally, marks: list[Mark]
) -> Iterator[list[bytes]]:
    """Yield the lines in batches of `size`; note a mark after `fill` lines and at the end."""
    for start in range(0, len(lines), size):
        if not marks and start >= fill:
            marks.append(Mark(start, tally.messages, tally.message_bytes))
        yield lines[start : start + size]
    marks.append(Mark(len(lines), tally.messages, tally.message_bytes))


def run(module: str, lines: list[bytes], fill: int, epoch_s: float) -> dict[str, float]:
    """Run the contender in `module` over the lines and measure it from `fill` on.

    Returns:
        The measured part as fragments, messages, message_bytes, wall_s and cpu_s (all threads);
        of the whole run, run_messages and how far rss_bytes rose above what the lines take.
    """
    at_first = peak_rss_bytes()
    contender = importlib.import_module(module)
    tally, marks = Tally(), list[Mark]()
    flow = contender.get_flow(feed(lines, contender.BATCH_LINES, fill, tally, marks), tally)
    gc.collect()
    gc.freeze()  # the lines are the harness's; no contender pays for walking past them
    run_main(flow, epoch_interval=timedelta(seconds=epoch_s))
    first, last = (asdict(mark) for mark in marks)
    part: dict[str, float] = {name: last[name] - first[name] for name in last}
    grown = peak_rss_bytes() - at_first
    return {**part, "run_messages": tally.messages, "rss_bytes": grown}


def peak_rss_bytes() -> int:
    """Give the largest resident size so far; the unit of the system call differs by system."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.child")
    parser.add_argument("module", help="where the contender's get_flow and BATCH_LINES are")
    parser.add_argument("lines", type=Path, help="JSONL file with the lines")
    parser.add_argument("--fill", type=int, required=True, help="lines before the clock starts")
    parser.add_argument("--epoch-s", type=float, required=True)
    parser.add_argument("--cpu", type=int, help="core to stay on")
    parser.add_argument("--no-collector", action="store_true", help="switch Python's gc off")
    asked = parser.parse_args()
    pin(asked.cpu)
    if asked.no_collector:
        gc.disable()
    with asked.lines.open("rb") as file:
        lines = [line.rstrip(b"\n") for line in file]
    print(json.dumps(run(asked.module, lines, asked.fill, asked.epoch_s)))


if __name__ == "__main__":
    main()
