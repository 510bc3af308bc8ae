"""Resume states: what they say, and which are refused."""

from __future__ import annotations

import msgspec
import pytest

from connectors.kafka import KafkaError
from connectors.kafka.positions import SLOTS, SlotState, pack, slot_names, slot_of, unpack


def test_a_state_is_plain_msgpack_with_a_version() -> None:
    """Written by hand here: a store of today must be readable for ever."""
    state = SlotState("crm", begun=True, offsets={0: 7, 256: 300})
    stored = b"\x92\x01\x93\xa3crm\xc3\x82\x00\x07\xcd\x01\x00\xcd\x01\x2c"
    assert stored == pack(state)
    assert state == unpack(stored, "crm")


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        (msgspec.msgpack.encode((2, ["crm", True, {}])), "has version 2, .* reads version 1"),
        (pack(SlotState("other")), "of the topic 'other'"),
        (b"", "not one that this program wrote"),
        (msgspec.msgpack.encode((1, ["crm", "yes", {}])), "not one that this program wrote"),
        (msgspec.msgpack.encode(7), "not one that this program wrote"),
    ],
)
def test_a_state_that_is_not_ours_is_refused(stored: bytes, words: str) -> None:
    """Offsets of something else would skip records."""
    with pytest.raises(KafkaError, match=words):
        unpack(stored, "crm")


def test_partitions_are_dealt_to_slots_in_turn() -> None:
    """So that few partitions spread over all workers; slot names sort as their numbers do."""
    assert [0, 1, 255, 0, 1] == [slot_of(each) for each in (0, 1, 255, 256, 257)]
    assert ["000", "001", "255"] == [slot_names()[at] for at in (0, 1, 255)]
    assert sorted(slot_names()) == slot_names()
    assert SLOTS == len(slot_names())
