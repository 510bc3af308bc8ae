"""Reads a stream outside of Bytewax, in the thread of the caller: for tools that look into it.

Promise: each record comes once, those of one shard in order, and one answer is held at a time. What
Kinesis trimmed before it was read is logged. Left out: a state to go on from; the source has one.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Literal, TypeAlias

from msgspec import structs

from .core.aggregates import open_aggregates
from .core.read_calls import Call, GetRecords, GetShardIterator, ListShards
from .core.reading import Reading
from .core.shards import Shard
from .core.slots import SLOTS, slot_of
from .core.source_record import KinesisSourceRecord
from .errors import KinesisError, KinesisShardNotFound
from .fetch import Client
from .read_log import ReadLog

PAUSE_S = 1.0
"""Longest pause at a time, so that a clock that is set forth or back costs no more."""

Start: TypeAlias = Literal["trim_horizon", "latest"] | datetime
"""Where to begin: the oldest record there is, the present, or a time with a zone."""


def read_stream(
    client: Client,
    *,
    start: Start | Mapping[str, str],
    follow: bool,
    give_up_s: float,
    out_of_range: Literal["keep", "drop"] = "keep",
    clock: Callable[[], float] = time.time,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[KinesisSourceRecord]:
    """Give the records of a stream, those of several shards mixed; aggregates are opened.

    Args:
        client: Makes the calls; it is not closed.
        start: Where to begin; or some shards by name, each with the sequence number of the record
            that comes first: then they alone are read, and what reshards make of them.
        follow: Wait for more, without end. Else it ends when each shard was read to what was its
            tip at some time since the start, or to its end.
        give_up_s: How long a shard, or the listing of shards, may fail without one good answer.
        out_of_range: What to do with a record in an aggregate that is not of its shard.
        clock: Seconds since 1970 UTC.
        pause: Lets so many seconds pass.

    Raises:
        KinesisShardNotFound: There is no shard of a name.
        KinesisError: Nothing can be read, or could for `give_up_s`.
    """
    tail = _Tail(client, start, give_up_s, out_of_range, clock)
    while follow or not tail.is_at_tip:
        call = tail.next_call()
        if call is None:
            pause(tail.pause_s)
        else:
            yield from tail.make(call)


def _begin(start: Start | Mapping[str, str]) -> Literal["trim_horizon", "latest"] | float:
    """Give where the shards begin that no place is named for."""
    if isinstance(start, datetime):
        return start.timestamp()
    return "trim_horizon" if isinstance(start, Mapping) else start


class _Tail:
    """A reading of all slots of one stream, and who makes its calls."""

    def __init__(
        self,
        client: Client,
        start: Start | Mapping[str, str],
        give_up_s: float,
        out_of_range: Literal["keep", "drop"],
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._out_of_range = out_of_range
        self._clock = clock
        self._latest = clock()
        self._log = ReadLog()
        self._first = dict(start) if isinstance(start, Mapping) else {}
        self._family: set[str] = set()
        self._reading = Reading(_begin(start), give_up_s=give_up_s, random=random.random)
        for slot in range(SLOTS):
            self._reading.own(slot, None, self._latest)

    @property
    def is_at_tip(self) -> bool:
        """Whether everything there was at some time since the start was given out."""
        return self._reading.at_tip

    @property
    def pause_s(self) -> float:
        """How long there is nothing to do."""
        return min(max(self._reading.due() - self._now(), 0.0), PAUSE_S)

    def next_call(self) -> Call | None:
        """Give the call to make now, if there is one."""
        return self._reading.next_call(self._now())

    def make(self, call: Call) -> list[KinesisSourceRecord]:
        """Make a call; give the records that it brought."""
        try:
            hand_in = self._ask(call)
        except KinesisError as failure:
            now = self._now()
            self._log.failed(call, failure, now)
            if self._reading.failed(call, failure.code, failure.kind, now):
                raise
            return []
        hand_in(self._now())
        for trimmed in self._reading.reports():
            self._log.trimmed(trimmed)
        if not isinstance(call, GetRecords):
            return []
        taken = self._reading.take(slot_of(call.shard.first))
        return [record for records in taken for record in records]

    def _ask(self, call: Call) -> Callable[[float], None]:
        """Make a call; gives how to hand its answer in, with the time."""
        if isinstance(call, ListShards):
            return partial(self._listed, call, self._client.list_shards())
        if isinstance(call, GetShardIterator):
            iterator = self._client.get_shard_iterator(self._place(call))
            return partial(self._reading.got_iterator, call, iterator)
        answer, shard = self._client.get_records(call.iterator), call.shard
        records, _ = open_aggregates(answer.records, shard.first, shard.last, self._out_of_range)
        return partial(self._reading.got_records, call, structs.replace(answer, records=records))

    def _place(self, call: GetShardIterator) -> GetShardIterator:
        """Begin at the record that was asked for; once it was read the reading knows its place."""
        first = self._first.get(call.shard.id)
        if first is None or call.type != "TRIM_HORIZON":
            return call
        return structs.replace(call, type="AT_SEQUENCE_NUMBER", sequence_number=first)

    def _listed(self, call: ListShards, shards: list[Shard], now: float) -> None:
        self._reading.listed(call, self._wanted(shards) if self._first else shards, now)

    def _wanted(self, shards: list[Shard]) -> list[Shard]:
        """Give the shards asked for and those that reshards made of them.

        Raises:
            KinesisShardNotFound: One asked for was never there, or is trimmed.
        """
        if not self._family:
            missing = self._first.keys() - {shard.id for shard in shards}
            if missing:
                raise KinesisShardNotFound(
                    f"the stream has no shard {min(missing)!r}: the name is wrong, or all of its "
                    "records were trimmed. `aws kinesis list-shards` names those there are."
                )
            self._family |= self._first.keys()
        by_age = sorted(shards, key=lambda shard: shard.id)  # numbered as they are made
        for shard in by_age:
            if not self._family.isdisjoint(shard.parents):
                self._family.add(shard.id)
        return [shard for shard in shards if shard.id in self._family]

    def _now(self) -> float:
        """Seconds since 1970 UTC: a clock may be set back, the time of a reading may not."""
        self._latest = max(self._latest, self._clock())
        return self._latest
