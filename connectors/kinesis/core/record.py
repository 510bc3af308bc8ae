"""One record as Kinesis takes it: its fields, its exact size, and why it could never be accepted.

Promise: the size is the one AWS counts, and a record without a `refusal` is within every limit of
`limits`.
"""

from __future__ import annotations

import re

import msgspec

from . import limits

_HASH_KEY = re.compile(r"0|[1-9][0-9]{0,38}")


class KinesisRecord(msgspec.Struct, frozen=True, gc=False):
    """A record to write.

    Attributes:
        data: The bytes to carry, before base64.
        partition_key: 1 to 256 characters. Order is kept per partition key.
        explicit_hash_key: A decimal number below 2**128 that chooses the shard instead of the
            partition key.
        replaceable: While it waits because an earlier record of its partition key is not
            acknowledged yet, a newer one of that key may take its place; it then counts as
            superseded.
        time_us: When what it shows was so, in microseconds since 1970 UTC, which its freshness is
            reckoned from; 0 if that is not known. It is not sent.
    """

    data: bytes
    partition_key: str
    explicit_hash_key: str | None = None
    replaceable: bool = False
    time_us: int = 0

    def __repr__(self) -> str:
        """Say its size only: what prints records must not print people."""
        return f"KinesisRecord({record_bytes(self)} bytes)"


def record_bytes(record: KinesisRecord) -> int:
    """Size of a record as AWS counts it: data plus partition key in UTF-8.

    Source: API_PutRecordsRequestEntry, field Data. The explicit hash key does not count.
    """
    key = record.partition_key
    return len(record.data) + (len(key) if key.isascii() else len(key.encode()))


def refusal(record: KinesisRecord, max_bytes: int = limits.RECORD_BYTES) -> str | None:
    """Why Kinesis can never accept this record, or None if nothing stands in the way.

    The text names sizes and limits, never the key or the data.

    Args:
        record: What is to be written.
        max_bytes: Largest record that the stream takes.
    """
    key = record.partition_key
    if not key:
        return "the partition key is empty"
    if len(key) > limits.PARTITION_KEY_CHARS:
        return (
            f"the partition key has {len(key)} characters, more than {limits.PARTITION_KEY_CHARS}"
        )
    try:
        size = record_bytes(record)
    except UnicodeEncodeError:
        return "the partition key is not valid Unicode (half a surrogate pair)"
    if size > max_bytes:
        return f"data and partition key have {size} bytes, more than {max_bytes}"
    if record.explicit_hash_key is not None and not _is_hash_key(record.explicit_hash_key):
        return "the explicit hash key is not a decimal number from 0 to 2**128 - 1"
    return None


def _is_hash_key(text: str) -> bool:
    return _HASH_KEY.fullmatch(text) is not None and int(text) <= limits.HASH_KEY_MAX
