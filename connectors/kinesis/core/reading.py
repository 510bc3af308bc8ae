"""What one process reads of one stream: which call comes next, and what an answer means.

Promise: each record of the shards of the slots it owns is given out once, in order within its
shard, with the same ordinal whenever it is read again from the same state; what may have been
trimmed before it was read is reported. A shard that a reshard made waits until the parents that are
in its own slot were given out to their end. It does not wait for parents in other slots, which
another process may own: order across a merge, or across a split that moves keys to another slot, is
not promised.

What is held is bounded: one answer for each shard, and no call while more than `buffer_bytes` are
held. At worst that is exceeded by one answer, of 10 MiB, for each call under way.

Left out: enhanced fan-out, and more than one call at a time for a shard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Literal

import msgspec

from .discovery import Discovery
from .positions import SlotState
from .read_calls import Call, GetRecords, GetShardIterator, ListShards, ReadAnswer, Trimmed
from .read_stats import ReadStats
from .retry import Backoff, Kind
from .shard_reading import ShardReading
from .shards import Shard
from .slot_reading import SlotReading
from .slots import slot_of
from .source_record import KinesisSourceRecord

BUFFER_BYTES = 64 * 1_048_576
"""Default of what may be held: 30 shards, read for a second at the rate they give."""

Start = Literal["trim_horizon", "latest"] | float
"""Where to begin: the oldest record there is, the present, or a time in seconds since 1970 UTC."""

_EXPIRED = "ExpiredIteratorException"


class Reading:
    """Reads the shards of some slots.

    Not safe for threads: whoever uses it makes one call at a time. Times are seconds since 1970
    UTC and never go back from one call to the next.

    Attributes:
        stats: Counts; those of aggregates are for whoever opens them to add to. See `measured`.

    Args:
        start: Where slots begin that have no saved state.
        give_up_s: How long a shard, or the listing of shards, may fail without one good answer.
        random: Gives a number from 0 to 1.
        buffer_bytes: No new call while more bytes of data than this are held.
    """

    def __init__(
        self,
        start: Start,
        *,
        give_up_s: float,
        random: Callable[[], float],
        buffer_bytes: int = BUFFER_BYTES,
    ) -> None:
        """Start without a slot."""
        self.stats = ReadStats()
        self._start = start
        self._give_up_s = give_up_s
        self._backoff = Backoff(random)
        self._buffer_bytes = buffer_bytes
        self._slots: dict[int, SlotReading] = {}
        self._heap: list[tuple[float, int, ShardReading]] = []  # each shard that is to be called
        self._numbers = count()  # of what is due at the same time, the first comes first
        self._reports: list[Trimmed] = []
        self._worked: set[type[Call]] = set()
        self._discovery = Discovery(give_up_s, random)

    def own(self, slot: int, state: SlotState | None, now: float) -> None:
        """Read the shards of this slot too, from a saved state (its start wins), or anew.

        The present that `latest` stands for is that of the first call. As long as no state was
        saved, a process that is started again begins at its own present.
        """
        if self._start == "latest":
            self._start = now
        if state is None:
            state = SlotState(None if isinstance(self._start, str) else self._start)
        self._slots[slot] = SlotReading(state)
        self._discovery.soon()

    def next_call(self, now: float) -> Call | None:
        """Give a call to make now, which is under way until it is answered or failed.

        None if there is nothing to do before `due()`.
        """
        if now >= self._discovery.due_at:
            self._discovery.begin(now)
            return self._begin(ListShards())
        while self._heap and not self._is_full and self._heap[0][0] <= now:
            shard = heappop(self._heap)[2]
            if not shard.is_forgotten:
                return self._begin(shard.call(self._slot(shard.shard).start, now))
        return None

    def due(self) -> float:
        """When to ask for a call again; infinite if only an answer or a `take` changes anything."""
        if self._is_full or not self._heap:
            return self._discovery.due_at
        return min(self._discovery.due_at, self._heap[0][0])

    def listed(self, call: ListShards, shards: list[Shard], now: float) -> None:
        """Take the answer: all shards of the stream, closed ones too."""
        self._worked.add(type(call))
        by_slot: dict[int, list[Shard]] = {slot: [] for slot in self._slots}
        for shard in shards:
            slot = slot_of(shard.first)
            if slot in by_slot:
                by_slot[slot].append(shard)
        for slot, its_shards in by_slot.items():
            change = self._slots[slot].listed(its_shards, self._discovery.began_at)
            self._report(change.gaps)
            self._push(change.to_read)
        self._discovery.done(now)

    def got_iterator(self, call: GetShardIterator, iterator: str, now: float) -> None:
        """Take the answer."""
        self._worked.add(type(call))
        shard = self._shard(call)
        shard.got_iterator(iterator, now)
        self._push((shard,))

    def got_records(self, call: GetRecords, answer: ReadAnswer, now: float) -> None:
        """Take the answer; sets `shard_id` and `ordinal` of its records."""
        self._worked.add(type(call))
        self.stats.bytes += answer.size
        shard = self._shard(call)
        self._report(shard.got_records(answer, now))
        if shard.held:
            self.stats.held_bytes += shard.held_bytes
            self._slot(call.shard).ready.append(shard)
        else:
            self._go_on(shard)

    def failed(self, call: Call, code: str, kind: Kind, now: float) -> bool:
        """Take note that a call failed, with this code of AWS's, and what that means.

        Kinesis refuses a time that it has not reached yet, as `latest` is by a clock that is ahead
        (awslabs/amazon-kinesis-connector-flink, issue 13), so that is tried again.

        Returns:
            Whether it is over: raise the failure to whoever reads. Else it is tried again.
        """
        self.stats.failed += 1
        self.stats.throttled += kind is Kind.THROTTLED
        self.stats.expired_iterators += code == _EXPIRED
        needs_person = kind.needs_person and code != _EXPIRED and not _may_be_early(call)
        if isinstance(call, ListShards):
            is_over = self._discovery.failed(now)
        else:
            shard = self._shard(call)
            is_over = shard.failed(kind, self._give_up_s, self._backoff, now)
            if kind is Kind.NOT_FOUND:  # if it was trimmed, the next listing lacks it
                self._discovery.soon()
                needs_person = False
            self._push((shard,))
        return is_over or (needs_person and type(call) not in self._worked)

    def take(self, slot: int) -> list[list[KinesisSourceRecord]]:
        """Give out everything that was read of a slot's shards.

        Returns:
            A list for each answer, never empty: records of one shard, in order.
        """
        owned = self._slots[slot]
        if not owned.ready:
            return []
        ready, owned.ready = owned.ready, []
        taken = []
        for shard in ready:
            self.stats.held_bytes -= shard.held_bytes
            records = shard.take()
            self.stats.records += len(records)
            taken.append(records)
            self._go_on(shard)
        return taken

    def state(self, slot: int) -> SlotState:
        """How far the slot was read: what `take` gave out and no more."""
        return self._slots[slot].state()

    def reports(self) -> list[Trimmed]:
        """Give what there is to tell since the last call."""
        reports, self._reports = self._reports, []
        return reports

    def shard_count(self, slot: int) -> int:
        """How many shards of the slot are listed, those read to their end too."""
        return len(self._slots[slot].shards)

    @property
    def at_tip(self) -> bool:
        """Whether each shard, and each that a reshard made of it, was given out to its tip once."""
        behind = any(slot.short_of_tip for slot in self._slots.values())
        return self._discovery.is_complete and not behind

    def measured(self, now: float) -> ReadStats:
        """Give a copy of the counts, with the lag of each shard."""
        lag_ms = {}
        for slot in self._slots.values():
            for name, shard in slot.shards.items():
                lag = shard.lag_ms(now)
                if lag is not None:
                    lag_ms[name] = lag
        return msgspec.structs.replace(self.stats, calls=dict(self.stats.calls), lag_ms=lag_ms)

    @property
    def _is_full(self) -> bool:
        return self.stats.held_bytes > self._buffer_bytes

    def _slot(self, shard: Shard) -> SlotReading:
        return self._slots[slot_of(shard.first)]

    def _shard(self, call: GetShardIterator | GetRecords) -> ShardReading:
        return self._slot(call.shard).shards[call.shard.id]

    def _begin(self, call: Call) -> Call:
        name = type(call).__name__
        self.stats.calls[name] = self.stats.calls.get(name, 0) + 1
        return call

    def _push(self, shards: Iterable[ShardReading]) -> None:
        for shard in shards:
            heappush(self._heap, (shard.due_at, next(self._numbers), shard))

    def _report(self, gaps: Sequence[Trimmed]) -> None:
        self.stats.trimmed += len(gaps)
        self._reports += gaps

    def _go_on(self, shard: ShardReading) -> None:
        """Go on after a shard whose records, if there were any, were given out."""
        self._push(self._slot(shard.shard).given_out(shard))
        if shard.state.closed:
            self._discovery.soon()


def _may_be_early(call: Call) -> bool:
    return isinstance(call, GetShardIterator) and call.type == "AT_TIMESTAMP"
