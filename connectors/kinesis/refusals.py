"""What a failed call means, in words for people: botocore's exceptions become this package's.

Each says what, where, why and what to do. What AWS says in words is left out, as it may quote a
partition key.
"""

from __future__ import annotations

from http.client import HTTPException
from typing import NamedTuple

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    LoginError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
)

from .core.retry import Kind, decide
from .errors import (
    KinesisError,
    KinesisPermissionDenied,
    KinesisRequestRefused,
    KinesisStreamNotFound,
    KinesisUnreachable,
)

_OF_KINESIS = {"GetRecords", "GetShardIterator", "ListShards", "PutRecords"}
"""Others are calls to STS, for the keys of a role."""

_NO_CREDENTIALS = (
    LoginError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
)


class Use(NamedTuple):
    """What a client is for, in the words of its failures.

    Attributes:
        agent: What AWS's logs call it.
        does: What it does with a stream.
        operation: The call it is about.
        key_action: The IAM action it needs of a stream's key of KMS.
        unknown: What an answer means that cannot be read.
    """

    agent: str
    does: str
    operation: str
    key_action: str
    unknown: str


WRITING = Use(
    agent="KinesisSink",
    does="write to",
    operation="PutRecords",
    key_action="kms:GenerateDataKey",
    unknown="so its records count as not written",
)
READING = Use(
    agent="KinesisSource",
    does="read",
    operation="GetRecords",
    key_action="kms:Decrypt",
    unknown="so it counts as none",
)


def refused(error: ClientError, where: str, use: Use) -> KinesisError:
    """Put an error answer of AWS into words.

    Args:
        error: As botocore raises it.
        where: The stream and its endpoint.
        use: What the call was made for.
    """
    code = error.response.get("Error", {}).get("Code") or "no code"
    metadata = error.response.get("ResponseMetadata", {})
    status = metadata.get("HTTPStatusCode", 0)
    what = f"{code}, HTTP {status}, request id {metadata.get('RequestId', 'unknown')}"
    kind = decide(code, status)
    if kind in {Kind.CREDENTIALS, Kind.EXPIRED}:
        return _no_credentials(what, where, use, code, kind)
    if kind in {Kind.DENIED, Kind.NO_KEY}:
        service = "kinesis" if error.operation_name in _OF_KINESIS else "sts"
        action = f"{service}:{error.operation_name}"
        if kind is Kind.NO_KEY:
            action = use.key_action
        return KinesisPermissionDenied(
            f"not allowed to {use.does} {where}: {what}. Grant the identity in use the IAM action "
            f"{action} (`aws sts get-caller-identity` shows which identity that is); nothing was "
            "lost.",
            code=code,
            kind=kind,
        )
    if kind is Kind.NOT_FOUND:
        return KinesisStreamNotFound(
            f"there is no {where}: {what}. It is never created here: create it, or correct its "
            "name, the account or the region; nothing was lost.",
            code=code,
            kind=kind,
        )
    if kind in {Kind.INVALID, Kind.REFUSED}:
        return KinesisRequestRefused(
            f"{where} refused the request: {what}. Look the code up in the {use.operation} "
            "documentation; nothing was lost.",
            code=code,
            kind=kind,
        )
    return KinesisUnreachable(
        f"{where} did not take the request: {what}. If this goes on, look at the stream's capacity "
        "and at the AWS health page; nothing was lost.",
        code=code,
        kind=kind,
    )


def no_answer(error: BotoCoreError | HTTPException | OSError, where: str, use: Use) -> KinesisError:
    """Put a call that got no answer, or could not even be made, into words."""
    name = type(error).__name__
    if isinstance(error, _NO_CREDENTIALS):
        return _no_credentials(name, where, use, name, Kind.CREDENTIALS)
    return KinesisUnreachable(
        f"no answer from {where}: {name}. Check the network, the region and the endpoint; nothing "
        "was lost.",
        code=name,
    )


def unreadable(why: str, where: str, use: Use) -> KinesisError:
    """Put an answer that is not what the API promises into words."""
    return KinesisUnreachable(
        f"an answer from {where} is unreadable ({why}), {use.unknown}. If "
        "this goes on, something between here and Kinesis alters the answers.",
        code="UnreadableAnswer",
    )


def _no_credentials(what: str, where: str, use: Use, code: str, kind: Kind) -> KinesisError:
    return KinesisPermissionDenied(
        f"no valid credentials for {where}: {what}. The IAM action kinesis:{use.operation} is "
        "needed; log in again or correct the profile, the role or the machine's clock (`aws sts "
        "get-caller-identity` tells whether it worked); nothing was lost.",
        code=code,
        kind=kind,
    )
