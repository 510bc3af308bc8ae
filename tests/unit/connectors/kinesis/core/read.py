"""Short ways to say what was read in a test of the reading."""

from __future__ import annotations

from connectors.kinesis.core.read_calls import ReadAnswer
from connectors.kinesis.core.source_record import KinesisSourceRecord


def records(*numbers: int) -> list[KinesisSourceRecord]:
    """Records with these sequence numbers."""
    return [KinesisSourceRecord(b"x", "k", str(number), 0.0) for number in numbers]


def answer(
    *numbers: int, then: str | None = "next", behind_ms: int = 0, size: int | None = None
) -> ReadAnswer:
    """An answer of GetRecords with the records of these sequence numbers."""
    found = records(*numbers)
    return ReadAnswer(found, then, behind_ms, len(found) if size is None else size)


def numbers(found: list[KinesisSourceRecord]) -> list[int]:
    """The sequence numbers of records."""
    return [int(record.sequence_number) for record in found]
