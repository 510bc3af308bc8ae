"""What holds of the delivery after any sequence of calls, failures and times.

The judge keeps lists of its own: what was handed in of each key, and how far each key has come.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.kinesis import DeliveryStats, KinesisRecord
from connectors.kinesis.core.actions import Aside, Request
from connectors.kinesis.core.answer import Entry
from connectors.kinesis.core.delivery import Delivery
from connectors.kinesis.core.retry import Kind
from connectors.kinesis.core.shards import Shard, ShardMap
from tests.unit.connectors.kinesis.core.made import settings

MAPS = [
    ShardMap([Shard("all", 0, 2**128 - 1)]),
    ShardMap([Shard("low", 0, 2**127 - 1), Shard("high", 2**127, 2**128 - 1)]),
]
CODES = ["", "ProvisionedThroughputExceededException", "InternalFailure", "ValidationException"]
KINDS = [Kind.THROTTLED, Kind.UNAVAILABLE, Kind.DENIED, Kind.INVALID, Kind.REFUSED]
TURNS_MAX = 2_000
"""More than any example needs: a delivery that goes on without end fails instead."""


class Judged:
    """A delivery of which each request and each time is checked."""

    def __init__(self, draw: Any) -> None:
        """Start it with one acknowledged record, so that no mistake in a set-up ends it."""
        self.draw = draw
        self.now = 0.0
        self.most = draw(st.sampled_from([1, 2, 5]))
        self.under_way: list[Request] = []
        self.handed_in: dict[str, list[bytes]] = defaultdict(list)
        self.done: dict[str, int] = defaultdict(int)
        self.stats = DeliveryStats()
        chosen = settings(
            max_in_flight=self.most,
            linger_s=draw(st.sampled_from([0.0, 0.25, 60.0])),
            give_up_s=1e9,
            max_record_bytes=20,
            buffer_records=draw(st.sampled_from([2, 7, 50])),
        )
        self.delivery = Delivery(self.stats, chosen, lambda: draw(st.sampled_from([0.0, 0.5, 1.0])))
        self.offer("a")
        self.delivery.flush()
        self.poll()
        self.answer(self.under_way[0])

    def offer(self, keys: str) -> None:
        """Hand in records of these keys as far as there is room; capital ones are too large."""
        found = []
        for key in keys:
            number = len(self.handed_in[key.lower()])
            data = b"%d " % number + bytes(30 if key.isupper() else 0)
            found.append(KinesisRecord(data, key.lower()))
            self.handed_in[key.lower()].append(data)
        stop = self.delivery.offer(found, 0, self.now)
        for record in reversed(found[stop:]):
            self.handed_in[record.partition_key].pop()
        self.poll()

    def poll(self) -> None:
        """Ask what to do, and judge it."""
        actions = self.delivery.poll(self.now)
        for aside in actions.asides:
            if isinstance(aside, Aside):
                self.settle(aside.record)
        for request in actions.requests:
            keys = [record.partition_key for record in request.records]
            assert 1 <= len(keys) <= 500
            self.under_way.append(request)
        sent = [record for request in self.under_way for record in request.records]
        assert len(sent) == len({record.partition_key for record in sent}), "a key twice"
        for record in sent:
            self.require_first(record)
        assert len(self.under_way) <= self.most
        assert not actions.gave_up
        assert self.now < actions.poll_at, "it is to be asked again, and has said all"
        again = self.delivery.poll(self.now)
        assert ([], [], actions.poll_at) == (again.requests, again.asides, again.poll_at)
        self.poll_at = actions.poll_at

    def require_first(self, record: KinesisRecord) -> None:
        """Require that a record is the oldest of its key that is not settled."""
        key = record.partition_key
        assert record.data == self.handed_in[key][self.done[key]]

    def settle(self, record: KinesisRecord) -> None:
        """Take note that a record was acknowledged or put aside."""
        self.require_first(record)
        self.done[record.partition_key] += 1

    def answer(self, request: Request, codes: tuple[str, ...] = ("",)) -> None:
        """Answer a request with these codes, over and over; "" is for a record that was written."""
        self.under_way.remove(request)
        entries = []
        for place, record in enumerate(request.records):
            code = codes[place % len(codes)]
            entries.append(Entry(error_code=code) if code else Entry("1", "all"))
            if not code:
                self.settle(record)
        self.delivery.answered(request, entries, self.now)
        self.poll()

    def step(self) -> None:
        """Do one thing."""
        choice = self.draw(st.sampled_from(["offer", "offer", "answer", "answer", "time", "other"]))
        if choice == "offer":
            self.offer(self.draw(st.text("abcdefghAB", max_size=12)))
        elif choice == "time":
            soon = math.nextafter(self.now, math.inf)
            later = min(self.poll_at, self.now + 1e6)  # long before it would be over
            self.now = self.draw(st.sampled_from([self.now + 0.1, later, soon]))
            self.poll()
        elif choice == "other":
            self.other()
        elif self.under_way:
            request = self.draw(st.sampled_from(self.under_way))
            if self.draw(st.booleans()):
                codes = self.draw(st.lists(st.sampled_from(CODES), min_size=1, max_size=3))
                self.answer(request, tuple(codes))
            else:
                self.under_way.remove(request)
                self.delivery.failed(request, self.draw(st.sampled_from(KINDS)), "x", self.now)
                self.poll()

    def other(self) -> None:
        """Flush, or list the shards."""
        if self.draw(st.booleans()):
            self.delivery.flush()
        else:
            self.delivery.remap(self.draw(st.sampled_from(MAPS)), self.now)
        self.poll()

    def finish(self) -> None:
        """Let everything go well from now on, and time pass only when the delivery says so."""
        for _ in range(TURNS_MAX):
            if self.delivery.is_empty:
                return
            if self.under_way:
                self.answer(self.under_way[0])
            else:
                assert math.inf > self.poll_at
                self.now = self.poll_at
                self.poll()
        raise AssertionError("it goes on without end")


@given(st.data())
def test_order_holds_and_everything_is_settled(data: st.DataObject) -> None:
    """Each key has one record under way, its oldest, and nothing that was handed in is lost."""
    judged = Judged(data.draw)
    for _ in range(data.draw(st.integers(1, 40))):
        judged.step()
    judged.finish()
    assert judged.done == {key: len(found) for key, found in judged.handed_in.items() if found}
    assert sum(judged.done.values()) == judged.stats.offered
    assert 0 == judged.stats.unsettled
    assert math.inf == judged.poll_at
