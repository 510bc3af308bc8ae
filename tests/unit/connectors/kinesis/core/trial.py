"""A delivery that is driven by hand: its time stands still until it is told.

What it sends is shown by name, a request as one text: `["a1 b1", "c1"]` are two requests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from connectors.kinesis import DeliveryStats, KinesisRecord
from connectors.kinesis.core.actions import Aside, Request, Superseded
from connectors.kinesis.core.answer import Entry
from connectors.kinesis.core.delivery import Delivery
from connectors.kinesis.core.retry import Kind
from tests.unit.connectors.kinesis.core.made import failed, names, records, settings, taken


class Trial:
    """One delivery, where every pause is the longest there may be.

    Attributes:
        now: the time, in seconds.
        under_way: requests that are not answered yet.
        actions: what was decided last.
        asides: all that was told of records put aside.
        failures: the codes that the last answer was found to hold.
    """

    def __init__(self, aside_keys: Iterable[str] = (), **changes: Any) -> None:
        """Start at 0 s; the changes are to the settings."""
        self.now = 0.0
        self.under_way: list[Request] = []
        self.stats = DeliveryStats()
        self.asides: list[Aside | Superseded] = []
        self.failures: Counter[str] = Counter()
        self.delivery = Delivery(self.stats, settings(**changes), lambda: 1.0, aside_keys)
        self.actions = self.delivery.poll(0.0)

    def poll(self) -> list[str]:
        """Ask what to do; gives the requests that are sent now, as all of these do."""
        self.actions = self.delivery.poll(self.now)
        self.under_way += self.actions.requests
        self.asides += self.actions.asides
        return [names(request.records) for request in self.actions.requests]

    def at(self, now: float) -> list[str]:
        """Let time pass."""
        self.now = now
        return self.poll()

    def offer(self, listed: str, **more: Any) -> list[str]:
        """Hand records in, for which there must be room."""
        return self.hand_in(records(listed, **more))

    def hand_in(self, found: Sequence[KinesisRecord]) -> list[str]:
        """Hand records in that do not go by a name."""
        assert len(found) == self.delivery.offer(found, 0, self.now)
        return self.poll()

    def flush(self) -> list[str]:
        """Let nothing linger."""
        self.delivery.flush()
        return self.poll()

    def answer(self, sent: str, **codes: str) -> list[str]:
        """Answer the request of these names: records with a code were not written."""
        request = self._end(sent)
        entries = [
            failed(codes[name]) if name in codes else taken()
            for name in names(request.records).split()
        ]
        return self.answer_with(request, entries)

    def answer_with(self, request: Request, entries: list[Entry]) -> list[str]:
        """Answer a request with these entries."""
        self.failures = self.delivery.answered(request, entries, self.now)
        return self.poll()

    def fail(self, sent: str, kind: Kind, code: str = "code") -> list[str]:
        """Let the request of these names fail as a whole."""
        self.delivery.failed(self._end(sent), kind, code, self.now)
        return self.poll()

    def _end(self, sent: str) -> Request:
        (request,) = (each for each in self.under_way if names(each.records) == sent)
        self.under_way.remove(request)
        return request
