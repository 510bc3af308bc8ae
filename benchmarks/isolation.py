"""What does one slow shard do to the others?

    python -m benchmarks.isolation [--seconds S] [--epochs N] [--write]

On this project's sink alone. The stream is the strict fake of `connectors.kinesis.testing`: four
shards that take 1,000 records a second each, one of them turned down to a tenth, answers after
20 ms. Records come evenly at 80 % of what four sound shards take.

1. Between two flushes, while the sink's buffer has room: how much do the other shards accept,
   compared with a run in which all are sound?
2. Across flushes, one after every two seconds of input: at what rate does the whole job run? An
   epoch ends when its last record is acknowledged, so the slowest shard sets the pace of all.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks import report
from benchmarks.contenders.sink_ours import OurWriter
from benchmarks.cupboard import STREAM
from benchmarks.far_end import credentials
from benchmarks.harness import run_module
from benchmarks.records import Pair
from benchmarks.sink_cases import IN_FLIGHT
from benchmarks.writer import FarEnd
from connectors.kinesis.testing.fake import FakeKinesis, FakeStream
from connectors.kinesis.testing.faults import slow
from connectors.kinesis.testing.faulty import FaultyKinesis, endless
from connectors.kinesis.testing.server import FakeServer

SHARDS = 4
SLOW_SHARD = "shardId-000000000001"
SLOW_SHARE = 0.1
OFFERED_PER_S = 3_200  # 80 % of 4 x 1,000, the fake's own number
ANSWER_S = 0.02
TICK_S = 0.02
EPOCH_S = 2.0


@contextmanager
def bench(slow_share: float) -> Iterator[tuple[FakeStream, OurWriter]]:
    """Serve a stream in this process and connect; at these rates neither is a bottleneck."""
    fake = FakeKinesis()
    stream = fake.create(STREAM, shards=SHARDS, now=time.time())
    stream.set_rate(SLOW_SHARD, slow_share)
    with FakeServer(FaultyKinesis(fake, endless(itertools.repeat(slow(ANSWER_S))))) as server:
        writer = OurWriter(FarEnd(server.url, STREAM, IN_FLIGHT))
        try:
            yield stream, writer
        finally:
            writer.close()  # and let go of what waits for the slow shard


def offered(seconds: float) -> Iterator[list[Pair]]:
    """Give out new records at the pace of `OFFERED_PER_S`, for so long."""
    draw = random.Random(1)
    each = round(OFFERED_PER_S * TICK_S)
    started = time.monotonic()
    for tick in range(round(seconds / TICK_S)):
        time.sleep(max(0.0, started + tick * TICK_S - time.monotonic()))
        yield [(f"{draw.getrandbits(128):032x}", b"." * 400) for _ in range(each)]


def between_flushes(slow_share: float, seconds: float) -> dict[str, float]:
    """Offer records without a flush; give what each shard accepted a second."""
    with bench(slow_share) as (stream, writer):
        for batch in offered(seconds):
            writer.write(batch)
        accepted = Counter(stored.shard_id for stored in list(stream.stored))
    return {shard: round(count / seconds, 1) for shard, count in sorted(accepted.items())}


def across_flushes(slow_share: float, epochs: int) -> float:
    """Offer records and flush after every two seconds of them; give the whole rate a second."""
    with bench(slow_share) as (_stream, writer):
        started, written = time.monotonic(), 0
        for _ in range(epochs):
            for batch in offered(EPOCH_S):
                writer.write(batch)
                written += len(batch)
            writer.flush()
        return round(written / (time.monotonic() - started), 1)


def measure(seconds: float, epochs: int) -> dict[str, Any]:
    """Run both questions with and without the slow shard, each in a process of its own."""
    found = report.circumstances()

    def ask(question: str, share: float, amount: float) -> Any:
        command = ["benchmarks.isolation", "--run", question, str(share), str(amount)]
        return run_module(command, environment=credentials())

    sound, slowed = (ask("between", share, seconds) for share in (1.0, SLOW_SHARE))
    others = [shard for shard in sound if shard != SLOW_SHARD]
    kept = sum(slowed[shard] for shard in others) / sum(sound[shard] for shard in others)
    return {
        "question": "isolation",
        **found,
        "seconds": seconds,
        "epochs": epochs,
        "offered_per_s": OFFERED_PER_S,
        "between_flushes": {"sound": sound, "slowed": slowed, "others_kept": round(kept, 3)},
        "across_flushes": {
            name: ask("across", share, epochs)
            for name, share in (("sound", 1.0), ("slowed", SLOW_SHARE))
        },
    }


def table(result: dict[str, Any]) -> str:
    """Write the result as Markdown."""
    between, across = result["between_flushes"], result["across_flushes"]
    heads = ["records accepted a second", "all shards sound", "one at a tenth"]
    rows: list[list[object]] = [
        [
            f"between flushes, {shard}{' (the slow one)' if shard == SLOW_SHARD else ''}",
            f"{between['sound'][shard]:,.0f}",
            f"{between['slowed'].get(shard, 0):,.0f}",
        ]
        for shard in between["sound"]
    ]
    rows.append(["between flushes, the others' share", "100 %", f"{between['others_kept']:.1%}"])
    rows.append(["across flushes", f"{across['sound']:,.0f}", f"{across['slowed']:,.0f}"])
    about = (
        f"{result['offered_per_s']:,} records of 400 B a second offered evenly to {SHARDS} shards "
        f"of 1,000 a second, answers after {ANSWER_S * 1000:.0f} ms, {result['seconds']:g} s "
        f"without a flush; then {result['epochs']} epochs of {EPOCH_S:g} s of input.\n"
    )
    return f"{report.markdown(heads, rows)}\n{about}\n{report.footer(result)}"


def main() -> None:
    """Read the arguments, measure, print the table, keep it if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.isolation")
    parser.add_argument("--seconds", type=float, default=15, help="without a flush")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="keep the result in results/")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run is not None:
        question, share, amount = asked.run
        if question == "between":
            print(json.dumps(between_flushes(float(share), float(amount))))
        else:
            print(json.dumps(across_flushes(float(share), int(amount))))
        return
    result = measure(asked.seconds, asked.epochs)
    print(table(result))
    if asked.write:
        print(f"kept in results/{report.keep('isolation', result, table(result)).name}")


if __name__ == "__main__":
    main()
