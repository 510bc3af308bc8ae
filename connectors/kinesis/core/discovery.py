"""When to list a stream's shards, and whether everything that could be known is known."""

from __future__ import annotations

import math
from collections.abc import Callable

from .retry import Backoff, Patience

DISCOVERY_S = 10.0
"""Longest time from one listing to the next, as Flink's and Amazon's readers have it. Each is drawn
between half of it and all of it, so that processes do not list in step."""

LISTING_GAP_S = 1.0
"""Least time between listings, however many shards end: one may take 10 calls, of the 1,000 a
second that a stream allows (API_ListShards.html, read in November 2026)."""


class Discovery:
    """Decides when to list; one listing is under way at a time.

    Attributes:
        due_at: When to list next; infinite while a listing is under way.
        began_at: When the last listing was begun.

    Args:
        give_up_s: How long listing may fail without one good answer.
        random: Gives a number from 0 to 1.
    """

    def __init__(self, give_up_s: float, random: Callable[[], float]) -> None:
        """Start without a reason to list."""
        self.due_at = math.inf
        self.began_at = -math.inf
        self._random = random
        self._patience = Patience(give_up_s, Backoff(random))
        self._begun = 0
        self._is_under_way = False
        self._needed = 1

    @property
    def is_complete(self) -> bool:
        """Whether a listing came back that was begun after the last reason for one."""
        return self._begun >= self._needed and not self._is_under_way

    def soon(self) -> None:
        """List, not by a listing that is under way already: it may be older than the reason."""
        self._needed = self._begun + 1
        if not self._is_under_way:
            self.due_at = min(self.due_at, self.began_at + LISTING_GAP_S)

    def begin(self, now: float) -> None:
        """Begin a listing."""
        self.due_at, self.began_at = math.inf, now
        self._begun += 1
        self._is_under_way = True

    def done(self, now: float) -> None:
        """Take note that it came back."""
        self._is_under_way = False
        self._patience.progress(now)
        wait_s = DISCOVERY_S * (1 - self._random() / 2)
        self.due_at = self.began_at + (wait_s if self.is_complete else LISTING_GAP_S)

    def failed(self, now: float) -> bool:
        """Take note that it failed; says whether the time for trying again is over."""
        self._is_under_way = False
        self._needed = self._begun + 1
        self._patience.request_failed(self.began_at, now)
        self.due_at = self._patience.paused_until
        return now >= self._patience.over_at
