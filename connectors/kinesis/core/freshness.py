"""How old what records show is when they are acknowledged: a histogram.

Age is the time of acknowledgement less the time that the record carries, both by wall clocks: the
producer's and ours, so it is as good as they agree. A time that lies ahead counts as an age of 0.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

import msgspec

from .record import KinesisRecord

_US_PER_S = 1_000_000

BOUNDS_S = (0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 300, 1_800, 3_600, 21_600, 86_400)
"""Upper bounds of the buckets, in seconds: from half a linger time to a day of backlog, close
together where the goals lie (300 ms and 1 s)."""

_BOUNDS_US = tuple(round(bound_s * _US_PER_S) for bound_s in BOUNDS_S)


class Freshness(msgspec.Struct):
    """Ages of acknowledged records that carry a time.

    Attributes:
        within: For each of `BOUNDS_S`, how many were at most so old; then how many there were.
            Replaced whole, so that another thread reads one moment of it.
        sum_us: Sum of all ages, in microseconds.
    """

    within: tuple[int, ...] = (0,) * (len(BOUNDS_S) + 1)
    sum_us: int = 0

    def observe(self, records: Iterable[KinesisRecord], now_us: int) -> None:
        """Count records that were acknowledged at this time, in microseconds UTC.

        One sort and one look per bucket cost less than a look per record.
        """
        times = sorted([record.time_us for record in records if record.time_us])
        if not times:
            return
        count, past = len(times), bisect_right(times, now_us)
        older = [bisect_left(times, now_us - bound_us) for bound_us in _BOUNDS_US]
        self.within = tuple(
            [before + count - more for before, more in zip(self.within, [*older, 0], strict=True)]
        )
        self.sum_us += past * now_us - sum(times[:past])
