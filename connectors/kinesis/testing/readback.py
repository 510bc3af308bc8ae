"""Reads a whole stream of an emulator back, to compare it with what was acknowledged."""

from __future__ import annotations

from typing import Any


def read_back(stream: str, *, endpoint_url: str, region: str) -> dict[str, list[bytes]]:
    """Give the data of every record by partition key, in the order of the stream.

    Follows each shard from its first record to its end. Meant for an emulator: it has no bounds,
    no back-off, and does not follow a reshard.

    Args:
        stream: name of the stream.
        endpoint_url: the emulator's address.
        region: where the stream was made.
    """
    import boto3  # noqa: PLC0415 - 0.1 s, and not needed to start an emulator
    from botocore.config import Config  # noqa: PLC0415 - as the next one

    client: Any = boto3.client(
        "kinesis",
        endpoint_url=endpoint_url,
        region_name=region,
        config=Config(proxies={}),  # an emulator is on this machine, also where a proxy is set
    )
    records: dict[str, list[bytes]] = {}
    for shard in client.list_shards(StreamName=stream)["Shards"]:
        iterator = client.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while True:
            answer = client.get_records(ShardIterator=iterator)
            if not answer["Records"]:
                break
            for record in answer["Records"]:
                records.setdefault(record["PartitionKey"], []).append(record["Data"])
            iterator = answer["NextShardIterator"]
    return records
