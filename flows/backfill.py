"""Backfill: profiles that are exported again because somebody asks, not because they changed.

For a new segment, a new stream, or a receiver that lost data. Each lane is asked for the profiles
it holds, bucket after bucket, and answers through the normal path, so that a profile's backfill
message is in order with its others.

Promise: a profile that is there all the while is asked for once (after a crash: again from the last
commit on), whatever else changes meanwhile, as its bucket is a hash of its key. Over any stretch of
time no more records come than the rate allows, and one ask's more: about a tenth of a second's.
What was asked for stays in the recovery store until all lanes were asked, and no longer.

Lanes are asked in groups, one for each partition of the sink, as those live in one process each.
Left out: a clock and the engine, which are the wake source's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from zlib import crc32

import msgspec
from msgspec import Struct, structs

from flows.lanes import GROUPS, LANES, lane_of, sink_partition_of
from flows.profile.state import UnknownSnapshot

BUCKETS = 4_096
"""Parts of a lane that can be asked for. With a million profiles in all, one holds one profile."""

RATE = 1_000
"""Records a second unless told otherwise: as many as one shard takes (Kinesis developer guide,
https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html)."""

_ASKS_PER_S = 10
_ASK_RECORDS_MAX = 10_000
"""Records to aim at in one ask without a cap: they are in memory at once, some 10 MB."""

_GROWTH = 4
"""How much wider the next ask may be than the last one: the first ones feel for the density."""

_SNAPSHOT_VERSION = 1


class BackfillUnfinished(RuntimeError):
    """Another backfill has not reached its end."""


class Backfill(Struct, frozen=True, kw_only=True):
    """Which profiles to export again, of those that are in a mapped segment, and how fast.

    Attributes:
        segment: id of a mapped segment; only profiles that are in it.
        key: id in the key namespace; only that profile.
        rate: most records a second; 0 is no cap.
        replace: give up another backfill that is unfinished, and begin this one at the start.
    """

    segment: str | None = None
    key: str | None = None
    rate: int = RATE
    replace: bool = False

    def __repr__(self) -> str:
        """Say how many it is for, never who."""
        return f"Backfill({_whom(self)}, {self.rate} records/s)"


class BackfillFrame(Struct, frozen=True, gc=False):
    """Asks a lane for some of its profiles.

    Attributes:
        segment, key: as of the backfill.
        first, end: the buckets from ``first`` up to and without ``end``.
    """

    segment: str | None
    key: str | None
    first: int
    end: int

    def __repr__(self) -> str:
        """Say which buckets, never who."""
        return f"BackfillFrame(buckets {self.first} to {self.end})"

    def keys(self, held: Iterable[str]) -> list[str]:
        """Give those of a lane's keys that are asked for."""
        return [
            key
            for key in held
            if self.key in (None, key) and self.first <= bucket_of(key) < self.end
        ]


_GROUP_BUCKETS = len(GROUPS[0]) * BUCKETS


class Unfinished(Struct, frozen=True, array_like=True):
    """What is left of a backfill in one group of lanes.

    Attributes:
        segment, key, rate: as of the backfill.
        position: buckets asked for so far, lane after lane.
    """

    segment: str | None
    key: str | None
    rate: int
    position: int = 0

    def __repr__(self) -> str:
        """Say how far it is, never whom it is for."""
        return f"Unfinished({self.position} of {_GROUP_BUCKETS} buckets)"

    def ask(
        self, lanes: Sequence[str], buckets: int
    ) -> tuple[list[tuple[str, BackfillFrame]], Unfinished | None]:
        """Give the frames for the next buckets of a group of lanes, and what is left after them."""
        if self.key is not None:
            return [(lane_of(self.key), BackfillFrame(self.segment, self.key, 0, BUCKETS))], None
        end = min(self.position + buckets, _GROUP_BUCKETS)
        frames: list[tuple[str, BackfillFrame]] = []
        at = self.position
        while at < end:
            lane, first = divmod(at, BUCKETS)
            stop = min(BUCKETS, first + end - at)
            frames.append((lanes[lane], BackfillFrame(self.segment, None, first, stop)))
            at += stop - first
        return frames, structs.replace(self, position=end) if end < _GROUP_BUCKETS else None


def bucket_of(key: str) -> int:
    """Give the bucket of a key within its lane; what chose the lane is divided out."""
    return crc32(key.encode()) // LANES % BUCKETS


def require_same(asked: Backfill, left: Unfinished) -> None:
    """Check that what is asked for is what is unfinished, or replaces it.

    Raises:
        BackfillUnfinished: something else is asked for.
    """
    if not asked.replace and (left.segment, left.key) != (asked.segment, asked.key):
        raise BackfillUnfinished(
            f"a backfill of {_whom(left)} is unfinished. "
            "`run` finishes it first; `backfill --replace` gives it up for the new one."
        )


def begin(
    asked: Backfill | None, lefts: Mapping[int, Unfinished | None]
) -> dict[int, Unfinished | None]:
    """Give what each group has to do: what is asked for now, or the rest of what was before.

    Asking for the same profiles again goes on where the first one stood, at the rate of the second.

    Args:
        asked: what is asked for now, and agrees with what is left.
        lefts: what is left, by group; the groups of one process.
    """
    if asked is None:
        return {**lefts}
    if asked.replace or not any(lefts.values()):
        new = Unfinished(asked.segment, asked.key, asked.rate)
        own = None if asked.key is None else sink_partition_of(lane_of(asked.key))
        return {group: new if own in (None, group) else None for group in lefts}
    return {group: left and structs.replace(left, rate=asked.rate) for group, left in lefts.items()}


def _whom(backfill: Backfill | Unfinished) -> str:
    if backfill.key is not None:
        return "one profile"
    if backfill.segment is not None:
        return f"the profiles in segment {backfill.segment}"
    return "all profiles"


def pack(left: Unfinished | None) -> bytes:
    """Give the snapshot of what is left of a backfill, or of none."""
    return bytes((_SNAPSHOT_VERSION,)) + msgspec.msgpack.encode(left)


def unpack(snapshot: bytes) -> Unfinished | None:
    """Give what is left of a backfill by a snapshot.

    Raises:
        UnknownSnapshot: the version byte is not one this release writes.
    """
    if snapshot[0] != _SNAPSHOT_VERSION:
        raise UnknownSnapshot(
            f"backfill snapshot: version {snapshot[0]} found, {_SNAPSHOT_VERSION} can be read. "
            "The recovery store comes from another release: run that one, or start anew with "
            "`run --fresh`."
        )
    return msgspec.msgpack.decode(memoryview(snapshot)[1:], type=Unfinished | None)


class Pace:
    """How much to ask for at a time, and when the next ask is due.

    Attributes:
        buckets: width of the next ask.
    """

    def __init__(self) -> None:
        """Start with one bucket, as nobody knows yet how many profiles are in one."""
        self.buckets = 1

    def answered(self, records: int, rate: float, asked_at: float) -> float:
        """Take how many records the last ask brought; returns when the next one is due.

        Args:
            records: that came of it.
            rate: most records a second; 0 is no cap.
            asked_at: seconds.
        """
        aim = min(max(1, int(rate / _ASKS_PER_S)), _ASK_RECORDS_MAX) if rate else _ASK_RECORDS_MAX
        wider = _GROWTH * self.buckets
        self.buckets = max(1, min(wider, self.buckets * aim // records)) if records else wider
        return asked_at + records / rate if rate else asked_at
