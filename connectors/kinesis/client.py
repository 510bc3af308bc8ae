"""Calls of the Kinesis API for the sink.

Promise: one call is one attempt, and it ends in one of two ways: an answer with one entry for every
record, or a `KinesisError` that says what the failure means. FailedRecordCount is not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .codec import encode_records
from .connection import Connection, Shortcut, Way
from .core.answer import Entry
from .core.record import KinesisRecord
from .core.shards import Shard
from .listing import list_shards
from .refusals import WRITING
from .shortcut import Prepared, long_way, long_way_back, shortcut_works, take_shortcut

if TYPE_CHECKING:
    from typing_extensions import Unpack


class KinesisClient:
    """Calls about one stream to write to. May be used by several threads.

    Args:
        stream: Name or ARN of an existing stream.
        way: How to get there.

    Raises:
        KinesisConfigurationError: No region, an unknown profile, or an endpoint that is refused.
    """

    def __init__(self, stream: str, **way: Unpack[Way]) -> None:
        """Make the client; nobody is called yet."""
        shortcut = Shortcut(take_shortcut, shortcut_works)
        self._connection = Connection(stream, WRITING, shortcut, **way)

    def prepare(self, records: Sequence[KinesisRecord]) -> Sequence[Any]:
        """Make what `put_records` takes: the work that needs no network.

        Args:
            records: 1 to 500 acceptable records.
        """
        if self._connection.takes_shortcut:
            return Prepared(encode_records(records, self._connection.target))
        return long_way(records)

    def put_records(self, prepared: Sequence[Any], count: int) -> list[Entry]:
        """Make one PutRecords call.

        Args:
            prepared: From `prepare`.
            count: How many records it was made of.

        Returns:
            One entry per record, in their order.

        Raises:
            KinesisError: Whether any record was written is unknown.
        """
        connection = self._connection
        answer = connection.call("put_records", Records=prepared, **connection.target)
        # Entries are missing where a success is none of Kinesis, whose own have status 200.
        entries: list[Entry] = (
            answer.get("Entries", []) if connection.takes_shortcut else long_way_back(answer)
        )
        if len(entries) != count:
            raise connection.unreadable(f"{len(entries)} entries for {count} records")
        return entries

    def list_shards(self) -> list[Shard]:
        """List the stream's shards, closed ones too.

        Raises:
            KinesisError: They cannot be listed.
        """
        return list_shards(self._connection)

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()
