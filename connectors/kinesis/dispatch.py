"""Does what `core.delivery` and `core.retry` decide: sends, waits, gives up, keeps dead letters.

Promise: `flush` returns only when every record handed in was acknowledged or is a dead letter on
the disk; else an error is raised, and whoever runs the job must not commit. All calls are made
under one lock, so workers of one process may share a dispatcher.

Left out: more than one request in flight, sending a partly filled request before a flush.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from .core.delivery import Delivery, DeliveryStats
from .core.record import KinesisRecord, refusal
from .core.retry import Patience
from .dead_letters import DeadLetters
from .errors import (
    KinesisAccountingError,
    KinesisError,
    KinesisRecordRefused,
    KinesisUnreachable,
)


class Client(Protocol):
    """What a dispatcher needs of a client; see `client.KinesisClient`."""

    def put_records(self, records: Sequence[KinesisRecord]) -> list[str | None]:
        """Make one request: an outcome per record, or a `KinesisError`."""

    def close(self) -> None:
        """Close the connections."""


class Dispatcher:
    """Takes records and answers for them.

    Args:
        client: Makes the requests; closed with the dispatcher.
        stats: Counted up.
        dead_letters: Where records go that can never be accepted; None makes them an error.
        patience: When to try again and when to give up.
        clock: Seconds, never going back.
        sleep: Waits some seconds.
    """

    def __init__(
        self,
        client: Client,
        stats: DeliveryStats,
        *,
        dead_letters: DeadLetters | None,
        patience: Patience,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._client = client
        self._stats = stats
        self._unsettled_before = stats.unsettled  # of an execution that was broken off
        self._dead_letters = dead_letters
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._delivery = Delivery(stats)
        self._lock = threading.Lock()

    def write(self, batches: Iterable[Iterable[KinesisRecord]]) -> None:
        """Take records, and send as long as a full request waits.

        Raises:
            KinesisError: Gave up; see `flush`.
        """
        with self._lock:
            for batch in batches:
                for record in batch:
                    self._stats.offered += 1
                    cause = refusal(record)
                    if cause is None:
                        self._delivery.add(record)
                    else:
                        self._put_away(record, cause)
            while self._delivery.is_due:
                self._send()

    def flush(self) -> None:
        """Return when nothing is left to answer for.

        Raises:
            KinesisError: No progress for too long, or none is possible and nothing was
                acknowledged yet.
            DeadLettersFull: A record can never be accepted and there is no room to keep it.
        """
        with self._lock:
            while not self._delivery.is_empty:
                self._send()
            if self._dead_letters is not None:
                self._dead_letters.sync()
            if self._stats.unsettled != self._unsettled_before:
                raise KinesisAccountingError(
                    f"after a flush the counts do not add up: {self._stats}. This is a defect of "
                    "the Kinesis connector: please report it. Nothing was committed; starting "
                    "again sends the last epoch once more."
                )

    def close(self) -> None:
        """Let go of connections and files; never raises, and records that wait stay unsent.

        They belong to an epoch that was not committed, and come again.
        """
        with contextlib.suppress(OSError):  # nothing is lost: what counts was synced by `flush`
            if self._dead_letters is not None:
                self._dead_letters.close()
            self._client.close()

    def _put_away(self, record: KinesisRecord, cause: str) -> None:
        if self._dead_letters is None:
            raise KinesisRecordRefused(
                f"a record can never be accepted by Kinesis: {cause}. Configure a place for dead "
                "letters, or make the messages smaller, then start again; nothing was lost.",
                needs_person=True,
            )
        self._dead_letters.add(record, cause)
        self._stats.dead_lettered += 1

    def _send(self) -> None:
        """Make one request; after a failure wait, or give up."""
        records = self._delivery.request()
        started = self._clock()
        self._stats.requests += 1
        try:
            outcomes = self._client.put_records(records)
        except KinesisError as error:
            self._stats.retried += len(records)
            if error.needs_person and not self._stats.acknowledged:
                raise  # a mistake in the set-up: better said now than after give_up_s
            failure = error
        else:
            acknowledged = self._delivery.answered(outcomes)
            if acknowledged:
                self._patience.progress()
            if acknowledged == len(records):
                return
            failure = _entries_failed(outcomes)
        pause_s = self._patience.pause_s(started, self._clock())
        if pause_s is None:
            raise type(failure)(
                f"gave up after {self._patience.give_up_s:g} s without progress: {failure}",
                code=failure.code,
                needs_person=failure.needs_person,
            ) from failure
        self._sleep(pause_s)


def _entries_failed(outcomes: Sequence[str | None]) -> KinesisError:
    codes = sorted({code for code in outcomes if code is not None})
    return KinesisUnreachable(
        f"Kinesis answered, but did not take {len(outcomes) - outcomes.count(None)} of "
        f"{len(outcomes)} records: {', '.join(codes)}. Raise the capacity of the stream (shards or "
        "on-demand mode) or look at the AWS health page; nothing was lost.",
        code=codes[0],
    )
