"""Records, answers and settings as the tests of the core write them.

A record is named in short: `a1` is one of the key `a`, and its name is its data.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from connectors.kinesis import KinesisRecord
from connectors.kinesis.core.actions import DeliverySettings
from connectors.kinesis.core.answer import Entry

THROTTLED = "ProvisionedThroughputExceededException"
SHARD = "shardId-000000000000"

_SETTINGS = DeliverySettings(
    max_in_flight=4,
    linger_s=1.0,
    give_up_s=900.0,
    max_record_bytes=1_048_576,
    buffer_records=100_000,
    buffer_bytes=100_000_000,
)


def settings(**changes: Any) -> DeliverySettings:
    """Room for everything, four requests in flight, a second to linger, unless changed."""
    return structs.replace(_SETTINGS, **changes)


def record(name: str, **more: Any) -> KinesisRecord:
    """Make the record of this name."""
    return KinesisRecord(name.encode(), name[0], **more)


def records(names: str, **more: Any) -> list[KinesisRecord]:
    """Make the records of these names, which stand with spaces between."""
    return [record(name, **more) for name in names.split()]


def names(found: list[KinesisRecord]) -> str:
    """Give the names of records."""
    return " ".join(each.data.decode() for each in found)


def taken(shard: str = SHARD) -> Entry:
    """Make the entry of a record that was written to a shard."""
    return Entry("49590338271490256608559692538361571095921575989136588898", shard)


def failed(code: str, message: str | None = None) -> Entry:
    """Make the entry of a record that was not written."""
    return Entry(error_code=code, error_message=message)
