"""Writes KPL aggregates, from the format's document alone, to try the reader of them.

Source: https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md and
https://protobuf.dev/programming-guides/encoding/, read in November 2026. Imports nothing of what it
is to try.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import md5
from typing import NamedTuple


class Inner(NamedTuple):
    """One record of an aggregate."""

    partition_key: str
    data: bytes
    explicit_hash_key: str | None = None


def aggregate(records: Sequence[Inner]) -> bytes:
    """Give the data of a record that holds these, each with table entries of its own."""
    keys = [field(1, each.partition_key.encode()) for each in records]
    hash_keys: list[bytes] = []
    inner = []
    for place, each in enumerate(records):
        body = number(1, place)
        if each.explicit_hash_key is not None:
            body += number(2, len(hash_keys))
            hash_keys.append(field(2, each.explicit_hash_key.encode()))
        inner.append(field(3, body + field(3, each.data)))
    return sealed(b"".join([*keys, *hash_keys, *inner]))


def sealed(message: bytes) -> bytes:
    """Put the magic before a message and its digest behind it."""
    return b"\xf3\x89\x9a\xc2" + message + md5(message, usedforsecurity=False).digest()


def field(which: int, content: bytes) -> bytes:
    """Give a field of bytes: wire type 2."""
    return varint(which << 3 | 2) + varint(len(content)) + content


def number(which: int, value: int) -> bytes:
    """Give a field of a number: wire type 0."""
    return varint(which << 3) + varint(value)


def varint(value: int) -> bytes:
    """Give a number in groups of seven bits, the lowest first."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])
