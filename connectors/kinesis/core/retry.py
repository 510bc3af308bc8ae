"""When to try again, and when to stop trying: a policy as a value that never sleeps.

Back-off with full jitter, from https://aws.amazon.com/blogs/architecture/
exponential-backoff-and-jitter/ : a random part of a ceiling that doubles with each failure.
Time and randomness are passed in.
"""

from __future__ import annotations

from collections.abc import Callable

BASE_S = 0.05
"""Ceiling of the first pause: a few round trips to a service in the same region."""

CAP_S = 5.0
"""Ceiling of any pause: how long an end of the trouble may go unnoticed."""

_DOUBLINGS = 10  # 2**10 * BASE_S is above CAP_S; more would only make the number huge


class Patience:
    """Counts failures since the last progress; progress is one acknowledged record.

    Args:
        give_up_s: How long requests may fail without any progress.
        random: Gives a number from 0 to 1.
    """

    def __init__(self, give_up_s: float, random: Callable[[], float]) -> None:
        """Start without failures."""
        self.give_up_s = give_up_s
        self._random = random
        self._failures = 0
        self._stuck_since: float | None = None

    def progress(self) -> None:
        """Forget all failures: at least one record was acknowledged."""
        self._failures = 0
        self._stuck_since = None

    def pause_s(self, started: float, now: float) -> float | None:
        """Seconds to wait before the next request, or None to give up.

        Args:
            started: When the request began that left something unacknowledged.
            now: The present; both by the same clock, in seconds.
        """
        if self._stuck_since is None:
            self._stuck_since = started
        left_s = self._stuck_since + self.give_up_s - now
        if left_s <= 0:
            return None
        ceiling_s = min(CAP_S, BASE_S * 2.0 ** min(self._failures, _DOUBLINGS))
        self._failures += 1
        return min(self._random() * ceiling_s, left_s)
