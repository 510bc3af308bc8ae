"""KPL aggregates: many records in one, opened into the records they are made of.

The format is that of the Kinesis Producer Library
(https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md, read in
November 2026): four bytes of magic, a protobuf message with tables of keys and records that point
into them, and the MD5 of that message. The protobuf is read by hand: nothing is installed for it.

Promise: no bytes make this raise, and none are lost. What starts with the magic but is no aggregate
is passed on as it came, as Amazon's own reader does (AggregatorUtil.java of
https://github.com/awslabs/amazon-kinesis-client, read in November 2026), and counted.

Another way than that reader goes: where a record lies outside the hash range of the shard, as after
a reshard, Amazon's drops the whole aggregate without a word. Here that record alone is counted, and
dropped only if asked for.

Left out: tags, which no writer sets; an aggregate in an aggregate, which stays closed; a bound on
how many records an aggregate holds. An empty record takes 6 bytes, so 10 MiB hold 1.7 million.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import md5
from typing import Literal

import msgspec

from .limits import HASH_KEY_MAX
from .source_record import KinesisSourceRecord

MAGIC = b"\xf3\x89\x9a\xc2"
_DIGEST_BYTES = 16

# A field's number and wire type, as the first byte of it has them: number << 3 | type.
_KEYS, _HASH_KEYS, _RECORDS = 0x0A, 0x12, 0x1A  # of AggregatedRecord
_KEY_AT, _HASH_KEY_AT, _DATA = 0x08, 0x10, 0x1A  # of Record

# Wire types (https://protobuf.dev/programming-guides/encoding/); groups, 3 and 4, are not read.
_VARINT, _BYTES = 0, 2
_SIZES = {1: 8, 5: 4}
"""Bytes of the types that always have as many."""

_VARINT_BYTES = 10
_MORE_FOLLOWS = 0x80

_HASH_KEY_DIGITS = len(str(HASH_KEY_MAX))


class Opened(msgspec.Struct, frozen=True):
    """What was found among some records.

    Attributes:
        aggregates: records that were opened.
        corrupt: records that start as an aggregate does, but are none: a wrong digest, or a message
            that cannot be read.
        out_of_range: records in aggregates that lie outside the shard's hash range.
    """

    aggregates: int = 0
    corrupt: int = 0
    out_of_range: int = 0


_NOTHING = Opened()


class _Corrupt(Exception):
    """These bytes are no message of the format."""


def open_aggregates(
    records: list[KinesisSourceRecord],
    first: int,
    last: int,
    out_of_range: Literal["keep", "drop"] = "keep",
) -> tuple[list[KinesisSourceRecord], Opened]:
    """Put the records of each aggregate in its place.

    They have its sequence number, arrival and shard, and are told apart by `sub_sequence_number`,
    their place in it from 0. Their `ordinal` is still to be given.

    Args:
        records: As an answer of GetRecords has them.
        first: First hash key of the shard they were read from.
        last: Last hash key of it.
        out_of_range: What to do with a record in an aggregate whose explicit hash key, or else the
            MD5 of its partition key, is not from first to last.

    Returns:
        The records, which is the same list where nothing is aggregated, and what was found.
    """
    for record in records:
        if record.data.startswith(MAGIC):
            break
    else:
        return records, _NOTHING
    opened: list[KinesisSourceRecord] = []
    aggregates = corrupt = strays = 0
    for record in records:
        if not record.data.startswith(MAGIC):
            opened.append(record)
            continue
        try:
            found = _open(record, first, last)
        except _Corrupt:
            corrupt += 1
            opened.append(record)
            continue
        aggregates += 1
        strays += sum(1 for _, is_inside in found if not is_inside)
        opened += [inner for inner, is_inside in found if is_inside or out_of_range == "keep"]
    return opened, Opened(aggregates, corrupt, strays)


def _open(
    record: KinesisSourceRecord, first: int, last: int
) -> list[tuple[KinesisSourceRecord, bool]]:
    """Give the records of an aggregate, each with whether it is within the range.

    Raises:
        _Corrupt: It is no aggregate.
    """
    message, digest = record.data[len(MAGIC) : -_DIGEST_BYTES], record.data[-_DIGEST_BYTES:]
    # Without a message it is none, though the digest be that of nothing: as Amazon's reader has it.
    if not message or _md5(message) != digest:
        raise _Corrupt
    keys, hash_keys, records = [], [], []
    for field, _, content in _fields(message):
        if field == _KEYS:
            keys.append(_text(content))
        elif field == _HASH_KEYS:
            hash_keys.append(_hash_key(content))
        elif field == _RECORDS:
            records.append(_record(content))
    key_inside = [first <= _hash_key_of(key) <= last for key in keys]
    inside = [first <= hash_key <= last for hash_key in hash_keys]
    opened = []
    try:
        for place, (key_at, hash_key_at, data) in enumerate(records):
            is_inside = key_inside[key_at] if hash_key_at is None else inside[hash_key_at]
            inner = KinesisSourceRecord(
                data,
                keys[key_at],
                record.sequence_number,
                record.arrival,
                sub_sequence_number=place,
                shard_id=record.shard_id,
            )
            opened.append((inner, is_inside))
    except IndexError:
        raise _Corrupt from None
    return opened


def _record(message: bytes) -> tuple[int, int | None, bytes]:
    """Read a Record: the places of its keys in the tables, and its data."""
    key_at = hash_key_at = data = None
    for field, number, content in _fields(message):
        if field == _KEY_AT:
            key_at = number
        elif field == _HASH_KEY_AT:
            hash_key_at = number
        elif field == _DATA:
            data = content
    if key_at is None or data is None:
        raise _Corrupt
    return key_at, hash_key_at, data


def _fields(message: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Give each field: its number and type, its value if that is a number, else its bytes."""
    at, end = 0, len(message)
    while at < end:
        number, content = 0, b""
        field, at = _varint(message, at)
        wire = field & 7
        if wire == _VARINT:
            number, at = _varint(message, at)
        else:
            if wire == _BYTES:
                size, at = _varint(message, at)
            elif wire in _SIZES:
                size = _SIZES[wire]
            else:
                raise _Corrupt
            content = message[at : at + size]
            at += size
        if at > end:
            raise _Corrupt
        yield field, number, content


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Read a number of up to 64 bits, 7 of them a byte; give it and the place after it."""
    number = 0
    for place, byte in enumerate(message[at : at + _VARINT_BYTES]):
        number |= (byte & ~_MORE_FOLLOWS) << 7 * place
        if not byte & _MORE_FOLLOWS:
            return number, at + place + 1
    raise _Corrupt


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise _Corrupt from None


def _hash_key(content: bytes) -> int:
    """Read an explicit hash key, a decimal number."""
    if not content.isdigit() or len(content) > _HASH_KEY_DIGITS:  # digits of ASCII alone
        raise _Corrupt
    return int(content)


def _hash_key_of(partition_key: str) -> int:
    return int.from_bytes(_md5(partition_key.encode()), "big")


def _md5(content: bytes) -> bytes:
    return md5(content, usedforsecurity=False).digest()
