"""Requests that are unanswered, and the halves of those that were refused for what is in them."""

from __future__ import annotations

from collections import deque

from .actions import Request
from .unsettled import Unaccounted


class Flight:
    """Requests under way.

    Attributes:
        suspects: Parts of refused requests, to be sent alone.

    Args:
        most: How many may be under way.
    """

    def __init__(self, most: int) -> None:
        """Start with nothing under way."""
        self._most = most
        self.suspects: deque[Request] = deque()
        self._requests: set[Request] = set()
        self._records = 0

    def __len__(self) -> int:
        """Number of requests under way."""
        return len(self._requests)

    @property
    def is_full(self) -> bool:
        """Whether no other request may begin."""
        return len(self._requests) >= self._most

    @property
    def records(self) -> int:
        """Number of records under way or suspect."""
        return self._records + sum(len(part.records) for part in self.suspects)

    @property
    def is_searching(self) -> bool:
        """Whether a part of a refused request is yet to be answered."""
        return bool(self.suspects) or any(r.refused_at is not None for r in self._requests)

    def begin(self, request: Request) -> None:
        """Send a request."""
        self._requests.add(request)
        self._records += len(request.records)

    def end(self, request: Request) -> None:
        """Take note that a request was answered, or never will be.

        Raises:
            Unaccounted: It is not under way.
        """
        if request not in self._requests:
            raise Unaccounted("an answer to a request that is not under way")
        self._requests.remove(request)
        self._records -= len(request.records)

    def halve(self, request: Request, now: float) -> bool:
        """Let both halves of a refused request be sent alone; False if one record is left."""
        half = len(request.records) // 2
        if not half:
            return False
        since = now if request.refused_at is None else request.refused_at
        for records in (request.records[:half], request.records[half:]):
            self.suspects.append(Request(records, now, refused_at=since))
        return True

    def next_suspect(self, now: float) -> Request:
        """Give the next part to send."""
        part = self.suspects.popleft()
        return Request(part.records, now, refused_at=part.refused_at)
