"""A dispatcher on a client without a network, whose answers a test writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from msgspec import structs

from connectors.kinesis import DeliveryStats, KinesisRecord
from connectors.kinesis.core.actions import DeliverySettings
from connectors.kinesis.core.answer import Entry
from connectors.kinesis.core.shards import Shard
from connectors.kinesis.dead_letters import DeadLetterKeeper
from connectors.kinesis.dispatch import Dispatcher

DEADLINE_S = 20
"""How long to wait for what must come at once."""

SHARD = "shardId-000000000000"

Names = list[str]
Step = Callable[[Names], list[Entry]]
"""Answers a request of records of these names, or raises."""


def accept(names: Names) -> list[Entry]:
    """Write everything."""
    return fails()(names)


def fails(**codes: str) -> Step:
    """Write everything but the records of these names, which have a code each."""

    def step(names: Names) -> list[Entry]:
        return [
            Entry(error_code=codes[name]) if name in codes else Entry("1", SHARD) for name in names
        ]

    return step


def raises(error: BaseException) -> Step:
    """Fail as a whole."""

    def step(names: Names) -> list[Entry]:
        del names
        raise error

    return step


def waits_for(event: threading.Event) -> Step:
    """Write everything, but not before something has happened."""

    def step(names: Names) -> list[Entry]:
        assert event.wait(DEADLINE_S)
        return accept(names)

    return step


class StubClient:
    """Answers each request with the next of these steps, and accepts the later ones.

    Attributes:
        requests: names of the records of each request; a record's name is its data.
        listings: what each ListShards call gives, one after the other, then no shards.
        listed: how many ListShards calls there were.
        closed: how often it was closed.
    """

    def __init__(self, *steps: Step) -> None:
        """Take the steps."""
        self.requests: list[Names] = []
        self.listings: list[list[Shard] | Exception] = []
        self.listed = self.closed = 0
        self._steps = iter(steps)
        self._changed = threading.Condition()

    def prepare(self, records: Sequence[KinesisRecord]) -> Sequence[Any]:
        """Do what needs no network: the names."""
        return [record.data.decode() for record in records]

    def put_records(self, prepared: Sequence[Any], count: int) -> list[Entry]:
        """Answer a request."""
        assert len(prepared) == count
        with self._changed:
            self.requests.append(list(prepared))
            step = next(self._steps, accept)
            self._changed.notify_all()
        return step(list(prepared))

    def list_shards(self) -> list[Shard]:
        """Give the next listing."""
        with self._changed:
            listing = self.listings.pop(0) if self.listings else []
            self.listed += 1
            self._changed.notify_all()
        if isinstance(listing, Exception):
            raise listing
        return listing

    def close(self) -> None:
        """Count it."""
        self.closed += 1

    def wait_for_requests(self, count: int) -> None:
        """Return when so many requests have come."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= count, DEADLINE_S)

    def wait_for_listings(self, count: int) -> None:
        """Return when so many listings were asked for."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.listed >= count, DEADLINE_S)


SETTINGS = DeliverySettings(
    max_in_flight=4,
    linger_s=3600.0,  # nothing goes by itself, unless a test says so
    give_up_s=900.0,
    max_record_bytes=1_000,
    buffer_records=10_000,
    buffer_bytes=1_000_000,
)


class Clock:
    """Seconds that only a test moves."""

    now = 0.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now


class Work:
    """A dispatcher on a client, and what it counts."""

    def __init__(
        self,
        client: StubClient,
        *,
        dead_letters: DeadLetterKeeper | None = None,
        clock: Callable[[], float] | None = None,
        stats: DeliveryStats | None = None,
        random: float = 0.0,
        **changes: Any,
    ) -> None:
        """Start it; the changes are to the settings."""
        self.client = client
        self.stats = stats or DeliveryStats()
        self.dispatcher = Dispatcher(
            client,
            self.stats,
            structs.replace(SETTINGS, **changes),
            dead_letters=dead_letters,
            clock=clock or Clock(),
            wall_clock_us=lambda: 0,
            random=lambda: random,
        )

    def write(self, listed: str) -> None:
        """Write the records of these names: the first letter is the key, all is the data."""
        names = listed.split()
        self.dispatcher.write([[KinesisRecord(name.encode(), name[0]) for name in names]])

    def deliver(self, listed: str) -> None:
        """Write these records and flush."""
        self.write(listed)
        self.dispatcher.flush()


@contextmanager
def working(*args: Any, **more: Any) -> Iterator[Work]:
    """Have a dispatcher, and close it in the end."""
    work = Work(*args, **more)
    try:
        yield work
    finally:
        work.dispatcher.close()
