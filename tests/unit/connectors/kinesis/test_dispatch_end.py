"""How a dispatcher ends: what its callers are told, and that it starts nothing more."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from connectors.kinesis import (
    DeliveryStats,
    KinesisAccountingError,
    KinesisError,
    KinesisPermissionDenied,
    KinesisUnreachable,
)
from connectors.kinesis.core.retry import Kind
from connectors.kinesis.core.unsettled import Unaccounted
from tests.unit.connectors.kinesis.work import (
    DEADLINE_S,
    Clock,
    StubClient,
    Work,
    fails,
    raises,
    waits_for,
    working,
)

LOST = KinesisUnreachable("no answer", code="ReadTimeoutError")
DENIED = KinesisPermissionDenied("not allowed", code="AccessDeniedException", kind=Kind.DENIED)


def test_giving_up_says_after_how_long_and_why() -> None:
    """The last failure is the reason, and its kind is kept; whoever calls next is told the same."""
    clock = Clock()

    def late(names: list[str]) -> Any:
        clock.now += 400.0
        return fails(**dict.fromkeys(names, "InternalFailure"))(names)

    client = StubClient(late, late, late)
    with working(client, clock=clock) as work:
        with pytest.raises(KinesisUnreachable, match="gave up after 900 s") as caught:
            work.deliver("a1 b1")
        assert "InternalFailure" == caught.value.code
        assert "did not take 2 of 2 records: InternalFailure" in str(caught.value)
        for call in (work.dispatcher.flush, lambda: work.write("c1")):
            with pytest.raises(KinesisUnreachable) as again:
                call()
            assert caught.value is again.value
    assert [["a1", "b1"]] * 3 == client.requests


def test_a_request_that_no_thread_can_send_ends_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would else wait for ever, as if it were under way."""

    def no_thread(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    client = StubClient()
    with working(client) as work:
        monkeypatch.setattr(ThreadPoolExecutor, "submit", no_thread)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            work.deliver("a1")
    assert [] == client.requests


def test_a_mistake_in_the_set_up_is_told_as_it_is() -> None:
    """At once, with its own words, before anything was acknowledged."""
    client = StubClient(raises(DENIED))
    with working(client) as work, pytest.raises(KinesisPermissionDenied) as caught:
        work.deliver("a1")
    assert DENIED is caught.value
    assert [["a1"]] == client.requests


def test_an_end_wakes_a_blocked_writer(threads: ThreadPoolExecutor) -> None:
    """Nobody waits for room that will never come."""
    answered = threading.Event()

    def deny(names: list[str]) -> Any:
        assert answered.wait(DEADLINE_S)
        return raises(DENIED)(names)

    client = StubClient(deny)
    with working(client, buffer_records=1) as work:
        written: Future[None] = threads.submit(work.write, "a1 a2")
        client.wait_for_requests(1)
        answered.set()
        with pytest.raises(KinesisPermissionDenied):
            written.result(DEADLINE_S)


def test_counts_that_do_not_add_up_stop_the_commit() -> None:
    """The balance is checked by a flush, in production too."""
    with working(StubClient()) as work:
        work.stats.offered += 1
        with pytest.raises(KinesisAccountingError, match="offered=1, acknowledged=0"):
            work.dispatcher.flush()


def test_a_defect_in_an_io_thread_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """An invariant that does not hold ends the job, and nothing is committed."""

    def broken(*_: object) -> None:
        raise Unaccounted("7 records are open")

    with working(StubClient()) as work:
        monkeypatch.setattr(work.dispatcher._delivery, "answered", broken)
        with pytest.raises(KinesisAccountingError, match=r"7 records are open\. This is a defect"):
            work.deliver("a1")


def test_whatever_happens_in_an_io_thread_comes_out() -> None:
    """A thread has nobody else to tell."""
    planted = RuntimeError("planted")
    with working(StubClient(raises(planted))) as work, pytest.raises(RuntimeError) as caught:
        work.deliver("a1")
    assert planted is caught.value


def test_counts_of_a_broken_off_execution_are_no_error_of_the_next() -> None:
    """A second execution with the same counts balances its own records only."""
    stats = DeliveryStats()
    first = working(StubClient(raises(DENIED)), stats=stats)
    with first as work, pytest.raises(KinesisPermissionDenied):
        work.deliver("a1")
    with working(StubClient(), stats=stats) as work:
        work.deliver("a1")
    assert (2, 1, 1) == (stats.offered, stats.acknowledged, stats.unsettled)


def test_closing_waits_for_what_is_under_way_and_sends_nothing_more(
    threads: ThreadPoolExecutor,
) -> None:
    """What waits stays unsent, so that the next execution can send it in order."""
    answered = threading.Event()
    client = StubClient(waits_for(answered))
    work = Work(client, linger_s=0.0)
    work.write("a1 a2")
    client.wait_for_requests(1)
    closed = threads.submit(work.dispatcher.close)
    with work.dispatcher._settled:
        assert work.dispatcher._settled.wait_for(lambda: work.dispatcher.is_abandoned, DEADLINE_S)
    assert not closed.done()
    answered.set()
    assert closed.result(DEADLINE_S) is None
    assert [["a1"]] == client.requests
    assert 1 == client.closed
    assert 1 == work.stats.acknowledged


def test_a_close_between_two_looks_of_the_timer_is_noticed(threads: ThreadPoolExecutor) -> None:
    """The timer does not go to sleep on what it saw before."""
    work = Work(StubClient())
    dispatcher, lock = work.dispatcher, work.dispatcher._lock
    closing, notified = threading.Event(), threading.Event()
    shutdown = dispatcher._io.shutdown

    def shut_down(**how: bool) -> None:  # which a close does when it has notified all others
        notified.set()
        shutdown(**how)

    class Between:
        """The lock; it lets a close go first when the timer comes."""

        def __enter__(self) -> None:
            if threading.current_thread() is dispatcher._timer:
                closing.set()
                assert notified.wait(DEADLINE_S)
            lock.acquire()

        def __exit__(self, *_: object) -> None:
            lock.release()

    vars(dispatcher._io)["shutdown"] = shut_down
    vars(dispatcher)["_lock"] = Between()
    with lock:
        dispatcher._sooner.notify_all()
    assert closing.wait(DEADLINE_S)
    assert threads.submit(dispatcher.close).result(DEADLINE_S) is None


def test_closing_never_raises_and_may_be_repeated() -> None:
    """An error while closing would hide the real one, or abort the process."""

    class Stuck(StubClient):
        def close(self) -> None:
            raise OSError

    work = Work(Stuck())
    work.dispatcher.close()
    work.dispatcher.close()


def test_after_closing_nothing_is_taken() -> None:
    """It says that it is closed; there is nothing to flush either."""
    work = Work(StubClient())
    work.dispatcher.close()
    for call in (work.dispatcher.flush, lambda: work.write("a1")):
        with pytest.raises(KinesisError, match="the sink was closed"):
            call()


def test_closing_wakes_a_blocked_writer(threads: ThreadPoolExecutor) -> None:
    """It is told that the sink was closed."""
    answered = threading.Event()
    client = StubClient(waits_for(answered))
    work = Work(client, buffer_records=1)
    written = threads.submit(work.write, "a1 a2")
    client.wait_for_requests(1)
    closed = threads.submit(work.dispatcher.close)
    with pytest.raises(KinesisError, match="the sink was closed"):
        written.result(DEADLINE_S)
    answered.set()
    closed.result(DEADLINE_S)


def test_an_abandoned_dispatcher_starts_nothing_more() -> None:
    """It needs no close for that: an answer that comes late leads to no other request."""
    answered = threading.Event()
    client = StubClient(waits_for(answered))
    with working(client, linger_s=0.0) as work:
        work.write("a1 a2")
        client.wait_for_requests(1)
        work.dispatcher.abandon()
        answered.set()
    assert [["a1"]] == client.requests
