"""Workers of different speed, in a real cluster: without lockstep the fast one comes to a halt.

It is bytewax issue #556: a worker that is ahead of another by an epoch gets one batch an epoch from
then on. The other's steps, longer than its own, put it ahead a little in each epoch.
"""

from __future__ import annotations

import json
import os
import random
import socket
from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path
from subprocess import Popen

import pytest

from tests.support import program

SECONDS = 60 if os.environ.get("HYPOTHESIS_PROFILE") == "release" else 24
STEPS_S = (0.02, 0.135)
"""Seven long steps end within an epoch of 1 s and the eighth after it, also where a busy machine
makes each 5 % longer. So each epoch puts the fast worker about 0.1 s further ahead: after 10 or 15
epochs, by a whole one."""

CODE = (
    f"import sys; sys.path.insert(0, {str(program.ROOT)!r}); "
    "from tests.cluster.stalling import main; main()"
)


def addresses(count: int) -> list[str]:
    """Find ports of this machine that are free, below those that it gives to whoever connects."""
    found: list[str] = []
    for port in random.sample(range(20_000, 32_000), 3 * count):
        with socket.socket() as trial, suppress(OSError):
            trial.bind(("127.0.0.1", port))
            found.append(f"127.0.0.1:{port}")
    return found[:count]


def cluster(how: str, here: list[str], home: Path) -> list[Popen[bytes]]:
    """Start one process for each of two addresses."""
    return [
        program.start(
            program.python(CODE, str(index), ",".join(here), str(SECONDS), str(step_s), how),
            cwd=home,
            env=program.environment(home),
        )
        for index, step_s in enumerate(STEPS_S)
    ]


def worked(process: Popen[bytes]) -> tuple[float, float]:
    """Wait for a process; give the seconds that it worked in its first and its last quarter."""
    out, err = process.communicate(timeout=SECONDS + program.TIMEOUT_S)
    assert process.returncode == 0, err.decode()
    each: list[float] = json.loads(out.splitlines()[-1])  # after the engine's talk of connecting
    return sum(each[: SECONDS // 4]), sum(each[-(SECONDS // 4) :])


@pytest.fixture(scope="module")
def quarters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[float, float]]]:
    """What the workers of both clusters did; they sleep at work, so they can run side by side."""
    home = tmp_path_factory.mktemp("stall")
    here = addresses(4)
    with ExitStack() as stack:
        running = {
            "plain": cluster("plain", here[:2], home),
            "lockstep": cluster("lockstep", here[2:], home),
        }
        for each in chain(*running.values()):
            stack.enter_context(each)
            stack.callback(each.kill)
        return {how: [worked(each) for each in processes] for how, processes in running.items()}


def test_without_lockstep_the_fast_worker_stalls(
    quarters: dict[str, list[tuple[float, float]]],
) -> None:
    """At the end it works less than a fifth as much as at first, while the slow one goes on."""
    fast, slow = quarters["plain"]
    assert fast[1] < 0.2 * fast[0]
    assert slow[1] >= 0.8 * slow[0]


def test_with_lockstep_both_workers_go_on(quarters: dict[str, list[tuple[float, float]]]) -> None:
    """At the end each works at least four fifths as much as at first."""
    for first, last in quarters["lockstep"]:
        assert last >= 0.8 * first
