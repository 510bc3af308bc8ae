"""Does what `core.reading` decides: lists shards, reads them, and keeps what came until asked.

Promise: what it gives out of a slot, and the state it tells, are the reading's; nobody who takes
waits for the network; once an error was raised nothing more is read.

Who does what: some threads look what is due, make the call and hand the answer in; the slots'
partitions take what came. All ask the reading under one lock, which nobody holds during a call. Of
the threads without a call one watches the time and the others sleep; another is started only when
none is left to watch.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import Literal, Protocol

from msgspec import structs

from .core.aggregates import Opened, open_aggregates
from .core.positions import SlotState
from .core.read_calls import Call, GetRecords, GetShardIterator, ListShards, ReadAnswer
from .core.read_stats import ReadStats
from .core.reading import Reading
from .core.shards import Shard
from .core.source_record import KinesisSourceRecord
from .errors import KinesisError
from .read_log import ReadLog

_LOOK_UP_S = 60.0
"""How long a thread sleeps at most: after that it sees that nobody wants it any more."""


class Client(Protocol):
    """What a fetcher needs of a client; see `read_client.ReadClient`."""

    def list_shards(self) -> list[Shard]:
        """List the shards, or a `KinesisError`."""

    def get_shard_iterator(self, place: GetShardIterator) -> str:
        """Get an iterator, or a `KinesisError`."""

    def get_records(self, iterator: str) -> ReadAnswer:
        """Read what comes next, or a `KinesisError`."""

    def close(self) -> None:
        """Close the connections."""


class Fetcher:
    """Reads ahead for the slots of one process. Workers of one process may share it.

    Attributes:
        is_abandoned: Whether nothing more is read.
        slots: The slots it reads.
        busy: Those of them that have a shard; None until shards were listed.

    Args:
        client: Makes the calls; closed with the fetcher.
        reading: Decides.
        out_of_range: What to do with a record in an aggregate that is not of its shard.
        max_in_flight: Most calls under way at a time.
        clock: Seconds since 1970 UTC, never going back.
    """

    def __init__(
        self,
        client: Client,
        reading: Reading,
        *,
        out_of_range: Literal["keep", "drop"],
        max_in_flight: int,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._reading = reading
        self._out_of_range = out_of_range
        self._max_in_flight = max_in_flight
        self._clock = clock
        self._lock = threading.Lock()
        self._sooner = threading.Condition(self._lock)  # who watches the time has to look again
        self._needed = threading.Condition(self._lock)  # somebody has to watch the time
        self._threads = self._asleep = 0
        self._is_watched = False
        self._ended_by: BaseException | None = None
        self._log = ReadLog()
        self.slots: set[int] = set()
        self.busy: frozenset[int] | None = None
        self.is_abandoned = False

    def own(self, slot: int, state: SlotState | None) -> None:
        """Read the shards of this slot too, from this state, or anew."""
        with self._lock:
            self._reading.own(slot, state, self._clock())
            self.slots.add(slot)
            self._sooner.notify()

    def take(self, slot: int) -> list[list[KinesisSourceRecord]]:
        """Give out what was read of the slot: a list per answer; starts reading if need be.

        Raises:
            KinesisError: It is over: nothing can be read, or could for too long.
        """
        with self._lock:
            if self._ended_by is not None:
                raise self._ended_by
            if not self._threads:
                self._start_thread()
            taken = self._reading.take(slot)
            if taken:
                self._sooner.notify()  # there is room again
            return taken

    def state(self, slot: int) -> SlotState:
        """How far the slot was given out."""
        with self._lock:
            return self._reading.state(slot)

    def stats(self) -> ReadStats:
        """The counts at this moment."""
        with self._lock:
            return self._reading.measured(self._clock())

    def abandon(self) -> None:
        """Read nothing more. Takes no lock: it may be called while garbage is collected."""
        self.is_abandoned = True

    def close(self) -> None:
        """Let go of threads and connections; never raises or waits, and may be called again.

        A call that is under way may end later; its answer is thrown away.
        """
        self.abandon()
        with self._lock:
            self._wake_all()
            if not self._threads:
                self._close_client()

    def _close_client(self) -> None:
        with contextlib.suppress(OSError):  # nothing is lost: it was only read
            self._client.close()

    def _start_thread(self) -> None:
        """Start a thread; the lock is held."""
        if self.is_abandoned:
            return
        name = f"kinesis-read-{self._threads}"
        threading.Thread(target=self._run, name=name, daemon=True).start()
        self._threads += 1

    def _run(self) -> None:
        """Make calls until it is over; what goes wrong is the business of those who take."""
        try:
            while (call := self._wait_for_call()) is not None:
                self._make(call)
        except BaseException as error:  # noqa: BLE001 - a thread has nobody else to tell
            with self._lock:
                self._end(error)
        with self._lock:
            self._threads -= 1
            if not self._threads and self.is_abandoned:
                self._close_client()

    def _wait_for_call(self) -> Call | None:
        """Give the next call; None if it is over."""
        with self._lock:
            while self._is_watched and not self._is_over:
                self._asleep += 1
                self._needed.wait(_LOOK_UP_S)
                self._asleep -= 1
            self._is_watched = True
            try:
                while not self._is_over:
                    call = self._reading.next_call(self._clock())
                    if call is not None:
                        return call
                    wait_s = self._reading.due() - self._clock()
                    self._sooner.wait(min(max(wait_s, 0.0), _LOOK_UP_S))
                return None
            finally:
                self._is_watched = False
                self._let_another_watch()

    @property
    def _is_over(self) -> bool:
        return self.is_abandoned or self._ended_by is not None

    def _let_another_watch(self) -> None:
        """See to it that the time is watched while this thread does something else."""
        if self._asleep:
            self._needed.notify()
        elif self._threads < self._max_in_flight and not self._is_over:
            self._start_thread()

    def _make(self, call: Call) -> None:
        """Make a call and hand in what comes of it."""
        try:
            hand_in = self._ask(call)
        except KinesisError as failure:
            hand_in = partial(self._failed, call, failure)
        with self._lock:
            if not self._is_over:
                hand_in(self._clock())
                for trimmed in self._reading.reports():
                    self._log.trimmed(trimmed)
                self._sooner.notify()

    def _ask(self, call: Call) -> Callable[[float], None]:
        """Make a call; gives how to hand the answer in, with the time and the lock held."""
        if isinstance(call, ListShards):
            return partial(self._listed, call, self._client.list_shards())
        if isinstance(call, GetShardIterator):
            return partial(self._reading.got_iterator, call, self._client.get_shard_iterator(call))
        answer, shard = self._client.get_records(call.iterator), call.shard
        records, opened = open_aggregates(
            answer.records, shard.first, shard.last, self._out_of_range
        )
        return partial(self._got_records, call, structs.replace(answer, records=records), opened)

    def _listed(self, call: ListShards, shards: list[Shard], now: float) -> None:
        self._reading.listed(call, shards, now)
        self.busy = frozenset(slot for slot in self.slots if self._reading.shard_count(slot))

    def _got_records(
        self, call: GetRecords, answer: ReadAnswer, opened: Opened, now: float
    ) -> None:
        stats = self._reading.stats
        stats.aggregates += opened.aggregates
        stats.corrupt += opened.corrupt
        stats.out_of_range += opened.out_of_range
        self._reading.got_records(call, answer, now)

    def _failed(self, call: Call, failure: KinesisError, now: float) -> None:
        if self._reading.failed(call, failure.code, failure.kind, now):
            self._end(failure)
        else:
            self._log.failed(call, failure, now)

    def _end(self, error: BaseException) -> None:
        """Read nothing more; whoever takes next gets the error. The lock is held."""
        self._ended_by = self._ended_by or error
        self._wake_all()

    def _wake_all(self) -> None:
        self._sooner.notify_all()
        self._needed.notify_all()
