"""A clock that a test moves by hand, so that hours pass in no time and always the same way."""

from __future__ import annotations


class VirtualClock:
    """Seconds that pass only when told to.

    Args:
        start: What the clock shows first, in seconds; where zero lies is up to the user.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """What the clock shows, in seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let some seconds pass; never negative."""
        self.advance_to(self._now + seconds)

    def advance_to(self, time: float) -> None:
        """Move on to a time that is not in the past."""
        assert time >= self._now, f"a clock never goes back, from {self._now} to {time}"
        self._now = time
