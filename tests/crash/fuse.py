"""Crash points: places in a run where the process can be made to die, counted as they are passed.

A crash is an exception of our own. Once it was raised every later point raises it again, so that
nothing of a dead execution goes on, from whatever thread: nothing is taken, nothing is committed.
"""

from __future__ import annotations

AFTER_BATCH = "after source batch"
AFTER_ASK = "after ask"  # of a backfill: in no other run
REQUEST = ("before request", "half of request", "after request")
KINDS = (
    AFTER_BATCH,
    *REQUEST,
    *("before kinesis write", "after kinesis write"),
    *("before kinesis snapshot", "after kinesis snapshot"),
    *("before rejects write", "after rejects write"),
    *("before rejects snapshot", "after rejects snapshot"),
)


class Crash(Exception):
    """The process dies here."""


class Fuse:
    """Counts points and burns at one of them.

    Attributes:
        passed: the kind of each point reached, in order; the last one is where it burned.
        has_burned: whether it did.
    """

    def __init__(self, at: int | None = None, kind: str | None = None) -> None:
        """Burn at the point number `at`, from 0, of all points or of one kind; None: never."""
        self.passed: list[str] = []
        self.has_burned = False
        self._at = at
        self._kind = kind

    def point(self, kind: str) -> None:
        """Pass a point.

        Raises:
            Crash: it is the one, or comes after it.
        """
        if not self.has_burned:
            counted = len(self.passed) if self._kind is None else self.passed.count(self._kind)
            self.has_burned = self._kind in (None, kind) and counted == self._at
            self.passed.append(kind)
        if self.has_burned:
            raise Crash(self.passed[-1])
