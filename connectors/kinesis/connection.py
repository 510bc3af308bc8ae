"""A client of Kinesis for one stream, as boto3 makes it: what writing and reading have in common.

Promise: one call is one attempt, and it ends in one of two ways: an answer, or a `KinesisError`
that says what the failure means.

Fast by going a short way through botocore on a light transport (`transport`), each only where it
works; the short ways are of those who call. Left out: waiting and trying again.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import partial
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict
from urllib.parse import SplitResult, urlsplit

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from .codec import UnreadableAnswer
from .errors import KinesisConfigurationError, KinesisError
from .refusals import Use, no_answer, refused, unreadable
from .transport import replace_transport

if TYPE_CHECKING:
    from typing_extensions import Unpack

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


class Shortcut(NamedTuple):
    """A short way through botocore.

    Attributes:
        take: Lets a client go it.
        works: Whether clients can, given what makes one.
    """

    take: Callable[[Any], None]
    works: Callable[[Callable[..., Any]], bool]


class Way(TypedDict):
    """How to get to Kinesis.

    Attributes:
        region: AWS region; None takes the session's.
        endpoint_url: Another endpoint than AWS's own. Plain http only on this machine.
        session: A `boto3.Session`, or the name of a profile of AWS's shared configuration; None
            makes one from the usual chain of credentials.
        connections: Most calls at a time that keep their connection.
        request_timeout_s: How long the network may be silent before an answer counts as lost.
    """

    region: str | None
    endpoint_url: str | None
    session: Any
    connections: int
    request_timeout_s: float


class Connection:
    """Calls about one stream. May be used by several threads.

    Attributes:
        target: The stream, as an argument of a call: `StreamName` or `StreamARN`.
        takes_shortcut: Whether the client goes the short way.

    Args:
        stream: Name or ARN of an existing stream.
        use: What it is used for, for the words of failures.
        shortcut: Its short way through botocore.
        way: How to get there.

    Raises:
        KinesisConfigurationError: No region, an unknown profile, or an endpoint that is refused.
    """

    def __init__(
        self,
        stream: str,
        use: Use,
        shortcut: Shortcut,
        **way: Unpack[Way],
    ) -> None:
        config = _configure(use, way["connections"], way["request_timeout_s"])
        session = way["session"]
        try:
            if session is None or isinstance(session, str):
                session = boto3.Session(profile_name=session)
            make_client = partial(
                session.client,
                "kinesis",
                region_name=way["region"],
                endpoint_url=way["endpoint_url"],
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
        self.takes_shortcut = shortcut.works(partial(make_client, config=config))
        if self.takes_shortcut:
            shortcut.take(client)
        replace_transport(
            client, connect_timeout_s=config.connect_timeout, read_timeout_s=config.read_timeout
        )
        self._client = client
        self._use = use
        self.target = {"StreamARN" if stream.startswith("arn:") else "StreamName": stream}
        host = endpoint.netloc.rpartition("@")[2]  # a user and password before it stay unsaid
        self._where = f"stream {stream!r} at {endpoint.scheme}://{host}"

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Make one attempt at a call.

        Args:
            method: Of a boto3 client, such as `put_records`.
            arguments: Of the method; they are not checked.

        Raises:
            KinesisError: There is no answer, or it is an error.
        """
        try:
            answer: dict[str, Any] = getattr(self._client, method)(**arguments)
        except ClientError as error:
            raise refused(error, self._where, self._use) from None  # it may quote a partition key
        except (BotoCoreError, HTTPException, OSError) as error:
            raise no_answer(error, self._where, self._use) from error
        except _UNREADABLE as error:
            raise self.unreadable(type(error).__name__) from error
        return answer

    def unreadable(self, why: str) -> KinesisError:
        """Say that an answer of a call is not what the API promises."""
        return unreadable(why, self._where, self._use)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _configure(use: Use, connections: int, request_timeout_s: float) -> Config:
    versions = f"Boto3/{boto3.__version__} Botocore/{botocore.__version__}"
    return Config(
        # One attempt: whoever calls decides about the next, and counts it.
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=min(CONNECT_TIMEOUT_S, request_timeout_s),
        read_timeout=request_timeout_s,
        tcp_keepalive=True,
        # botocore puts its own together anew for each call, which takes a tenth of the time.
        user_agent=f"{versions} {use.agent}",
        max_pool_connections=connections,
        # What is sent was checked before; botocore's second look costs a quarter of a call with
        # records, and its error would quote the data.
        parameter_validation=False,
    )


def _keeps_data_private(endpoint: SplitResult) -> bool:
    """Whether data on the way there cannot be read by others: https, or never leaves here."""
    if endpoint.scheme == "https" or endpoint.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(endpoint.hostname or "").is_loopback
    except ValueError:
        return False
