"""Does memory grow while a stream holds far more than the slower of two processes can take?

    python -m benchmarks.backlog [--seconds S] [--write]

Two processes of one dataflow read an endless stream, each half of its shards, and deal the records
out over both; the last step of one of them takes 10 MB a second. Bytewax holds sources back where
epochs end and nowhere else, so what is read in between waits in front of the slow one. With
lockstep a process gives out a bounded number of bytes in an epoch. Linux only: other systems do not
say how much a process holds at a given moment.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import bytewax.operators as op
from bytewax._bytewax import cluster_main
from bytewax.dataflow import Dataflow
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from typing_extensions import override

from benchmarks import report
from benchmarks.cupboard import STREAM
from benchmarks.far_end import Behaviour, credentials, serving
from benchmarks.harness import ROOT, two_cpus
from benchmarks.processes import free_addresses
from benchmarks.state_size import STATM
from connectors.kinesis import KinesisSource, KinesisSourceRecord
from connectors.lockstep import Lockstep
from connectors.paced import PacedSource, Pacing

MIB = 1_048_576
EPOCH_S = 20.0
"""Longer than a job's 5 s, so that what an epoch lets in stands out."""

SHARDS = 32
"""At 2 MB/s each they bring 64 MB a second, several times what the slow process takes."""

PARTS = 60
BYTES_PER_S = {"fast": 1_000_000_000.0, "slow": 10_000_000.0}
"""What the last step of a process takes."""

CASES = {"without lockstep": None, "256 MiB an epoch": 256 * MIB, "32 MiB an epoch": 32 * MIB}
"""Most bytes that a process gives out in an epoch; `run -p` has the second."""


class _Taking(StatefulSinkPartition[list[bytes], None]):
    def __init__(self, taken: _Taken) -> None:
        self._taken = taken

    @override
    def write_batch(self, values: list[list[bytes]]) -> None:
        size = sum(len(data) for value in values for data in value)
        time.sleep(size / self._taken.bytes_per_s)
        self._taken.bytes += size

    @override
    def snapshot(self) -> None:
        """Keep nothing."""


class _Taken(FixedPartitionedSink[list[bytes], None]):
    """Takes records at a pace."""

    def __init__(self, bytes_per_s: float) -> None:
        self.bytes_per_s = bytes_per_s
        self.bytes = 0

    @override
    def list_parts(self) -> list[str]:
        return [f"{part:02}" for part in range(PARTS)]

    @override
    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _Taking:
        return _Taking(self)

    @override
    def part_fn(self, item_key: str) -> int:
        return int(item_key)


def deal(records: list[KinesisSourceRecord]) -> list[tuple[str, list[bytes]]]:
    """Spread records over the sink's partitions, and with them over the processes."""
    return [
        (str(part), [record.data for record in records[part::PARTS]])
        for part in range(PARTS)
        if records[part::PARTS]
    ]


def bytes_of(records: list[KinesisSourceRecord]) -> int:
    """Give the bytes that count in an epoch."""
    return sum(len(record.data) for record in records)


def take_part(url: str, kind: str, process: int, addresses: list[str], limit: int | None) -> None:
    """Run one of the two processes until it is killed; it prints a sample a second."""
    lockstep = None if limit is None else Lockstep(EPOCH_S, limit)
    pacing = Pacing(lockstep=lockstep)
    source = KinesisSource(STREAM, region="us-east-1", endpoint_url=url)
    taken = _Taken(BYTES_PER_S[kind])
    flow = Dataflow("backlog")
    lists = op.input("read", flow, PacedSource(source, pacing, size_of=bytes_of))
    op.output("take", op.flat_map("deal", lists, deal), taken)

    def sample() -> None:
        for second in range(1, sys.maxsize):
            time.sleep(1.0)
            resident = int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
            stats = source.stats()
            found = {"s": second, "resident": resident, "read": stats.bytes, "taken": taken.bytes}
            sys.stdout.write(json.dumps(found) + "\n")
            sys.stdout.flush()

    threading.Thread(target=sample, daemon=True).start()
    cluster_main(flow, addresses, process, epoch_interval=timedelta(seconds=EPOCH_S))


def measure(limit: int | None, seconds: float) -> dict[str, list[dict[str, int]]]:
    """Run both processes for a while; gives the samples of each.

    Raises:
        RuntimeError: a process ended by itself.
    """
    far = ("benchmarks.source_endpoint", "--shards", str(SHARDS))
    addresses = free_addresses(2)
    with ExitStack() as running:
        url = running.enter_context(serving(Behaviour(), two_cpus()[0], far)).url
        children = {}
        for process, kind in enumerate(BYTES_PER_S):
            asked = [url, kind, str(process), ",".join(addresses), str(limit or 0)]
            children[kind] = running.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "benchmarks.backlog", "--take-part", *asked],
                    cwd=ROOT,
                    env=credentials(),
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            running.callback(children[kind].kill)
        time.sleep(seconds)
        if any(child.poll() is not None for child in children.values()):
            raise RuntimeError("a process ended by itself")
        said = {}
        for kind, child in children.items():
            child.kill()
            said[kind] = child.communicate()[0].splitlines()
    return {
        kind: [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        for kind, lines in said.items()
    }


def table(found: dict[str, Any]) -> str:
    """Lay the result out."""
    heads = ["", "process", "read", "taken", "resident at most: first third", "last third"]
    rows = []
    for case, samples in found["samples"].items():
        for kind, of in samples.items():
            third = len(of) // 3
            resident = [each["resident"] for each in of]
            most = max(resident[:third]), max(resident[-third:])
            mib = [of[-1]["read"], of[-1]["taken"], *most]
            rows.append([case, kind, *(f"{each / MIB:,.0f} MiB" for each in mib)])
    text = (
        f"Two processes, {found['seconds']:.0f} s, {SHARDS} shards that never end, records of "
        f"400 B in answers of 10,000; the slow one takes {BYTES_PER_S['slow'] / 1e6:.0f} MB/s; "
        f"epochs of {EPOCH_S:.0f} s.\n\n"
    )
    return text + report.markdown(heads, rows) + "\n" + report.footer(found)


def main() -> None:
    """Measure, or be one of the processes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backlog")
    parser.add_argument("--seconds", type=float, default=120, help="of each case")
    parser.add_argument("--write", action="store_true", help="keep the result")
    parser.add_argument("--take-part", nargs=5, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if not STATM.exists():
        parser.error(f"needs {STATM}, which only Linux has")
    if asked.take_part:
        url, kind, process, addresses, limit = asked.take_part
        take_part(url, kind, int(process), addresses.split(","), int(limit) or None)
        return
    found = {"question": "backlog", **report.circumstances(), "seconds": asked.seconds}
    found["samples"] = {case: measure(limit, asked.seconds) for case, limit in CASES.items()}
    print(table(found))
    if asked.write:
        report.keep("backlog", found, table(found))


if __name__ == "__main__":
    main()
