"""Slots: fixed homes for shards, which come and go.

Promise: each shard belongs to exactly one slot, in every process and after every restart, rescale
and reshard, since nothing but its first hash key decides. Left out: evenness for uneven shards; two
shards share a slot if their first hash keys have the same top byte.
"""

from __future__ import annotations

SLOTS = 256
"""How many slots there are; part of what is saved, so it never changes."""

SLOT_NAMES = tuple(f"{slot:03}" for slot in range(SLOTS))
"""Their names, "000" to "255", in the order of their numbers."""

_BELOW_TOP_BYTE = 120  # of the 128 bits of a hash key, see limits.HASH_KEY_MAX
_REVERSED = tuple(int(f"{byte:08b}"[::-1], 2) for byte in range(SLOTS))


def slot_of(first_hash_key: int) -> int:
    """Give the slot of the shard that begins at this hash key.

    It is the key's top byte with its bits reversed. As slots are dealt to workers in turn, this
    spreads evenly split shards evenly: four of them begin at the bytes 0, 64, 128 and 192, which
    would be all of one worker of two or four; reversed they are the slots 0, 2, 1 and 3.
    """
    return _REVERSED[first_hash_key >> _BELOW_TOP_BYTE]
