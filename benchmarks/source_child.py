"""One run of one reader in this process; the measurement goes to standard output as JSON.

Started by `benchmarks.source`, once per run. The reader first reads for a while, so that imports,
connections and first calls are over. Then the clocks start, and stop when the time is up. CPU time
is that of all threads of the process, also for what is read ahead and not given out by then.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import time
from importlib.metadata import version

from benchmarks.harness import pin
from benchmarks.reader import Reader
from benchmarks.sink_child import profile_threads, show
from benchmarks.writer import FarEnd


def read_for(reader: Reader, seconds: float) -> int:
    """Read until the time is up; give the number of records."""
    count = 0
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        count += reader.read()
    return count


def run(asked: argparse.Namespace) -> dict[str, object]:
    """Read, warm and measured; give what was found of the measured part, and the whole count."""
    module = importlib.import_module(asked.module)
    gc.collect()
    gc.freeze()  # what was imported; no contender pays for walking past it
    profiles = profile_threads() if asked.profile else []
    reader: Reader = module.get_reader(FarEnd(asked.url, asked.stream, asked.in_flight))
    warmed = 0
    while not warmed:
        warmed = read_for(reader, asked.warm_s)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    records = read_for(reader, asked.seconds)
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    reader.close()
    return {
        "records": records,
        "wall_s": wall_s,
        "cpu_s": cpu_s,
        "handed": warmed + records,
        "acknowledged": warmed + records,
        "versions": {name: version(name) for name in asked.packages},
        "profile": show(profiles),
    }


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.source_child")
    parser.add_argument("module", help="where the contender's get_reader is")
    parser.add_argument("--url", required=True)
    parser.add_argument("--stream", required=True)
    parser.add_argument("--in-flight", type=int, required=True)
    parser.add_argument("--warm-s", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--cpu", type=int, help="core to stay on")
    parser.add_argument("--profile", action="store_true", help="show where the time went")
    parser.add_argument("--packages", nargs="*", default=[], help="whose versions to give")
    asked = parser.parse_args()
    pin(asked.cpu)
    print(json.dumps(run(asked)), flush=True)


if __name__ == "__main__":
    main()
