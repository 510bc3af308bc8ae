"""Supervision: several processes of one job on this machine, kept running together.

They are one unit of failure: when one ends badly Bytewax ends or hangs the others. So all are
killed and reaped before any is started again, after a pause that grows. A process started too early
would meet the old ones.

Each member gets what it is to run on its standard input, which stays open: when it closes, because
this process ended by whatever means, the member ends too. A line there tells it to stop. It reports
its counts on its standard output. Members are in sessions of their own, so that Ctrl-C reaches this
process only, which passes it on.
"""

from __future__ import annotations

import logging
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from queue import Queue
from threading import Event, Thread

from msgspec import Struct

from flows.destination import Destination
from flows.place import Place
from flows.runner.exit_codes import CONFIGURATION, NO_PERMISSION, START_AGAIN, USAGE
from flows.runner.progress import Progress
from flows.runner.report import STOP, Spec, Total, decode_report, encode
from flows.runner.store import Store

PAUSE_S = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Pause before each start again after a short life. After the last one it is somebody else's."""

LONG_LIFE_S = 60.0
"""Life after which the next failure counts as the first."""

FOR_A_PERSON = frozenset((USAGE, NO_PERMISSION, CONFIGURATION))
"""Exit codes that a start again does not mend: usage, permission, configuration."""

_COMMAND = (sys.executable, "-I", "-m", "flows.cli.member")

_log = logging.getLogger(__name__)


class MemberFailed(RuntimeError):
    """A process of the job ended badly, and it is no use or no time to start it again.

    Attributes:
        code: exit code for this process.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class _Ended(Struct, frozen=True):
    """A member's end: exit code, or minus the number of the signal; and what it said of it."""

    process: int
    code: int
    said: str

    def __str__(self) -> str:
        how = f"ended with {self.code}"
        if self.code < 0:
            how = f"was ended by {signal.Signals(-self.code).name}"
        return f"process {self.process} {how}" + (f": {self.said}" if self.said else "")


class _Member:
    """One child process and the thread that reads its reports."""

    def __init__(self, spec: Spec, lock: int, total: Total, ends: Queue[_Ended]) -> None:
        self._process = spec.place.process
        self._total = total
        self._ends = ends
        self._child = subprocess.Popen(  # noqa: S603 - this interpreter, a module of ours
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            pass_fds=(lock,),
        )
        self._tell(encode(spec))
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def stop(self) -> None:
        """Tell it to drain."""
        self._tell(STOP)

    def kill(self) -> None:
        """End it and wait until it is gone."""
        self._child.kill()
        self._reader.join()
        with suppress(BrokenPipeError), self._child:  # what it did not read goes with it
            pass

    def _tell(self, line: bytes) -> None:
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(line)
            self._child.stdin.flush()
        except (BrokenPipeError, ValueError):  # ValueError: it was killed meanwhile, and closed
            _log.debug("gone", extra={"member": self._process})  # the reader reports its end

    def _read(self) -> None:
        assert self._child.stdout is not None
        said = ""
        for line in self._child.stdout:
            if not line.endswith(b"\n"):
                break  # it was killed while it spoke
            report = decode_report(line)
            said = report.failure
            self._total.take(self._process, report)
        self._ends.put(_Ended(self._process, self._child.wait(), said))


class Supervisor:
    """Runs a job in several processes until its inputs end or it is told to stop.

    Args:
        destination: what to run.
        store: the recovery store, open and held by this process.
        processes: how many.
        total: takes up what the processes count.
        log_level: least level that the processes log.
    """

    def __init__(
        self,
        destination: Destination,
        store: Store,
        processes: int,
        total: Total,
        *,
        log_level: str,
    ) -> None:
        self._destination = destination
        self._store = store
        self._processes = processes
        self._total = total
        self._log_level = log_level
        self._stopping = Event()
        self._members: list[_Member] = []

    def stop(self) -> None:
        """Tell all to drain; from any thread."""
        self._stopping.set()
        for member in [*self._members]:
            member.stop()

    def kill(self) -> None:
        """End all at once, and wait until they are gone."""
        for member in [*self._members]:
            member.kill()

    def run(self) -> Progress:
        """Run to the end, starting all again whenever one ends badly.

        Raises:
            MemberFailed: a person is needed, or it failed again and again.
        """
        failures = 0
        while True:
            began = time.monotonic()
            ended = self._run_once()
            if ended is None:
                return self._total.progress
            if time.monotonic() - began > LONG_LIFE_S:
                failures = 0
            if ended.code in FOR_A_PERSON:
                raise MemberFailed(ended.said or str(ended), ended.code)
            if failures == len(PAUSE_S) or self._stopping.is_set():
                raise MemberFailed(f"{ended}. Start again; nothing was lost.", START_AGAIN)
            pause_s = PAUSE_S[failures]
            failures += 1
            _log.warning("restarting", extra={"reason": str(ended), "in_s": pause_s})
            if self._stopping.wait(pause_s):
                raise MemberFailed("told to stop while it was to start again", START_AGAIN)

    def _run_once(self) -> _Ended | None:
        """Start all; give how one ended badly, or None if all ended well. All are gone then."""
        ends: Queue[_Ended] = Queue()
        addresses = tuple(f"127.0.0.1:{port}" for port in _free_ports(self._processes))
        self._total.clear()
        try:
            for process in range(self._processes):
                place = Place(process, addresses)
                spec = Spec(self._destination, self._store, place, self._log_level)
                self._members.append(_Member(spec, self._store.lock, self._total, ends))
            if self._stopping.is_set():
                self.stop()  # it may have been set before they were there
            for _ in range(self._processes):
                ended = ends.get()
                if ended.code != 0:
                    return ended
            return None
        finally:
            self.kill()
            self._members.clear()


def _free_ports(count: int) -> list[int]:
    """Find ports of the loopback interface that nobody has now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]
