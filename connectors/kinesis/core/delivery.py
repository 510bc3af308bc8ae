"""The delivery of one process: what waits, what is sent next, and what an answer means.

Promise, per partition key: at most one record is unanswered, and a later one is first sent only
after the earlier one was acknowledged or put aside. A record leaves by being acknowledged, put
aside because Kinesis can never accept it, or superseded because it said it may be; by nothing else.
Every buffer is bounded. Each answer checks the invariants, in production too (`Unaccounted`).

A machine that only decides. `offer`, `flush`, `answered`, `failed` and `remap` tell it what
happened, and after each of them `poll` says what to do and when to ask again. Time, in seconds, and
randomness are passed in.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Sequence

from .actions import Actions, Aside, DeliverySettings, Request
from .answer import Entry
from .asides import Asides
from .batching import Batch, Ready
from .flight import Flight
from .record import KinesisRecord, record_bytes, refusal
from .retry import Backoff, Kind, Patience, decide
from .setbacks import Setbacks
from .shards import ShardMap
from .stats import DeliveryStats, Levels
from .throttle import Throttle
from .unsettled import Unsettled


class Delivery:
    """The records that one process answers for.

    Args:
        stats: Counted up.
        settings: How to deliver.
        random: Gives a number from 0 to 1.
        aside_keys: Keys with records put aside by earlier executions that nothing superseded.
    """

    def __init__(
        self,
        stats: DeliveryStats,
        settings: DeliverySettings,
        random: Callable[[], float],
        aside_keys: Iterable[str] = (),
    ) -> None:
        """Start empty."""
        self._stats = stats
        self._settings = settings
        backoff = Backoff(random)
        self._patience = Patience(settings.give_up_s, backoff)
        self._unsettled = Unsettled(settings)
        # The first record of each unsettled key is in one of four places.
        self._ready = Ready(settings.linger_s)
        self._throttle = Throttle(backoff)
        self._setbacks = Setbacks(backoff)
        self._flight = Flight(settings.max_in_flight)
        self._asides = Asides(aside_keys)
        self._largest = 0  # record seen so far, in bytes
        self._acknowledged_at = -math.inf
        self._flushing = self._in_a_hurry = self._gave_up = self._wants_shards = False

    @property
    def has_room(self) -> bool:
        """Whether `offer` would take a record."""
        return self._unsettled.has_room

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to answer for."""
        return not self._unsettled.records

    def levels(self) -> Levels:
        """Say what there is at this moment; looks at each key."""
        held, sent, queues = self._unsettled, self._flight, self._unsettled.queues()
        waiting = held.records - sent.records
        return Levels(len(sent), waiting, held.bytes, len(queues), max(queues, default=0))

    def flush(self) -> None:
        """Let nothing linger until everything is settled."""
        self._flushing = not self.is_empty

    def remap(self, shard_map: ShardMap, now: float) -> None:
        """Take note of the stream's shards."""
        self._wants_shards = False
        for record in self._throttle.remap(shard_map):
            self._place(record, now)
        self._throttle.sift(self._ready.records)

    def offer(self, records: Sequence[KinesisRecord], start: int, now: float) -> int:
        """Take records, from a place on, while there is room.

        Returns:
            The place of the first record that was not taken.
        """
        limited = bool(self._throttle)
        plain = deque[KinesisRecord]() if limited else self._ready.records
        admitted = self._unsettled.admit(records, start, plain)
        self._stats.offered += admitted.stop - start
        self._stats.superseded += admitted.superseded
        self._largest = max(self._largest, admitted.largest)
        if limited:
            self._throttle.sift(plain)
            self._ready.records += plain
        self._ready.added(now)
        for record in admitted.firsts:
            self._place(record, now)
        return admitted.stop

    def _place(self, record: KinesisRecord | None, now: float) -> None:
        """Let the first record of a key be sent, or wait for its shard, or put it aside."""
        while record is not None:
            cause = refusal(record, self._settings.max_record_bytes)
            if cause is None:
                self._largest = max(self._largest, record_bytes(record))
                if not self._throttle.holds_back(record):
                    self._ready.records.append(record)
                    self._ready.added(now)
                return
            record = self._put_aside(Aside(record, cause, now))

    def _put_aside(self, aside: Aside) -> KinesisRecord | None:
        """Put the first record of a key aside; gives the next one."""
        self._asides.put(aside)
        self._stats.dead_lettered += 1
        return self._settle(aside.record)

    def _settle(self, record: KinesisRecord) -> KinesisRecord | None:
        """Forget the first record of a key; gives the next one."""
        self._setbacks.settled(record.partition_key)
        following = self._unsettled.settle(record)
        self._in_a_hurry |= following is not None  # it has waited for a whole round trip
        return following

    def answered(
        self, request: Request, entries: Sequence[Entry], now: float, now_us: int = 0
    ) -> Counter[str]:
        """Settle what an answer acknowledges, and decide when the rest is sent again.

        Args:
            request: An unanswered one.
            entries: Exactly one per record, in the order of the records.
            now: The present.
            now_us: The same by the wall clock, in microseconds since 1970 UTC.

        Returns:
            The error codes of the records that were not written.
        """
        self._ended(request)
        failures = [
            (record, entry)
            for record, entry in zip(request.records, entries, strict=True)
            if entry.error_code is not None or not entry.sequence_number
        ]
        if not failures:
            self._acknowledge(request.records, now, now_us)
            self._throttle.accepted(request.drawn)
        else:
            failed = {record.partition_key for record, _ in failures}
            taken = [r for r in request.records if r.partition_key not in failed]
            self._acknowledge(taken, now, now_us)
            self._take_back(request, failures, entries, now)
        self._wants_shards |= self._throttle.map is not None and self._throttle.map.lacks(entries)
        self._require_balance()
        return Counter(entry.failure or "" for _, entry in failures)

    def _acknowledge(self, records: Collection[KinesisRecord], now: float, now_us: int) -> None:
        if not records:
            return
        self._patience.progress(now)
        self._acknowledged_at = now
        self._stats.acknowledged += len(records)
        self._stats.freshness.observe(records, now_us)
        setbacks, aside_keys, settle = self._setbacks, self._asides.keys, self._unsettled.settle
        for record in records:
            if record.partition_key in aside_keys:
                self._asides.acknowledged(record.partition_key)
            following = self._settle(record) if record.partition_key in setbacks else settle(record)
            if following is not None:
                self._in_a_hurry = True
                self._place(following, now)

    def _take_back(
        self,
        request: Request,
        failures: Collection[tuple[KinesisRecord, Entry]],
        entries: Collection[Entry],
        now: float,
    ) -> None:
        self._patience.trouble(request.sent_at)
        throttled: dict[str, list[KinesisRecord]] = {}
        for record, entry in failures:
            self._setbacks.failed(record)
            code = entry.failure or ""
            kind = decide(code)
            shard = self._throttle.shard_of(record) or entry.throttled_shard
            self._stats.failed(shard, throttled=kind is Kind.THROTTLED)
            if kind is Kind.THROTTLED:
                self._wants_shards |= self._throttle.map is None
                if shard is not None:
                    throttled.setdefault(shard, []).append(record)
                    continue
            if kind is Kind.INVALID:
                self._refused(record, code, now, now)
            else:
                self._setbacks.wait(record, now)
        if self._throttle.throttled(throttled, entries, now):
            self._throttle.sift(self._ready.records)
        self._throttle.accepted(request.drawn.keys() - throttled.keys())

    def _refused(self, record: KinesisRecord, code: str, since: float, now: float) -> None:
        """Put a record aside if it is its own fault: others were accepted since it was refused."""
        since = self._setbacks.refused_at(record, since)
        if self._acknowledged_at >= since:
            cause = f"Kinesis refuses the record ({code}), and accepts others"
            shard, attempts = self._throttle.shard_of(record), self._setbacks.attempts(record)
            self._place(self._put_aside(Aside(record, cause, since, code, shard, attempts)), now)
        else:
            self._setbacks.wait(record, now)

    def failed(self, request: Request, kind: Kind, code: str, now: float) -> None:
        """Take back a request of which nothing is known to be written.

        One that is refused for what is in it is halved until the record is found.

        Args:
            request: An unanswered one.
            kind: What the failure means.
            code: AWS's error code, or another short name of the failure.
            now: The present.
        """
        self._ended(request)
        self._stats.failed(None, len(request.records))
        if kind is Kind.INVALID:
            self._patience.trouble(request.sent_at)
            if not self._flight.halve(request, now):
                since = now if request.refused_at is None else request.refused_at
                self._gave_up |= not (self._stats.acknowledged or self._flight.is_searching)
                self._setbacks.failed(request.records[0])
                self._refused(request.records[0], code, since, now)
        else:
            self._patience.request_failed(request.sent_at, now)
            self._gave_up |= kind.needs_person and not self._stats.acknowledged
            self._ready.put_back(request.records)
            self._throttle.sift(self._ready.records)
        self._require_balance()

    def _ended(self, request: Request) -> None:
        self._flight.end(request)
        self._throttle.returned(request.drawn)

    def _require_balance(self) -> None:
        """Check that each unsettled key has its first record in exactly one place."""
        waiting = len(self._ready.records) + len(self._throttle) + len(self._setbacks)
        self._unsettled.require(waiting + self._flight.records)

    def poll(self, now: float) -> Actions:
        """Say what to do; its requests count as sent."""
        if self.is_empty:  # nothing is left to be flushed, or to be in trouble with
            self._flushing = False
            self._patience.progress(now)
        self._gave_up |= now >= self._patience.over_at
        requests: list[Request] = []
        if not self._gave_up:
            for record in self._setbacks.due(now):
                self._in_a_hurry = True
                self._place(record, now)
            while (request := self._next_request(now)) is not None:
                requests.append(request)
        wants_shards, self._wants_shards = self._wants_shards, False
        return Actions(requests, self._asides.news(), wants_shards, self._gave_up, self._poll_at)

    def _next_request(self, now: float) -> Request | None:
        if now < self._patience.paused_until or self._flight.is_full:
            return None
        at_once = self._flushing or not self.has_room or (self._in_a_hurry and not self._flight)
        if self._flight.suspects:
            request = self._flight.next_suspect(now)
        elif self._ready.is_due(now, at_once=at_once) or self._throttle.has_some(now):
            batch = Batch(self._largest)
            drawn = self._throttle.draw(batch, now)
            self._ready.fill(batch)
            self._in_a_hurry = False
            request = Request(batch.records, now, drawn)
        else:
            return None
        self._flight.begin(request)
        self._stats.requests += 1
        return request

    @property
    def _poll_at(self) -> float:
        """When something is due by itself; what waits for an answer needs no time."""
        due_at = min(self._ready.due_at, self._setbacks.next_at, self._throttle.next_at)
        due_at = math.inf if self._flight.is_full else max(due_at, self._patience.paused_until)
        return math.inf if self._gave_up else min(self._patience.over_at, due_at)
