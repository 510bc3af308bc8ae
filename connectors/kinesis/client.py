"""Calls of the Kinesis API through boto3: the only place that makes them.

Promise: one call is one attempt, and it ends in one of two ways: an answer with one entry for every
record, or a `KinesisError` that says what the failure means. FailedRecordCount is not read.

Fast by going a short way through botocore (`shortcut`) on a light transport (`transport`), each
only where it works. Left out: waiting and trying again.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import partial
from http.client import HTTPException
from typing import Any
from urllib.parse import SplitResult, urlsplit

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from .codec import UnreadableAnswer, encode_records
from .core.answer import Entry
from .core.record import KinesisRecord
from .core.shards import Shard
from .errors import KinesisConfigurationError
from .refusals import no_answer, refused, unreadable
from .shortcut import Prepared, long_way, long_way_back, shortcut_works, take_shortcut
from .transport import replace_transport

CONNECT_TIMEOUT_S = 2
"""Survives one lost SYN, which is sent again after a second."""

# What botocore's JSON parser lets out when the body is not what the API promises.
_UNREADABLE = (
    AttributeError,
    KeyError,
    RecursionError,
    ResponseParserError,
    TypeError,
    UnicodeDecodeError,
    UnreadableAnswer,
)


class KinesisClient:
    """Calls about one stream. May be used by several threads.

    Args:
        stream: Name or ARN of an existing stream.
        region: AWS region; None takes the session's.
        endpoint_url: Another endpoint than AWS's own. Plain http only on this machine.
        session: A `boto3.Session`, or the name of a profile of AWS's shared configuration; None
            makes one from the usual chain of credentials.
        connections: Most calls at a time that keep their connection.
        request_timeout_s: How long an answer may take.

    Raises:
        KinesisConfigurationError: No region, an unknown profile, or an endpoint that is refused.
    """

    def __init__(
        self,
        stream: str,
        *,
        region: str | None,
        endpoint_url: str | None,
        session: Any,
        connections: int,
        request_timeout_s: float,
    ) -> None:
        config = Config(
            # One attempt: whoever calls decides about the next, and counts it.
            retries={"mode": "standard", "total_max_attempts": 1},
            connect_timeout=min(CONNECT_TIMEOUT_S, request_timeout_s),
            read_timeout=request_timeout_s,
            tcp_keepalive=True,
            # botocore puts its own together anew for each call, which takes a tenth of the time.
            user_agent=f"Boto3/{boto3.__version__} Botocore/{botocore.__version__} KinesisSink",
            max_pool_connections=connections,
            # Records were checked before; botocore's second look costs a quarter of the call, and
            # its error would quote the data.
            parameter_validation=False,
        )
        try:
            if session is None or isinstance(session, str):
                session = boto3.Session(profile_name=session)
            make_client = partial(
                session.client, "kinesis", region_name=region, endpoint_url=endpoint_url
            )
            client = make_client(config=config)
            # Asked of the client, as the endpoint may also come from AWS_ENDPOINT_URL or a profile.
            endpoint = urlsplit(client.meta.endpoint_url)
            if endpoint.scheme == "http":  # it stays on this machine, also where a proxy is set
                client.close()
                client = make_client(config=config.merge(Config(proxies={})))
        except (BotoCoreError, ValueError) as error:
            why = "the endpoint is no URL" if isinstance(error, ValueError) else str(error)
            raise KinesisConfigurationError(
                f"no client for stream {stream!r}: {why}. Correct the region, profile or "
                "endpoint_url, in the configuration or in AWS's own files and variables.",
                code=type(error).__name__,
                needs_person=True,
            ) from error
        if not _keeps_data_private(endpoint):
            client.close()
            raise KinesisConfigurationError(
                f"plain http to {endpoint.hostname} is refused: profiles would cross the "
                "network in the clear. Use https, or an endpoint on this machine (127.0.0.1).",
                needs_person=True,
            )
        self._takes_shortcut = shortcut_works(partial(make_client, config=config))
        if self._takes_shortcut:
            take_shortcut(client)
        replace_transport(
            client, connect_timeout_s=config.connect_timeout, read_timeout_s=request_timeout_s
        )
        self._client = client
        self._target = {"StreamARN" if stream.startswith("arn:") else "StreamName": stream}
        host = endpoint.netloc.rpartition("@")[2]  # a user and password before it stay unsaid
        self._where = f"stream {stream!r} at {endpoint.scheme}://{host}"

    def prepare(self, records: Sequence[KinesisRecord]) -> Sequence[Any]:
        """Make what `put_records` takes: the work that needs no network.

        Args:
            records: 1 to 500 acceptable records.
        """
        if self._takes_shortcut:
            return Prepared(encode_records(records, self._target))
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
        answer = self._call("put_records", Records=prepared, **self._target)
        # Entries are missing where a success is none of Kinesis, whose own have status 200.
        entries: list[Entry] = (
            answer.get("Entries", []) if self._takes_shortcut else long_way_back(answer)
        )
        if len(entries) != count:
            raise unreadable(f"{len(entries)} entries for {count} records", self._where)
        return entries

    def list_shards(self) -> list[Shard]:
        """List the stream's shards, closed ones too, by as many calls as that takes.

        Raises:
            KinesisError: They cannot be listed.
        """
        shards: list[Shard] = []
        arguments = self._target
        while arguments:
            answer = self._call("list_shards", **arguments)
            try:
                shards += [_shard(found) for found in answer["Shards"]]
            except (KeyError, TypeError, ValueError) as error:
                raise unreadable(type(error).__name__, self._where) from error
            token = answer.get("NextToken")
            arguments = {"NextToken": token} if token else {}
        return shards

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _call(self, method: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client, method)(**arguments)
        except ClientError as error:
            raise refused(error, self._where) from None  # its text may quote a partition key
        except (BotoCoreError, HTTPException, OSError) as error:
            raise no_answer(error, self._where) from error
        except _UNREADABLE as error:
            raise unreadable(type(error).__name__, self._where) from error
        return answer


def _shard(found: dict[str, Any]) -> Shard:
    keys, numbers = found["HashKeyRange"], found["SequenceNumberRange"]
    return Shard(
        found["ShardId"],
        int(keys["StartingHashKey"]),
        int(keys["EndingHashKey"]),
        "EndingSequenceNumber" not in numbers,
    )


def _keeps_data_private(endpoint: SplitResult) -> bool:
    """Whether data on the way there cannot be read by others: https, or never leaves here."""
    if endpoint.scheme == "https" or endpoint.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(endpoint.hostname or "").is_loopback
    except ValueError:
        return False
