"""The shards of a stream: the sink slows them down one by one, and the source reads them."""

from __future__ import annotations

from typing import Any

from .connection import Connection
from .core.shards import Shard


def list_shards(connection: Connection) -> list[Shard]:
    """List the stream's shards, closed ones too, by as many calls as that takes.

    Raises:
        KinesisError: They cannot be listed.
    """
    shards: list[Shard] = []
    arguments = connection.target
    while arguments:
        answer = connection.call("list_shards", **arguments)
        try:
            shards += [_shard(found) for found in answer["Shards"]]
        except (KeyError, TypeError, ValueError) as error:
            raise connection.unreadable(type(error).__name__) from error
        token = answer.get("NextToken")
        arguments = {"NextToken": token} if token else {}
    return shards


def _shard(found: dict[str, Any]) -> Shard:
    keys, numbers = found["HashKeyRange"], found["SequenceNumberRange"]
    parents = (found.get("ParentShardId"), found.get("AdjacentParentShardId"))
    return Shard(
        found["ShardId"],
        int(keys["StartingHashKey"]),
        int(keys["EndingHashKey"]),
        "EndingSequenceNumber" not in numbers,
        tuple(parent for parent in parents if parent is not None),
    )
