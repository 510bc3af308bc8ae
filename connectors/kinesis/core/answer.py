"""What Kinesis says of one record of a request."""

from __future__ import annotations

import re

import msgspec

_SHARD = re.compile(r"shardId-\d{12}")


class Entry(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    """An entry of a PutRecords answer, as API_PutRecordsResultEntry describes it.

    Attributes:
        sequence_number: Given to a record that was written.
        shard_id: Where it was written.
        error_code: Why it was not written.
        error_message: The same in words. Never shown, as it may quote a partition key.
    """

    sequence_number: str | None = None
    shard_id: str | None = None
    error_code: str | None = None
    error_message: str | None = None

    def __repr__(self) -> str:
        """Leave the message out, which may quote a partition key."""
        return f"Entry({self.failure or self.sequence_number})"

    @property
    def failure(self) -> str | None:
        """The error code; None only for a record that was certainly written."""
        if self.error_code is None and not self.sequence_number:
            return "NoSequenceNumber"
        return self.error_code

    @property
    def throttled_shard(self) -> str | None:
        """The shard that a throttle's message names, if it names one.

        AWS writes "Rate exceeded for shard shardId-000000000000 in stream ...".
        """
        named = _SHARD.search(self.error_message or "")
        return named.group() if named else None
