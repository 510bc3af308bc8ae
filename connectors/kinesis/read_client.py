"""Calls of the Kinesis API for the source.

Promise: one call is one attempt, and it ends in an answer or in a `KinesisError` that says what the
failure means. An answer that is not whole is none.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .connection import Connection, Shortcut, Way
from .core.read_calls import GetShardIterator, ReadAnswer
from .core.shards import Shard
from .listing import list_shards
from .read_shortcut import read_long_way, read_shortcut_works, take_read_shortcut
from .refusals import READING

if TYPE_CHECKING:
    from typing_extensions import Unpack


class ReadClient:
    """Calls about one stream to read. May be used by several threads.

    Args:
        stream: Name or ARN of an existing stream.
        way: How to get there.

    Raises:
        KinesisConfigurationError: No region, an unknown profile, or an endpoint that is refused.
    """

    def __init__(self, stream: str, **way: Unpack[Way]) -> None:
        """Make the client; nobody is called yet."""
        shortcut = Shortcut(take_read_shortcut, read_shortcut_works)
        self._connection = connection = Connection(stream, READING, shortcut, **way)
        # An iterator names its stream, but the endpoint follows from the ARN.
        self._by_arn = {key: arn for key, arn in connection.target.items() if key == "StreamARN"}

    def list_shards(self) -> list[Shard]:
        """List the stream's shards, closed ones too.

        Raises:
            KinesisError: They cannot be listed.
        """
        return list_shards(self._connection)

    def get_shard_iterator(self, place: GetShardIterator) -> str:
        """Get an iterator, which is good for 5 minutes.

        Args:
            place: Where it begins.

        Raises:
            KinesisError: There is none.
        """
        arguments: dict[str, Any] = {
            "ShardId": place.shard.id,
            "ShardIteratorType": place.type,
            **self._connection.target,
        }
        if place.sequence_number is not None:
            arguments["StartingSequenceNumber"] = place.sequence_number
        if place.timestamp is not None:
            arguments["Timestamp"] = datetime.fromtimestamp(place.timestamp, timezone.utc)
        answer = self._connection.call("get_shard_iterator", **arguments)
        iterator: str | None = answer.get("ShardIterator")
        if not iterator:
            raise self._connection.unreadable("no ShardIterator")
        return iterator

    def get_records(self, iterator: str, limit: int | None = None) -> ReadAnswer:
        """Read what comes next.

        Args:
            iterator: From `get_shard_iterator` or an earlier answer.
            limit: Most records; None for as many as Kinesis gives, up to 10,000 of 10 MiB.

        Raises:
            KinesisError: There is no answer, or it is an error.
        """
        connection = self._connection
        arguments: dict[str, Any] = {"ShardIterator": iterator, **self._by_arn}
        if limit is not None:
            arguments["Limit"] = limit
        answer = connection.call("get_records", **arguments)
        try:
            read: ReadAnswer = (
                answer["Read"] if connection.takes_shortcut else read_long_way(answer)
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise connection.unreadable(type(error).__name__) from error
        return read

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()
