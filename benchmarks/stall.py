"""Does a writer's memory grow while Kinesis does not answer?

    python -m benchmarks.stall [--stall-s S] [--write]

This project's sink writes at full speed to the far end of `benchmarks.sink`. In the midst of it the
far end's process is stopped, so that connections stay open and nothing comes back, and goes on a
minute later. Linux only: other systems do not say how much a process holds at a given moment.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise
from typing import Any

from benchmarks import report
from benchmarks.contenders.sink_ours import OurWriter
from benchmarks.cupboard import STREAM
from benchmarks.far_end import Behaviour, credentials, serving
from benchmarks.harness import ROOT, two_cpus
from benchmarks.records import batches, pairs
from benchmarks.sink_cases import IN_FLIGHT
from benchmarks.state_size import STATM
from benchmarks.writer import FarEnd

LEAD_S = 10.0
"""At full speed before the stall, and again after it."""


def write_on(url: str) -> dict[str, Any]:
    """Write at full speed until standard input ends, then flush; give samples of memory.

    A sample is [seconds since the start, resident bytes, records acknowledged], one a second.
    """
    writer = OurWriter(FarEnd(url, STREAM, IN_FLIGHT))
    stop = threading.Event()
    samples: list[tuple[float, int, int]] = []
    started = time.monotonic()

    def sample() -> None:
        while not stop.wait(1.0):
            resident = int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
            passed_s = round(time.monotonic() - started, 1)
            samples.append((passed_s, resident, writer.acknowledged()))

    def watch() -> None:
        sys.stdin.read()
        stop.set()

    for task in (sample, watch):
        threading.Thread(target=task, daemon=True).start()
    found, written = batches(pairs(400), 500), 0
    while not stop.is_set():
        writer.write(next(found))
        written += 500
    writer.flush()
    acknowledged = writer.acknowledged()
    writer.close()
    return {"samples": samples, "written": written, "acknowledged": acknowledged}


def measure(stall_s: float) -> dict[str, Any]:
    """Run the writer, stop the far end for a while, and give what memory did.

    Raises:
        RuntimeError: the writer failed, or counts another number than it wrote.
    """
    found = report.circumstances()
    with serving(Behaviour(), two_cpus()[0]) as far:
        command = [sys.executable, "-m", "benchmarks.stall", "--write-to", far.url]
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env=credentials(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as writer:
            time.sleep(LEAD_S)
            os.kill(far.process_id, signal.SIGSTOP)
            time.sleep(stall_s)
            os.kill(far.process_id, signal.SIGCONT)
            time.sleep(LEAD_S)
            said, _ = writer.communicate()
    if writer.returncode:
        raise RuntimeError(f"the writer failed ({writer.returncode})")
    run: dict[str, Any] = json.loads(said)
    if not run["written"] == run["acknowledged"] <= far.counts.accepted:
        raise RuntimeError(f"{run['written']} written, {run['acknowledged']}, {far.counts}")
    before, during = phases(run["samples"], stall_s)
    return {
        "question": "stall",
        **found,
        "stall_s": stall_s,
        "before_bytes": max(before),
        "stalled_bytes": {"first": during[0], "last": during[-1], "largest": max(during)},
        "written": run["written"],
        "acknowledged": run["acknowledged"],
        "accepted": far.counts.accepted,
        "samples": run["samples"],
    }


def phases(samples: list[tuple[float, int, int]], stall_s: float) -> tuple[list[int], list[int]]:
    """Take the samples' bytes from before the stall, and from within it.

    Within it nothing was acknowledged since the sample before.

    Raises:
        RuntimeError: there is no such stretch, or it is much shorter than the stall.
    """
    still = [one[2] == before[2] for before, one in pairwise(samples)]
    if sum(still) < stall_s / 2:
        raise RuntimeError(f"answers came during the stall: {samples}")
    started = still.index(True)
    during = [one[1] for one, is_still in zip(samples[1:], still, strict=True) if is_still]
    return [one[1] for one in samples[: started + 1]], during


def table(result: dict[str, Any]) -> str:
    """Write the result as Markdown."""
    heads = ["resident memory of the writer", "MiB"]
    rows = [["at full speed, largest", f"{result['before_bytes'] / 2**20:.1f}"]]
    for which, size in result["stalled_bytes"].items():
        rows.append([f"no answer for {result['stall_s']:g} s, {which}", f"{size / 2**20:.1f}"])
    about = (
        f"400 B, {IN_FLIGHT} in flight; {result['written']:,} records written and acknowledged, "
        f"{result['accepted']:,} accepted (those whose answer was not awaited went out again).\n"
    )
    return f"{report.markdown(heads, rows)}\n{about}\n{report.footer(result)}"


def main() -> None:
    """Read the arguments, measure, print the table, keep it if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stall")
    parser.add_argument("--stall-s", type=float, default=60)
    parser.add_argument("--write", action="store_true", help="keep the result in results/")
    parser.add_argument("--write-to", metavar="URL", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if not STATM.exists():
        parser.error(f"needs {STATM}, which only Linux has")
    if asked.write_to is not None:
        print(json.dumps(write_on(asked.write_to)))
        return
    result = measure(asked.stall_s)
    print(table(result))
    if asked.write:
        print(f"kept in results/{report.keep('stall', result, table(result)).name}")


if __name__ == "__main__":
    main()
