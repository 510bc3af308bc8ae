"""What the source costs while nothing comes: slots that wait, and listing the shards.

    python -m benchmarks.source_costs wait|listing --url URL [--seconds S] [--cpu N]

Started by `benchmarks.source`, each in a process of its own. `wait` runs all 256 slots through
Bytewax, paced and with epochs as a job's, while the far end's shards have nothing; `listing` lists
them, again and again. It prints {"cpu_s": ..., "wall_s": ..., "times": N}.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from datetime import timedelta

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main

from benchmarks.cupboard import STREAM
from benchmarks.harness import pin
from connectors.kinesis import KinesisSource
from connectors.kinesis.read_client import ReadClient
from connectors.paced import PacedSource, Pacing

EPOCH = timedelta(seconds=5)  # the default of `state.epoch_s`
START_S = 1.0
"""Until then the shards are listed and have an iterator each."""


def wait(url: str, seconds: float) -> dict[str, float]:
    """Run the source for a while in which nothing comes."""
    pacing, found = Pacing(), {}

    def watch() -> None:
        time.sleep(START_S)
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        time.sleep(seconds)
        found["cpu_s"] = time.process_time() - cpu_s
        found["wall_s"] = time.perf_counter() - wall_s
        pacing.stop.set()

    flow = Dataflow("wait")
    source = KinesisSource(STREAM, region="us-east-1", endpoint_url=url)
    lists = op.input("read", flow, PacedSource(source, pacing))
    op.output("out", lists, TestingSink([]))
    threading.Thread(target=watch).start()
    run_main(flow, epoch_interval=EPOCH)
    return {**found, "times": 1}


def list_all(url: str, seconds: float) -> dict[str, float]:
    """List the shards until the time is up, at least once."""
    client = ReadClient(
        STREAM,
        region="us-east-1",
        endpoint_url=url,
        session=None,
        connections=1,
        request_timeout_s=10,
    )
    client.list_shards()
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    until, times = wall_s + seconds, 0
    while not times or time.perf_counter() < until:
        client.list_shards()
        times += 1
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    client.close()
    return {"cpu_s": cpu_s, "wall_s": wall_s, "times": times}


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.source_costs")
    parser.add_argument("what", choices=["wait", "listing"])
    parser.add_argument("--url", required=True)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--cpu", type=int, help="core to stay on")
    asked = parser.parse_args()
    pin(asked.cpu)
    measure = wait if asked.what == "wait" else list_all
    print(json.dumps(measure(asked.url, asked.seconds)))


if __name__ == "__main__":
    main()
