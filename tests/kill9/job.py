"""The job as a user starts it: one process, or a supervisor and its processes; and what befalls it.

Nothing a job has started outlives it here: whoever waits for its end waits for all of them, by the
lock of the state directory, which the last of them lets go of.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from typing_extensions import Self

from tests.kill9.far_end import FarEnd
from tests.kill9.workload import MAX_IN_FLIGHT
from tests.support.program import TIMEOUT_S, command, environment

VICTIM = Path(__file__).with_name("victim.py")
PROCESSES = Path("/proc")
"""Where Linux shows processes with their parents."""


@dataclass(frozen=True)
class Blow:
    """What befalls a job in an execution.

    Attributes:
        how: `answer` or `silence`: a signal comes at request number `nth` of the execution, when
            the far end has carried it out and will answer it, or never; else what the victim does
            to itself at its `nth`.
        nth: see there.
        delay_s: time between the request and the signal.
        signal: what is sent.
        to: `all` processes of the job, the `first` one (the supervisor, if there is one), or a
            `member`, which a supervisor looks after.
    """

    how: str
    nth: int
    delay_s: float = 0.0
    signal: int = signal.SIGKILL
    to: str = "all"

    @property
    def comes_from_outside(self) -> bool:
        """Whether the program itself is as it is."""
        return self.how in {"answer", "silence"}


def random_blows(random: Random) -> Iterator[Blow]:
    """Give kills of one process, of every kind in turn, without end."""
    while True:
        kinds = [
            Blow("silence", random.randint(MAX_IN_FLIGHT + 1, 12)),
            Blow("answer", random.randint(MAX_IN_FLIGHT + 1, 12), random.uniform(0, 0.02)),
            Blow("lane", random.randint(400, 600)),  # the first 240 are those of the wake
            Blow("sink", random.randint(80, 200)),
            Blow("commit", random.randint(1, random.choice((5_000, 20_000, 100_000)))),
        ]
        random.shuffle(kinds)
        yield from kinds


class Job:
    """A started job, within a `with` block: whatever happens in it, no process is left after it.

    Args:
        folder: where its destination is.
        far_end: its stream.
        blow: what befalls it, unless it ends before.
        options: of `run`.
        defect: one that the victim is to have.
    """

    def __init__(
        self,
        folder: Path,
        far_end: FarEnd,
        blow: Blow | None = None,
        *options: str,
        defect: str = "",
    ) -> None:
        """Start it."""
        self._folder = folder
        self._far_end = far_end
        program = command()
        if blow is not None and not blow.comes_from_outside:
            program = [sys.executable, "-I", str(VICTIM), blow.how, str(blow.nth)]
        elif defect:
            program = [sys.executable, "-I", str(VICTIM), defect, "0"]
        with (folder / "talk").open("wb") as talk:
            self._process = subprocess.Popen(
                [*program, "run", *options],
                cwd=folder,
                env=environment(folder / "home"),
                stdin=subprocess.DEVNULL,
                stdout=talk,
                stderr=talk,
            )
        if blow is not None and blow.comes_from_outside:
            self._expect(blow)

    def __enter__(self) -> Self:
        """Give the job."""
        return self

    def __exit__(self, *error: object) -> None:
        """Kill what there still is."""
        self.send(signal.SIGKILL)
        self._process.wait()

    def _expect(self, blow: Blow) -> None:
        def strike() -> None:
            self.send(blow.signal, blow.to)

        timer = threading.Timer(blow.delay_s, strike)
        self._far_end.strike_after(
            blow.nth, timer.start if blow.delay_s else strike, silent=blow.how == "silence"
        )

    def send(self, number: int, to: str = "all") -> None:
        """Send a signal; see `Blow`."""
        members = children(self._process.pid) if to != "first" else []
        if to == "member":
            send_to(members[-1:], number)
        else:
            self._process.send_signal(number)
            send_to(members, number)

    def wait(self) -> int:
        """Wait until all processes have ended; returns the exit code of the first."""
        code = self._process.wait(TIMEOUT_S)
        lock = threading.Thread(target=self._hold_state, daemon=True)
        lock.start()
        lock.join(TIMEOUT_S)
        assert not lock.is_alive(), "a process of the job outlived the first"
        self._far_end.spare()
        self._far_end.settle()
        return code

    def _hold_state(self) -> None:
        with suppress(FileNotFoundError), (self._folder / "state" / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)


def send_to(processes: Iterable[int], number: int) -> None:
    """Send a signal to processes, some of which may have ended."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)


def children(parent: int) -> list[int]:
    """Give the processes that a process has started, the newest last."""
    found = []
    for path in PROCESSES.glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            text = path.read_text(encoding="utf-8", errors="replace")
            if int(text.rpartition(")")[2].split()[1]) == parent:  # proc(5): 4th field, ppid
                found.append(int(path.parent.name))
    return sorted(found)
