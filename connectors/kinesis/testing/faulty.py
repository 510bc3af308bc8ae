"""A fake stream behind faults, by script or by dice.

`FaultyKinesis` asks its plan once for each PutRecords call which fault befalls it, and counts how
often each kind was reached: a test of faults that never came proves nothing.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from .fake import FakeKinesis, Reply
from .faults import (
    CUTS,
    EDITS,
    REFUSALS,
    Fault,
    Lost,
    Refusal,
    altered,
    internal_failure,
    record_count,
    throttle,
    throttle_all,
)

Plan = Callable[[int], Fault | None]
"""Says what befalls the next PutRecords call, given its number of records."""


def script(*faults: Fault | None) -> Plan:
    """These faults in this order, None for a call that is left alone; then no more."""
    return endless(iter(faults))


def endless(faults: Iterable[Fault | None]) -> Plan:
    """As `script`, for faults that may never end, such as `itertools.repeat(throttle_all())`."""
    rest = iter(faults)
    return lambda _: next(rest, None)


class Dice:
    """A plan by chance, the same for the same seed.

    Args:
        seed: Of the chance.
        rates: How often each kind befalls a call, from 0 to 1, in all at most 1. The kinds are the
            names in `EDITS`, `REFUSALS` and `CUTS`, `throttle`, `internal_failure`, `throttle_all`,
            and those in `also`. In a throttled or altered answer, records fail by chance.
        failing: How likely each record fails in such a call.
        also: More kinds, such as `{"slow": slow(3.0)}`.
    """

    def __init__(
        self,
        seed: int,
        rates: Mapping[str, float],
        *,
        failing: float = 0.3,
        also: Mapping[str, Fault] | None = None,
    ) -> None:
        assert sum(rates.values()) <= 1 + 1e-9, "more than each call would meet a fault"
        self._random = random.Random(seed)
        self._rates = rates
        self._failing = failing
        self._fixed = {**REFUSALS, **CUTS, "throttle_all": throttle_all(), **(also or {})}
        unknown = rates.keys() - self._fixed.keys() - _BY_PLACE.keys() - EDITS.keys()
        assert not unknown, f"no such kinds of faults: {sorted(unknown)}"

    def __call__(self, count: int) -> Fault | None:
        """What befalls a call of that many records."""
        drawn = self._random.random()
        for kind, rate in self._rates.items():
            drawn -= rate
            if drawn < 0:
                return self._fixed.get(kind) or self._by_place(kind, count)
        return None

    def _by_place(self, kind: str, count: int) -> Fault:
        places = [place for place in range(count) if self._random.random() < self._failing]
        return altered(kind, *places) if kind in EDITS else _BY_PLACE[kind](*places)


_BY_PLACE = {"throttle": throttle, "internal_failure": internal_failure}


class FaultyKinesis:
    """A fake stream behind faults.

    Args:
        fake: The stream itself.
        plan: What befalls each PutRecords call.
        refused: Other operations that are turned down, such as ListShards without the permission.
    """

    def __init__(
        self, fake: FakeKinesis, plan: Plan, *, refused: Mapping[str, Refusal] | None = None
    ) -> None:
        self.reached: Counter[str] = Counter()
        self.fake = fake
        self._plan = plan
        self._refused = refused or {}

    def call(self, operation: str, body: bytes, now: float) -> Reply | Lost:
        """Carry out an API call at this time in seconds, or what befalls it instead."""
        if operation in self._refused:
            return self._refused[operation].reply
        fault = self._plan(record_count(body)) if operation == "PutRecords" else None
        if fault is None:
            return self.fake.call(operation, body, now)
        self.reached[fault.name] += 1
        return fault.befall(self.fake, body, now)
