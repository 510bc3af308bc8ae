"""One run of one writer in this process; the measurement goes to standard output as JSON.

Started by `benchmarks.sink`, once per run. The writer first writes for a while and flushes, so that
imports, connections and first calls are over. Then the clocks start; it writes until the time is
up, flushes again, and the clocks stop: each record in the figure was handed over and, as far as the
writer can tell, delivered between the two. CPU time is that of all threads of the process.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import importlib
import io
import json
import pstats
import sys
import threading
import time
from collections.abc import Iterator
from importlib.metadata import version

from benchmarks import records
from benchmarks.harness import pin
from benchmarks.writer import FarEnd, Writer


def busy(found: Iterator[list[records.Pair]]) -> Iterator[list[records.Pair]]:
    """Decode and encode every message before it is handed on, as a step before a sink does."""
    import msgspec  # noqa: PLC0415 - the rivals' environment need not have it

    decode, encode = msgspec.json.decode, msgspec.json.encode
    for batch in found:
        yield [(key, encode(decode(body))) for key, body in batch]


def write_for(writer: Writer, found: Iterator[list[records.Pair]], seconds: float) -> int:
    """Write batches until the time is up, then flush; give the number of records."""
    written = 0
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        batch = next(found)
        writer.write(batch)
        written += len(batch)
    writer.flush()
    return written


def run(asked: argparse.Namespace) -> dict[str, object]:
    """Write, warm and measured; give what was found of the measured part, and the whole counts."""
    module = importlib.import_module(asked.module)
    pairs = records.pairs(asked.size)
    found = records.batches(records.skewed(pairs) if asked.skewed else pairs, module.BATCH_RECORDS)
    if asked.busy:
        found = busy(found)
    gc.collect()
    gc.freeze()  # the pairs are the harness's; no contender pays for walking past them
    profiles = profile_threads() if asked.profile else []
    writer: Writer = module.get_writer(FarEnd(asked.url, asked.stream, asked.in_flight))
    warmed = write_for(writer, found, asked.warm_s)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    written = write_for(writer, found, asked.seconds)
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    acknowledged = writer.acknowledged()
    writer.close()
    return {
        "records": written,
        "wall_s": wall_s,
        "cpu_s": cpu_s,
        "handed": warmed + written,
        "acknowledged": acknowledged,
        "versions": {name: version(name) for name in asked.packages},
        "profile": show(profiles),
    }


def profile_threads() -> list[cProfile.Profile]:
    """Note from now on where this thread and those to come spend their CPU time.

    Waiting is not in it. Works up to Python 3.11: later ones allow one profiler a process.
    """
    profiles: list[cProfile.Profile] = []

    def start(*_event: object) -> None:
        profiles.append(cProfile.Profile(time.thread_time))
        profiles[-1].enable()  # takes the place of this function as its thread's profiler

    threading.setprofile(start)
    start()
    return profiles


def show(profiles: list[cProfile.Profile]) -> str:
    """Write the profiles of all threads as one; empty if there are none."""
    if not profiles:
        return ""
    sys.setprofile(None)
    text = io.StringIO()
    pstats.Stats(*profiles, stream=text).strip_dirs().sort_stats("tottime").print_stats(40)
    return text.getvalue()


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sink_child")
    parser.add_argument("module", help="where the contender's get_writer and BATCH_RECORDS are")
    parser.add_argument("--url", required=True)
    parser.add_argument("--stream", required=True)
    parser.add_argument("--size", type=int, required=True, help="bytes of a message")
    parser.add_argument("--in-flight", type=int, required=True)
    parser.add_argument("--warm-s", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--cpu", type=int, help="core to stay on")
    parser.add_argument("--busy", action="store_true", help="decode and encode each message first")
    parser.add_argument("--skewed", action="store_true", help="Zipf keys instead of distinct ones")
    parser.add_argument("--profile", action="store_true", help="show where the time went")
    parser.add_argument("--packages", nargs="*", default=[], help="whose versions to give")
    asked = parser.parse_args()
    pin(asked.cpu)
    print(json.dumps(run(asked)))


if __name__ == "__main__":
    main()
