"""Writes lines into a pipe at a steady pace, each with the time it was due in it.

The time in a line is when it was to be written, not when the pipe took it: a job that stops reading
makes the writer late, and what was late must not look fresh.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from benchmarks.data import START

PIPE_BYTES = 1 << 20  # the most that a user may ask for without more rights, on Linux
_WAKE_S = 0.002


def widen(pipe: int) -> None:
    """Let a pipe hold more than the usual 64 KiB, where the system can."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def cut(lines: Sequence[bytes], first: int) -> list[list[bytes]]:
    """Take the times out of lines of `benchmarks.data`, numbered from `first`: the parts around."""
    return [
        line.split(_text(START + timedelta(milliseconds=number)))
        for number, line in enumerate(lines, first)
    ]


def write_paced(pipe: int, lines: Sequence[Sequence[bytes]], rate: int) -> tuple[int, float]:
    """Write cut lines, `rate` a second, each with the time it was due.

    Returns:
        The time of the first one in ms since 1970, and how late the writer was at most in seconds.
    """
    started_ms = int(time.time() * 1000) + 100
    written, late_s = 0, 0.0
    while written < len(lines):
        passed_s = time.time() - started_ms / 1000
        due = min(len(lines), int(passed_s * rate) + 1) if passed_s >= 0 else 0
        if due > written:
            late_s = max(late_s, passed_s - written / rate)
            chunk = [
                _stamp(started_ms + number * 1000 // rate).join(lines[number]) + b"\n"
                for number in range(written, due)
            ]
            write_all(pipe, b"".join(chunk))
            written = due
        time.sleep(_WAKE_S)
    return started_ms, late_s


def write_all(pipe: int, data: bytes) -> None:
    """Write all of it, as the pipe takes it."""
    view = memoryview(data)
    while view:
        view = view[os.write(pipe, view) :]


def _stamp(ms: int) -> bytes:
    return _text(datetime.fromtimestamp(ms / 1000, timezone.utc))


def _text(moment: datetime) -> bytes:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.").encode() + b"%03dZ" % (moment.microsecond // 1000)
