"""Does what `core.delivery` decides: sends, waits, keeps dead letters, and pushes back.

Promise: `flush` returns only when every record handed in was acknowledged or is a dead letter on
the disk; else an error is raised, and whoever runs the job must not commit. Once an error was
raised nothing more is sent.

Who does what: callers of `write` and `flush` (Bytewax's workers) put requests together and make the
bodies; light I/O threads send them and settle the answers; a timer thread asks when something is
due. All ask the delivery under one lock, which nobody holds while waiting for the network. Callers
wait while there is no room: that is how the sink pushes back.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from .core.actions import DeliverySettings, Request
from .core.answer import Entry
from .core.delivery import Delivery
from .core.record import KinesisRecord
from .core.shards import Shard, ShardMap
from .core.stats import DeliveryStats, Levels
from .core.unsettled import Unaccounted
from .dead_letters import DeadLetterKeeper, keep
from .errors import KinesisError, defect, entries_failed

RELIST_S = 1.0
"""Shortest time between two listings of the shards; a reshard takes longer."""

_LOOK_UP_S = 60.0
"""How long the timer sleeps at most: after that it sees that nobody wants it any more."""

_log = logging.getLogger(__name__)


class Client(Protocol):
    """What a dispatcher needs of a client; see `client.KinesisClient`."""

    def prepare(self, records: Sequence[KinesisRecord]) -> Sequence[Any]:
        """Do what needs no network."""

    def put_records(self, prepared: Sequence[Any], count: int) -> list[Entry]:
        """Make one request: an entry per record, or a `KinesisError`."""

    def list_shards(self) -> list[Shard]:
        """List the shards, or a `KinesisError`."""

    def close(self) -> None:
        """Close the connections."""


class Dispatcher:
    """Takes records and answers for them. Workers of one process may share it.

    Attributes:
        is_abandoned: Whether nothing more is started.

    Args:
        client: Makes the calls; closed with the dispatcher.
        stats: Counted up.
        settings: How to deliver.
        dead_letters: Where records go that can never be accepted; None makes them an error.
        clock: Seconds, never going back.
        wall_clock_us: Microseconds since 1970 UTC, for the freshness of records.
        random: Gives a number from 0 to 1.
    """

    def __init__(
        self,
        client: Client,
        stats: DeliveryStats,
        settings: DeliverySettings,
        *,
        dead_letters: DeadLetterKeeper | None,
        clock: Callable[[], float],
        wall_clock_us: Callable[[], int],
        random: Callable[[], float],
    ) -> None:
        self._client = client
        self._stats = stats
        self._unsettled_before = stats.unsettled  # of an execution that was broken off
        self._settings = settings
        self._dead_letters = dead_letters
        self._clock = clock
        self._wall_clock_us = wall_clock_us
        open_keys = () if dead_letters is None else dead_letters.open_keys()
        self._delivery = Delivery(stats, settings, random, open_keys)
        self._lock = threading.Lock()
        self._settled = threading.Condition(self._lock)  # there is room, or nothing left, or an end
        self._sooner = threading.Condition(self._lock)  # the timer has to look again
        self._poll_at = math.inf
        self._list_again_at = -math.inf
        self._last_failure = KinesisError("nothing was acknowledged")
        self._ended_by: BaseException | None = None
        self.is_abandoned = False
        self._io = ThreadPoolExecutor(settings.max_in_flight + 1, thread_name_prefix="kinesis-io")
        self._timer = threading.Thread(
            target=self._do, args=(self._keep_time,), name="kinesis-timer", daemon=True
        )
        self._timer.start()

    def write(self, batches: Iterable[Sequence[KinesisRecord]]) -> None:
        """Take records; blocks while there is no room for more.

        Raises:
            KinesisError: It is over; see `flush`.
        """
        for records in batches:
            place = 0
            while place < len(records):
                with self._lock:
                    self._wait_for(lambda: self._delivery.has_room)
                    place = self._delivery.offer(records, place, self._clock())
                    requests = self._poll()
                self._send_soon(requests)

    def flush(self) -> None:
        """Return when nothing is left to answer for.

        Raises:
            KinesisError: No progress for too long, or none is possible and nothing was
                acknowledged yet.
            DeadLettersFull: A record can never be accepted and there is no room to keep it.
        """
        with self._lock:
            self._delivery.flush()
            requests = self._poll()
        self._send_soon(requests)
        with self._lock:
            self._wait_for(lambda: self._delivery.is_empty)
            if self._dead_letters is not None:
                self._dead_letters.sync()
            if self._stats.unsettled != self._unsettled_before:
                raise defect(f"after a flush the counts do not add up: {self._stats}")

    def levels(self) -> Levels:
        """Say what there is to answer for at this moment."""
        with self._lock:
            return self._delivery.levels()

    def abandon(self) -> None:
        """Start nothing more. Takes no lock: it may be called while garbage is collected."""
        self.is_abandoned = True

    def close(self) -> None:
        """Let go of threads, connections and files; never raises, and may be called again.

        Records that wait stay unsent: they belong to an epoch that was not committed, and come
        again. Returns when no request is under way any more, so that whatever the next execution
        sends comes after it.
        """
        self.abandon()
        with self._lock:
            self._sooner.notify_all()
            self._settled.notify_all()
        self._io.shutdown(cancel_futures=True)
        self._timer.join()
        with contextlib.suppress(OSError):  # nothing is lost: what counts was synced by `flush`
            if self._dead_letters is not None:
                self._dead_letters.close()
            self._client.close()

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        """Let others work until a condition holds, or it is over."""
        while True:
            if self._ended_by is not None:
                raise self._ended_by
            if self.is_abandoned:
                raise KinesisError("the sink was closed; start again, nothing was lost")
            if condition():
                return
            self._settled.wait()

    def _poll(self) -> list[Request]:
        """Ask the delivery, and do what needs no network; the lock is held."""
        if self._ended_by is not None or self.is_abandoned:
            return []
        now = self._clock()
        actions = self._delivery.poll(now)
        try:
            for aside in actions.asides:
                keep(self._dead_letters, aside, now)
        except KinesisError as error:
            self._end(error)
            return []
        if actions.gave_up:
            self._end(self._giving_up())
            return []
        if actions.wants_shards and now >= self._list_again_at:
            self._list_again_at = now + RELIST_S
            self._soon(self._list_shards)
        if actions.poll_at < self._poll_at:
            self._sooner.notify()
        self._poll_at = actions.poll_at
        return actions.requests

    def _giving_up(self) -> KinesisError:
        failure = self._last_failure
        if failure.needs_person and not self._stats.acknowledged:
            return failure  # a mistake in the set-up: better said now than after give_up_s
        said = f"gave up after {self._settings.give_up_s:g} s without progress: {failure}"
        return type(failure)(said, code=failure.code, kind=failure.kind)

    def _end(self, error: BaseException) -> None:
        """Send nothing more; whoever calls next gets the error. The lock is held."""
        self._ended_by = self._ended_by or error
        self._settled.notify_all()
        self._sooner.notify_all()

    def _send_soon(self, requests: Sequence[Request]) -> None:
        """Make the bodies here, so that little is left to the I/O threads."""
        for request in requests:
            self._soon(self._send, request, self._client.prepare(request.records))

    def _soon(self, task: Callable[..., None], *arguments: object) -> None:
        try:
            self._io.submit(self._do, task, *arguments)
        except RuntimeError:  # no thread can be started, or the pool was closed meanwhile
            if not self.is_abandoned:
                raise

    def _do(self, task: Callable[..., None], *arguments: object) -> None:
        """Do a task of another thread; what goes wrong is the business of those who write."""
        if self.is_abandoned or self._ended_by is not None:
            return
        try:
            task(*arguments)
        except BaseException as error:  # noqa: BLE001 - a thread has nobody else to tell
            with self._lock:
                self._end(defect(str(error)) if isinstance(error, Unaccounted) else error)

    def _send(self, request: Request, prepared: Sequence[Any]) -> None:
        answer: list[Entry] | KinesisError
        try:
            answer = self._client.put_records(prepared, len(request.records))
        except KinesisError as error:
            answer = error
        with self._lock:
            now = self._clock()
            if isinstance(answer, KinesisError):
                self._last_failure = answer
                self._delivery.failed(request, answer.kind, answer.code, now)
            elif codes := self._delivery.answered(request, answer, now, self._wall_clock_us()):
                self._last_failure = entries_failed(codes, len(answer))
            requests = self._poll()
            if self._delivery.has_room:
                self._settled.notify_all()
        self._send_soon(requests)

    def _list_shards(self) -> None:
        try:
            shards = self._client.list_shards()
        except KinesisError as error:
            if error.needs_person:
                self._list_again_at = math.inf
            effect = "a throttle slows its records one by one, not their whole shard"
            _log.warning("shards_not_listed", extra={"effect": effect, "error": str(error)})
            return
        with self._lock:
            self._delivery.remap(ShardMap(shards), self._clock())
            requests = self._poll()
        self._send_soon(requests)

    def _keep_time(self) -> None:
        """Ask the delivery whenever something is due by itself."""
        while True:
            with self._lock:
                if self.is_abandoned or self._ended_by is not None:
                    return
                wait_s = self._poll_at - self._clock()
                if wait_s > 0:
                    self._sooner.wait(min(wait_s, _LOOK_UP_S))
                    continue
                self._poll_at = math.inf  # until the delivery says otherwise
                requests = self._poll()
            self._send_soon(requests)
