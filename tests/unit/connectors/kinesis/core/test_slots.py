"""Which slot a shard belongs to."""

from __future__ import annotations

import pytest

from connectors.kinesis.core.slots import SLOT_NAMES, SLOTS, slot_of

KEYS = 2**128


@pytest.mark.parametrize(
    ("first_hash_key", "slot"),
    [
        (0, 0),
        (KEYS // 2, 1),
        (KEYS // 4, 2),
        (3 * KEYS // 4, 3),
        (KEYS // 8, 4),
        (KEYS // 256, 128),
        (KEYS - 1, 255),
        (KEYS // 256 - 1, 0),
    ],
)
def test_a_slot_is_the_top_byte_read_backwards(first_hash_key: int, slot: int) -> None:
    """The first bit of a hash key counts least."""
    assert slot == slot_of(first_hash_key)


@pytest.mark.parametrize("shards", [4, 8, 16, 60, 64, 256])
@pytest.mark.parametrize("workers", [2, 4])
def test_even_shards_are_dealt_evenly(shards: int, workers: int) -> None:
    """As slots go to workers in turn, none has more than one shard too many."""
    counts = [0] * workers
    for place in range(shards):
        counts[slot_of(place * KEYS // shards) % workers] += 1
    assert max(counts) - min(counts) <= 1


def test_slots_are_named_by_three_digits() -> None:
    """256 names, in order."""
    assert ("000", "001", "255") == (SLOT_NAMES[0], SLOT_NAMES[1], SLOT_NAMES[-1])
    assert SLOTS == len(set(SLOT_NAMES)) == 256
