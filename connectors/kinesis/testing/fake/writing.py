"""What a PutRecords request may hold, with numbers of its own.

Sources, read in November 2026:

* https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
* https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html

A record over the size that its stream takes has the whole request refused: the documentation says
that it is refused, not how, and this is what hurts most.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import md5
from typing import Any

from .wire import BOOLEAN, LIST, STRING, CallRefused, invalid, members

RECORDS_MAX = 500  # PutRecords: records of one request
REQUEST_BYTES_MAX = 10 * 1024 * 1024  # PutRecords: 10 MiB for the request, partition keys included
DATA_BYTES_MAX = 10 * 1024 * 1024  # the Data member's own length constraint in the API model
KEY_CHARS_MAX = 256  # PutRecordsRequestEntry, PartitionKey: length 1 to 256
HASH_KEY_FORM = re.compile(r"0|[1-9][0-9]{0,38}", re.ASCII)  # ditto, ExplicitHashKey
HASH_KEYS = 2**128  # PutRecords: MD5 maps partition keys to 128-bit integers

MEMBERS = {"Records": LIST, "StreamName": STRING, "StreamARN": STRING, "DryRun": BOOLEAN}
_ENTRY = {"Data": STRING, "PartitionKey": STRING, "ExplicitHashKey": STRING}


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of a request."""

    partition_key: str
    data: bytes
    explicit_hash_key: str | None

    @property
    def hash_key(self) -> int:
        """Where it belongs in the stream's hash key range."""
        if self.explicit_hash_key is not None:
            return int(self.explicit_hash_key)
        return int.from_bytes(md5(self.partition_key.encode()).digest(), "big")  # noqa: S324 - AWS's

    @property
    def size(self) -> int:
        """Bytes that count: the data and the partition key in UTF-8."""
        return len(self.data) + len(self.partition_key.encode())


def entries(found: Sequence[Any]) -> list[Entry]:
    """Read the records of a request, without judging their sizes.

    Raises:
        CallRefused: A member is missing, unknown, or not of its type; strict base64 is meant too.
    """
    return [_entry(each) for each in found]


def _entry(found: Any) -> Entry:
    entry = members(found, _ENTRY, "Data", "PartitionKey")
    try:
        data = base64.b64decode(entry["Data"], validate=True)
        entry["PartitionKey"].encode()
    except (binascii.Error, ValueError):  # also a lone surrogate, which JSON can smuggle in
        raise CallRefused("SerializationException", "no base64, or no Unicode") from None
    return Entry(entry["PartitionKey"], data, entry.get("ExplicitHashKey"))


def check(found: Sequence[Entry], record_bytes_max: int, *, dry_run: bool) -> None:
    """Judge the records of a request against the limits of the service and of their stream.

    Raises:
        CallRefused: ValidationException for what the API model forbids, InvalidArgumentException
            for what the service does, DryRunOperationException if nothing was found.
    """
    if not 1 <= len(found) <= RECORDS_MAX:
        bound = "greater than or equal to 1" if not found else "less than or equal to 500"
        raise invalid("[...]", "records", f"Member must have length {bound}")
    for number, entry in enumerate(found, start=1):
        _check_entry(entry, f"records.{number}.member")
    for entry in found:
        if entry.size > record_bytes_max:
            raise CallRefused(
                "InvalidArgumentException",
                f"record of {entry.size} bytes is larger than {record_bytes_max}",
            )
    if sum(entry.size for entry in found) > REQUEST_BYTES_MAX:
        raise CallRefused("InvalidArgumentException", "Records size exceeds 10 MB limit")
    if dry_run:
        raise CallRefused("DryRunOperationException", "The request would have succeeded.")


def _check_entry(entry: Entry, where: str) -> None:
    key, hash_key = entry.partition_key, entry.explicit_hash_key
    if not 1 <= len(key) <= KEY_CHARS_MAX:
        bound = "greater than or equal to 1" if not key else "less than or equal to 256"
        raise invalid(key, f"{where}.partitionKey", f"Member must have length {bound}")
    if len(entry.data) > DATA_BYTES_MAX:
        bound = f"Member must have length less than or equal to {DATA_BYTES_MAX}"
        raise invalid("[...]", f"{where}.data", bound)
    if hash_key is None:
        return
    if not HASH_KEY_FORM.fullmatch(hash_key):
        pattern = "Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})"
        raise invalid(hash_key, f"{where}.explicitHashKey", pattern)
    if int(hash_key) >= HASH_KEYS:
        raise CallRefused(
            "InvalidArgumentException",
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
            f"Specified value was {hash_key}",
        )
