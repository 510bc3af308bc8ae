"""The program, made to die in the middle of something that only it can see, or to lie.

    python -I victim.py HOW NTH COMMAND...

`lane`: killed when a lane has made the NTH snapshot and nobody has got it. `sink`: killed when the
sink has flushed for the NTH time. `commit`: dies within a write to the recovery store, NTH bytes
after where the longest of its logs stood at a flush with the input under way: the kernel ends a
process that writes past its file size limit. `no-flush`: a defect, a sink that lets an epoch commit
without its records.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # as the program itself is started, see MAIN

from connectors.kinesis import sink
from flows import join
from flows.cli import main

RECOVERY = "state/current/recovery"
FLUSHES_BEFORE_COMMIT = 80


def on_call(owner: Any, count: int, act: Callable[[], object]) -> None:
    """Act when the owner's `snapshot` has been called so many times, before it returns."""
    calls = 0
    snapshot = owner.snapshot

    def counted(self: Any) -> Any:
        nonlocal calls
        found = snapshot(self)
        calls += 1
        if calls == count:
            act()
        return found

    owner.snapshot = counted


def die() -> None:
    """Be killed."""
    os.kill(os.getpid(), signal.SIGKILL)


def no_flush(self: Any) -> None:
    """Say that all was delivered."""


def limit_log(more: int) -> None:
    """Let the longest of the store's logs grow by so many bytes, and die of the next one."""
    end = max(map(log_end, Path(RECOVERY).glob("*-wal")))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (end + more, resource.RLIM_INFINITY))


def log_end(path: Path) -> int:
    """Where the next frame of a write-ahead log goes.

    https://www.sqlite.org/fileformat2.html#walformat: a frame is of the log's present round if its
    salts are those of the header.
    """
    log = path.read_bytes()
    end, frame_bytes = 32, 24 + int.from_bytes(log[8:12], "big")
    while end < len(log) and log[end + 8 : end + 16] == log[16:24]:
        end += frame_bytes
    return end


if __name__ == "__main__":
    how, nth = sys.argv[1], int(sys.argv[2])
    del sys.argv[1:3]
    if how == "lane":
        on_call(join.Lane, nth, die)
    elif how == "sink":
        on_call(sink._KinesisSinkPartition, nth, die)
    elif how == "commit":
        on_call(sink._KinesisSinkPartition, FLUSHES_BEFORE_COMMIT, lambda: limit_log(nth))
    else:
        sink._KinesisSinkPartition.snapshot = no_flush  # type: ignore[method-assign]
    main(prog_name="profile-export")
