"""The threads that read: what they do at the same time, how they end, and what they tell."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from connectors.kinesis import KinesisError, KinesisPermissionDenied, KinesisUnreachable
from connectors.kinesis.core.positions import SlotState
from connectors.kinesis.core.read_calls import GetShardIterator, ReadAnswer
from connectors.kinesis.core.reading import Reading
from connectors.kinesis.core.retry import Kind
from connectors.kinesis.core.shards import Shard
from connectors.kinesis.core.source_record import KinesisSourceRecord
from connectors.kinesis.fetch import Fetcher
from tests.support.waiting import wait_until

DEADLINE_S = 20
"""How long to wait for what must come at once."""

HOUR_S = 3600.0
NOW = 1_000_000_000.0


def shards(count: int) -> list[Shard]:
    """Shards of equal size; up to 256 have a slot each."""
    size = 2**128 // count
    return [Shard(f"shard-{n}", n * size, (n + 1) * size - 1) for n in range(count)]


class Stub:
    """A stream without a network: each shard gives one record a call, numbered from 1.

    Attributes:
        listing: What ListShards gives.
        asked: Iterators that GetRecords was asked with, in order.
        at_once: Most calls that were under way at a time.
        step: Called in each GetRecords call, with its iterator; may wait or raise.
        closed: Set when the client is closed.
    """

    def __init__(self, count: int, step: Callable[[str], object] = str) -> None:
        """Have so many shards."""
        self.listing = shards(count)
        self.asked: list[str] = []
        self.at_once = self._under_way = 0
        self.step = step
        self.closed = threading.Event()
        self._lock = threading.Lock()

    def list_shards(self) -> list[Shard]:
        """Give the listing."""
        return self.listing

    def get_shard_iterator(self, place: GetShardIterator) -> str:
        """Give the shard and a number."""
        return f"{place.shard.id} 1"

    def get_records(self, iterator: str) -> ReadAnswer:
        """Give a record, and more to come at once."""
        with self._lock:
            self.asked.append(iterator)
            self._under_way += 1
            self.at_once = max(self.at_once, self._under_way)
        try:
            self.step(iterator)
        finally:
            with self._lock:
                self._under_way -= 1
        shard, number = iterator.split()
        record = KinesisSourceRecord(iterator.encode(), "key", number, NOW)
        return ReadAnswer([record], f"{shard} {int(number) + 1}", 1, 10)

    def close(self) -> None:
        """Take note."""
        self.closed.set()


class Clock:
    """Seconds that pass when told, or by so many with each look."""

    def __init__(self, step_s: float = 0.0) -> None:
        """Begin."""
        self.now = NOW
        self.step_s = step_s

    def __call__(self) -> float:
        """Give the time."""
        self.now += self.step_s
        return self.now


@contextmanager
def fetching(stub: Any, *slots: int, **more: Any) -> Iterator[Fetcher]:
    """Read these slots of a stream."""
    in_flight, clock = more.pop("max_in_flight", 16), more.pop("clock", None) or Clock()
    reading = Reading("trim_horizon", **{"give_up_s": 900.0, "random": lambda: 0.0, **more})
    fetcher = Fetcher(stub, reading, out_of_range="keep", max_in_flight=in_flight, clock=clock)
    for slot in slots:
        fetcher.own(slot, None)
    try:
        yield fetcher
    finally:
        fetcher.close()
        assert stub.closed.wait(DEADLINE_S)


def taken(fetcher: Fetcher, slot: int) -> list[str]:
    """Wait for something of a slot: its records' data."""
    found: list[str] = []

    def look() -> bool:
        found.extend(r.data.decode() for records in fetcher.take(slot) for r in records)
        return bool(found)

    wait_until(look)
    return found


def test_nothing_is_read_before_somebody_asks() -> None:
    """Owning slots starts no thread, so that all of them are known when reading begins."""
    stub = Stub(1)
    before = threading.active_count()
    with fetching(stub, 0):
        assert before == threading.active_count()
    assert [] == stub.asked


def test_what_is_read_is_given_out_once_and_its_place_is_known() -> None:
    """The state is that of what was given out."""
    with fetching(Stub(1), 0) as fetcher:
        assert SlotState(None) == fetcher.state(0)
        assert ["shard-0 1"] == taken(fetcher, 0)
        state = fetcher.state(0).shards["shard-0"]
    assert ("1", 1, False) == (state.sequence_number, state.ordinal, state.closed)


def test_only_what_is_owned_is_read() -> None:
    """Another process has the other half of the stream, which is slot 1."""
    stub = Stub(2)
    with fetching(stub, 1) as fetcher:
        taken(fetcher, 1)
        assert frozenset({1}) == fetcher.busy
    assert {"shard-1"} == {iterator.split()[0] for iterator in stub.asked}


def test_shards_are_read_at_the_same_time_but_not_more_than_allowed() -> None:
    """Eight shards and three calls: the third is under way while the first two are."""
    together = threading.Barrier(3)

    def meet(iterator: str) -> None:
        if iterator in {"shard-0 1", "shard-1 1", "shard-2 1"}:
            together.wait(DEADLINE_S)

    stub = Stub(8, meet)
    slots = range(8)
    with fetching(stub, *slots, max_in_flight=3) as fetcher:
        for slot in slots:
            taken(fetcher, slot)
    assert 3 == stub.at_once


def test_nothing_more_is_read_of_a_shard_while_nobody_takes() -> None:
    """However long that lasts: one answer a shard is held."""
    clock = Clock()
    stub = Stub(2)
    with fetching(stub, 0, 1, clock=clock) as fetcher:
        fetcher.take(0)
        wait_until(lambda: fetcher.stats().held_bytes == 20)
        clock.step_s = HOUR_S
        fetcher.own(2, None)  # makes a thread look
        wait_until(lambda: fetcher.stats().calls["ListShards"] > 1)
        assert 20 == fetcher.stats().held_bytes
    assert 2 == len(stub.asked)


def test_a_full_buffer_stops_all_shards_until_something_is_taken() -> None:
    """Room for one answer: the second shard waits for the first to be given out."""
    stub = Stub(2)
    with fetching(stub, 0, 1, buffer_bytes=5, max_in_flight=1) as fetcher:
        fetcher.take(0)
        wait_until(lambda: fetcher.stats().held_bytes == 10)
        assert ["shard-0 1"] == stub.asked
        taken(fetcher, 0)
        taken(fetcher, 1)


def test_closing_does_not_wait_for_a_call_whose_answer_is_thrown_away() -> None:
    """The last thread to end closes the client."""
    called, over = threading.Event(), threading.Event()

    def hang(_: str) -> None:
        called.set()
        assert over.wait(DEADLINE_S)

    stub = Stub(1, hang)
    with fetching(stub, 0) as fetcher:
        fetcher.take(0)
        assert called.wait(DEADLINE_S)
        fetcher.close()
        assert not stub.closed.is_set()
        over.set()
    assert 0 == fetcher.stats().held_bytes


def test_threads_do_not_keep_a_process_alive() -> None:
    """They end with it, whatever they wait for."""
    with fetching(Stub(4), *range(4)) as fetcher:
        taken(fetcher, 0)
        ours = [t for t in threading.enumerate() if t.name.startswith("kinesis-read")]
        assert ours
        assert all(thread.daemon for thread in ours)


def test_what_cannot_be_read_is_raised_where_it_is_taken() -> None:
    """A permission that was never there ends it at once, for every slot."""
    denied = KinesisPermissionDenied("no", code="AccessDeniedException", kind=Kind.DENIED)

    def refuse(_: str) -> None:
        raise denied

    with fetching(Stub(1, refuse), 0, 1) as fetcher:
        with pytest.raises(KinesisPermissionDenied):
            taken(fetcher, 0)
        with pytest.raises(KinesisPermissionDenied):
            fetcher.take(1)


def test_a_defect_in_a_thread_is_raised_where_it_is_taken() -> None:
    """It is not lost with the thread."""

    def break_down(_: str) -> None:
        raise ZeroDivisionError

    with fetching(Stub(1, break_down), 0) as fetcher, pytest.raises(ZeroDivisionError):
        taken(fetcher, 0)


def test_a_trouble_is_told_and_overcome(caplog: pytest.LogCaptureFixture) -> None:
    """The record comes."""
    left = ["throttled"] * 3

    def throttle(_: str) -> None:
        if left:
            code = "ProvisionedThroughputExceededException"
            raise KinesisUnreachable(left.pop(), code=code, kind=Kind.THROTTLED)

    with fetching(Stub(1, throttle), 0, clock=Clock(1.0), give_up_s=1e9) as fetcher:
        assert ["shard-0 1"] == taken(fetcher, 0)
        assert 3 == fetcher.stats().throttled
    said = caplog.records[0]
    assert (logging.WARNING, "read_failed") == (said.levelno, said.getMessage())


def test_giving_up_raises_the_last_failure() -> None:
    """After `give_up_s` without an answer, by the clock."""

    def fail(_: str) -> None:
        raise KinesisUnreachable("no answer", code="TimeoutError")

    with (
        fetching(Stub(1, fail), 0, clock=Clock(10.0), give_up_s=100.0) as fetcher,
        pytest.raises(KinesisError, match="no answer"),
    ):
        taken(fetcher, 0)


def test_what_was_trimmed_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A shard that was not read to its end is no longer there."""
    stub, clock = Stub(1), Clock()
    with fetching(stub, 0, clock=clock) as fetcher:
        taken(fetcher, 0)
        stub.listing = []
        clock.now += HOUR_S
        fetcher.own(1, None)
        wait_until(lambda: fetcher.stats().trimmed == 1)
    told = [said for said in caplog.records if said.getMessage() == "records_trimmed"]
    assert [("shard-0", True)] == [(s.__dict__["shard"], s.__dict__["gone"]) for s in told]
