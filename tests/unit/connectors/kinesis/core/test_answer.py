"""Entries of a PutRecords answer: which of them acknowledge a record, and which shard they name.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsResultEntry.html
"""

from __future__ import annotations

import pytest

from connectors.kinesis.core.answer import Entry

SHARD = "shardId-000000000003"
EXAMPLE = (  # in API_PutRecords
    "Rate exceeded for shard shardId-000000000001 in stream exampleStreamName under account "
    "111111111111."
)


def test_a_sequence_number_acknowledges() -> None:
    """A record that has one, and no error code, was written."""
    assert Entry("4959", SHARD).failure is None


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (Entry(error_code="InternalFailure"), "InternalFailure"),
        (Entry("4959", SHARD, "InternalFailure"), "InternalFailure"),  # contradicts itself
        (Entry(error_code=""), ""),
        (Entry(), "NoSequenceNumber"),
        (Entry("", SHARD), "NoSequenceNumber"),
        (Entry(shard_id=SHARD), "NoSequenceNumber"),
    ],
)
def test_nothing_else_acknowledges(entry: Entry, code: str) -> None:
    """An entry in doubt counts as a failure, by AWS's code or one of ours."""
    assert code == entry.failure


@pytest.mark.parametrize(
    ("message", "shard"),
    [
        (EXAMPLE, "shardId-000000000001"),
        ("Rate exceeded for stream leads", None),
        ("shardId-12", None),
        ("", None),
        (None, None),
    ],
)
def test_a_throttle_may_name_its_shard(message: str | None, shard: str | None) -> None:
    """The shard is read from AWS's words if it is there, and else not made up."""
    assert shard == Entry(error_code="x", error_message=message).throttled_shard
