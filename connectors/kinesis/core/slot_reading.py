"""The shards of one slot: which are known, which wait for a parent, which are to be forgotten.

Promise: a shard waits for those parents that are in its own slot and were not given out to their
end. A parent that is not listed any more is no reason to wait. A shard read to its end is kept in
mind for as long as it is listed, so that it is not read again.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .positions import ShardState, SlotState
from .read_calls import Trimmed
from .shard_reading import ShardReading
from .shards import Shard


class Change(msgspec.Struct, frozen=True):
    """What a listing changed.

    Attributes:
        to_read: Shards that may be called from now on.
        gaps: Shards that went before they were read to their end.
    """

    to_read: list[ShardReading]
    gaps: list[Trimmed]


class SlotReading:
    """The reading of one slot.

    Attributes:
        start: Where shards begin that have no state; None for the oldest record there is.
        shards: Those that are listed, by name; those read to their end too.
        ready: Those that hold records, in the order in which these came.
        short_of_tip: Names of those that were not given out to their tip yet.

    Args:
        state: Where the shards go on.
    """

    def __init__(self, state: SlotState) -> None:
        """Start without a listing."""
        self.start = state.start
        self.shards: dict[str, ShardReading] = {}
        self.ready: list[ShardReading] = []
        self.short_of_tip: set[str] = set()
        self._listed_at = state.listed_at
        self._saved = dict(state.shards)  # of shards that no listing showed yet
        self._waiting: dict[str, list[ShardReading]] = {}  # by the parent that they wait for

    def state(self) -> SlotState:
        """How far the shards were given out."""
        states = {name: shard.state for name, shard in self.shards.items()}
        return SlotState(self.start, self._listed_at, self._saved | states)

    def listed(self, shards: Sequence[Shard], began_at: float) -> Change:
        """Take up new shards, and forget those that are gone.

        One with a call under way, or with records to be taken, goes with a later listing.

        Args:
            shards: All shards of the slot that are listed.
            began_at: When the listing was begun.
        """
        listed = {shard.id for shard in shards}
        states = {name: self._saved.pop(name) for name in [*self._saved] if name not in listed}
        to_read: list[ShardReading] = []
        for name in [name for name in self.shards if name not in listed]:
            if not (self.shards[name].is_busy or self.shards[name].held):
                states[name] = self.shards[name].state
                to_read += self._forget(name)
        gaps = [
            Trimmed(name, state.sequence_number, state.seen, gone=True)
            for name, state in states.items()
            if not state.closed
        ]
        found = [self._take_up(shard) for shard in shards if shard.id not in self.shards]
        to_read += [shard for shard in found if self._is_free(shard)]
        self._listed_at = began_at
        return Change(to_read, gaps)

    def given_out(self, shard: ShardReading) -> Sequence[ShardReading]:
        """Take note that all that was read of a shard was given out.

        Returns:
            What may be called now: the shard, or if that was its end, those that waited for it.
        """
        if shard.reached_tip:
            self.short_of_tip.discard(shard.shard.id)
        return self._let_go(shard.shard.id) if shard.state.closed else (shard,)

    def _take_up(self, shard: Shard) -> ShardReading:
        # A new one was not there at the last listing, so nothing of it is older than that.
        state = self._saved.pop(shard.id, None) or ShardState(seen=self._listed_at)
        reading = self.shards[shard.id] = ShardReading(shard, state)
        if not state.closed:
            self.short_of_tip.add(shard.id)
        return reading

    def _is_free(self, shard: ShardReading) -> bool:
        """Whether a new shard can be read; else it was read, or waits."""
        for name in shard.shard.parents:
            parent = self.shards.get(name)
            if parent is not None and not parent.state.closed:
                shard.waits_for.add(name)
                self._waiting.setdefault(name, []).append(shard)
        return not shard.waits_for and not shard.state.closed

    def _forget(self, name: str) -> list[ShardReading]:
        """Forget a shard; gives those that waited for it."""
        self.shards.pop(name).is_forgotten = True
        self.short_of_tip.discard(name)
        return self._let_go(name)

    def _let_go(self, parent: str) -> list[ShardReading]:
        children = self._waiting.pop(parent, [])
        for child in children:
            child.waits_for.discard(parent)
        return [child for child in children if not child.waits_for]
