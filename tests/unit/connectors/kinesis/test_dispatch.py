"""The dispatcher: who waits for what, and what goes by itself."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from connectors.kinesis import (
    KinesisPermissionDenied,
    KinesisRecord,
    KinesisUnreachable,
)
from connectors.kinesis.core.retry import Kind
from tests.unit.connectors.kinesis.work import (
    DEADLINE_S,
    Clock,
    StubClient,
    accept,
    fails,
    raises,
    waits_for,
    working,
)

LOST = KinesisUnreachable("no answer", code="ReadTimeoutError")
DENIED = KinesisPermissionDenied("not allowed", code="AccessDeniedException", kind=Kind.DENIED)


def test_a_flush_sends_everything_and_returns_when_it_is_acknowledged(
    threads: ThreadPoolExecutor,
) -> None:
    """Not earlier, and later records of a key go in their order."""
    answered = threading.Event()
    client = StubClient(accept, waits_for(answered))
    with working(client) as work:
        work.write("a1 b1 a2")
        assert [] == client.requests
        flushed = threads.submit(work.dispatcher.flush)
        client.wait_for_requests(2)
        assert not flushed.done()
        answered.set()
        assert flushed.result(DEADLINE_S) is None
        assert [["a1", "b1"], ["a2"]] == client.requests
        assert (3, 3, 0) == (work.stats.offered, work.stats.acknowledged, work.stats.unsettled)


def test_a_flush_of_nothing_makes_no_request() -> None:
    """Sixty partitions flush one after another, and only the first has something to send."""
    client = StubClient()
    with working(client) as work:
        work.dispatcher.flush()
    assert [] == client.requests


def test_a_lone_record_goes_by_itself() -> None:
    """Without any further call: the timer sends it when it has lingered."""
    client, clock = StubClient(), Clock()
    with working(client, clock=clock, linger_s=0.001) as work:
        work.write("a1")
        clock.now = 1.0
        client.wait_for_requests(1)
    assert [["a1"]] == client.requests


def test_a_failed_request_is_sent_again_by_itself() -> None:
    """After its pause, without any further call."""
    client, clock = StubClient(raises(LOST)), Clock()
    with working(client, clock=clock, random=0.001, linger_s=0.0) as work:
        work.write("a1")
        client.wait_for_requests(1)
        clock.now = 1.0
        client.wait_for_requests(2)
    assert [["a1"], ["a1"]] == client.requests


def test_a_write_blocks_while_there_is_no_room(threads: ThreadPoolExecutor) -> None:
    """It goes on when something was settled, and never holds more than it may."""
    answered = threading.Event()
    client = StubClient(waits_for(answered))
    with working(client, buffer_records=2) as work:
        written = threads.submit(work.write, "a1 a2 a3 b1 b2")
        client.wait_for_requests(1)
        assert (2, False) == (work.stats.offered, written.done())
        answered.set()
        assert written.result(DEADLINE_S) is None
        work.dispatcher.flush()
        assert (5, 5) == (work.stats.offered, work.stats.acknowledged)
    assert [name for names in client.requests for name in names if name[0] == "a"] == [
        *("a1", "a2", "a3")
    ]


def test_requests_are_under_way_at_the_same_time_up_to_the_most() -> None:
    """Their number is bounded, and an answer lets the next one go."""
    meeting = threading.Barrier(3)
    under_way: list[int] = []

    def meet(names: list[str]) -> Any:
        under_way.append(meeting.wait(DEADLINE_S))
        return accept(names)

    client = StubClient(meet, meet, meet)
    with working(client, max_in_flight=3) as work:
        records = [KinesisRecord(b"x", f"key-{number}") for number in range(2_000)]
        work.dispatcher.write([records])
        work.dispatcher.flush()
    assert [0, 1, 2] == sorted(under_way)
    assert [500] * 4 == [len(names) for names in client.requests]


def test_workers_share_one_dispatcher(threads: ThreadPoolExecutor) -> None:
    """Each key's records keep their order, whoever else writes."""
    client = StubClient(*[raises(LOST), fails(a1="InternalFailure")] * 3)
    with working(client, max_in_flight=2) as work:

        def deliver(key: str) -> None:
            for number in range(20):
                work.deliver(f"{key}{number}")

        for future in [threads.submit(deliver, key) for key in "abcd"]:
            future.result(DEADLINE_S)
        assert (80, 80) == (work.stats.offered, work.stats.acknowledged)
    for key in "abcd":
        sent = [name for names in client.requests for name in names if name[0] == key]
        assert [f"{key}{number}" for number in range(20)] == list(dict.fromkeys(sent))
