"""Slots, and how far each has read: what a resume state of a Kafka source says.

A slot is one Bytewax partition, a fixed bucket of topic partitions. Bytewax fixes the partitions of
a source when an execution starts, and a topic may be given more at any time: a new one falls into a
slot that is read already.

A state is bytes: a version number and plain msgpack, never our classes, so that a recovery store
stays readable after classes have moved.
"""

from __future__ import annotations

from typing import Final

import msgspec

from .errors import KafkaError

SLOTS: Final = 256
"""How many slots there are, for the life of a recovery store. A topic with more partitions is read
just as well, several a slot."""

_VERSION = 1


class SlotState(msgspec.Struct, frozen=True, array_like=True):
    """How far a slot has read.

    Attributes:
        topic: Whose offsets these are.
        begun: Whether the slot knows where it began. A partition without an offset came later then,
            and is read from its beginning.
        offsets: Offset of the next record to give out, by partition.
    """

    topic: str
    begun: bool = False
    offsets: dict[int, int] = {}


def slot_names() -> list[str]:
    """Return the names of all slots, in order."""
    return [f"{slot:03d}" for slot in range(SLOTS)]


def slot_of(partition: int) -> int:
    """Return the number of the slot that a partition of the topic falls into."""
    return partition % SLOTS


def pack(state: SlotState) -> bytes:
    """Encode a state as the msgpack array `[version, state]`."""
    return msgspec.msgpack.encode((_VERSION, state))


def unpack(state: bytes, topic: str) -> SlotState:
    """Decode what `pack` encoded.

    Raises:
        KafkaError: It is of another version or topic, or no such state.
    """
    what = f"the resume state of the Kafka topic {topic!r}"
    try:
        version, body = msgspec.msgpack.decode(state, type=tuple[int, msgspec.Raw])
        if version != _VERSION:
            raise KafkaError(
                f"{what} has version {version}, this program reads version {_VERSION}; run the "
                "release that wrote it, or start with a fresh recovery store"
            )
        found = msgspec.msgpack.decode(body, type=SlotState)
    except (msgspec.DecodeError, TypeError) as error:
        raise KafkaError(
            f"{what} is not one that this program wrote; start with a fresh recovery store"
        ) from error
    if found.topic != topic:
        raise KafkaError(
            f"{what} is of the topic {found.topic!r}, whose offsets mean nothing here; read that "
            "topic, or start with a fresh recovery store"
        )
    return found
