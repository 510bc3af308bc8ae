"""The state directory and its lock: one job at a time.

The lock is let go of when the last process that has it ends or dies: child processes that inherit
it keep it, so that a new job cannot start beside what a killed one left running.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from msgspec import Struct

from flows.destination import Destination


class StoreLocked(RuntimeError):
    """Another process runs on this state directory."""


class StoreUnusable(RuntimeError):
    """The state directory cannot be made, read or written."""


class HeldState(Struct, frozen=True):
    """The state directory while it is held.

    Attributes:
        folder: the directory.
        lock: file descriptor that holds it; whoever inherits it holds it as well.
    """

    folder: Path
    lock: int


@contextmanager
def hold_state(destination: Destination, way_out: str) -> Iterator[HeldState]:
    """Hold the state directory, made if there is none, so that no job runs on it meanwhile.

    Args:
        destination: whose directory.
        way_out: what to do if another process holds it.

    Raises:
        StoreLocked: another process holds it.
        StoreUnusable: it cannot be made or written.
    """
    folder = Path(destination.state.path)
    with ExitStack() as held:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            lock = held.enter_context(_lock(folder, way_out))
        except OSError as error:
            raise unusable(folder, error) from error
        yield HeldState(folder, lock)


def unusable(folder: Path, error: OSError) -> StoreUnusable:
    """Say that the state directory cannot be used, and what to do."""
    return StoreUnusable(
        f"{folder}: the state directory cannot be used ({error.strerror}). Let this user write "
        "there, or give another `state.path`."
    )


@contextmanager
def _lock(folder: Path, way_out: str) -> Iterator[int]:
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreLocked(
                f"{folder}: another process runs on this state directory. {way_out}"
            ) from None
        yield handle
    finally:
        os.close(handle)
