"""What is saved of a slot."""

from __future__ import annotations

import msgspec
import pytest

from connectors.kinesis.core.positions import (
    ShardState,
    SlotState,
    UnreadableState,
    pack,
    unpack,
)

STATE = SlotState(
    1000.5,
    2000.25,
    {
        "shardId-000000000000": ShardState("4957", 12, 1999.0, closed=True),
        "shardId-000000000001": ShardState(),
    },
)


def test_a_state_comes_back_as_it_was() -> None:
    """Also one without anything in it."""
    assert STATE == unpack(pack(STATE))
    assert SlotState(None) == unpack(pack(SlotState(None)))


def test_the_bytes_are_a_version_and_plain_values() -> None:
    """What is saved must outlive our classes."""
    expected = [
        1,
        [
            1000.5,
            2000.25,
            {
                "shardId-000000000000": ["4957", 12, 1999.0, True],
                "shardId-000000000001": [None, 0, None, False],
            },
        ],
    ]
    assert expected == msgspec.msgpack.decode(pack(STATE))


def test_a_state_of_another_version_is_refused() -> None:
    """The error says which it is and what to do."""
    with pytest.raises(UnreadableState, match=r"has version 2, .* reads version 1; run the rel"):
        unpack(msgspec.msgpack.encode((2, "?")))


@pytest.mark.parametrize("saved", [b"", b"\xc1", b"x", msgspec.msgpack.encode((1, "?"))])
def test_other_bytes_are_refused(saved: bytes) -> None:
    """The error says what to do."""
    with pytest.raises(UnreadableState, match="start with a fresh recovery store"):
        unpack(saved)
