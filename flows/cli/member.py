"""One of several processes that `run -p` supervises; started by it, not by people.

It reads what to run from the first line of standard input, a word to stop from the second, and
takes the end of standard input for the end of its supervisor. It reports on standard output.
"""

from __future__ import annotations

import os
import sys
from io import FileIO
from threading import Event, Lock, Thread
from typing import BinaryIO

import click

from flows.runner.attended import attended
from flows.runner.execution import run_on
from flows.runner.exit_codes import START_AGAIN
from flows.runner.progress import Progress
from flows.runner.report import STOP, Report, decode_spec, encode, report_of

from . import logs
from .exits import exits

REPORT_S = 1.0


class _Reports:
    """Writes reports to what was standard output when the process began."""

    def __init__(self) -> None:
        self._file: BinaryIO = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)  # whoever prints must not come between two reports
        self._lock = Lock()

    def say(self, report: Report) -> None:
        with self._lock:
            self._file.write(encode(report))


def main() -> None:
    """Run what standard input says, and end with the exit code that fits."""
    lines = FileIO(0, closefd=False)  # unbuffered: a thread that reads must not hold up the end
    spec, reports = decode_spec(lines.readline()), _Reports()
    logs.configure(spec.log_level)
    stop, told, ended = Event(), Event(), Event()

    def listen() -> None:
        if lines.readline() == STOP:
            told.set()
            stop.set()
            lines.readline()
        if not ended.is_set():
            os._exit(START_AGAIN)  # the supervisor is gone; what it began belongs to nobody

    Thread(target=listen, name="supervisor", daemon=True).start()
    code = 0
    try:
        with exits(), attended(spec.destination, spec.place, stop) as attend:

            def started(progress: Progress) -> None:
                attend(progress)
                Thread(target=_report, args=(progress, reports, ended), daemon=True).start()

            progress = run_on(
                spec.store, spec.destination, started=started, stop=stop, place=spec.place
            )
        reports.say(report_of(progress))
        if stop.is_set() and not told.is_set():
            code = START_AGAIN  # a signal that did not come from the supervisor
    except click.ClickException as failure:
        reports.say(Report(failure=failure.message))
        code = failure.exit_code
    ended.set()
    sys.stderr.flush()
    os._exit(code)  # threads of the engine may still be about, and would abort the interpreter


def _report(progress: Progress, reports: _Reports, ended: Event) -> None:
    while not ended.wait(REPORT_S):
        reports.say(report_of(progress))


if __name__ == "__main__":
    main()
