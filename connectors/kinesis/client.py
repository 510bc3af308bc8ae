"""PutRecords through boto3: the only place of this package that knows boto3 and botocore.

Promise: one call is one attempt, and it ends in one of two ways: an outcome for every record, or a
`KinesisError` that says whether trying again can help. An answer counts only with one entry per
record, and an entry counts as acknowledged only with a sequence number; FailedRecordCount is not
read. What AWS says in words is not repeated, as it may quote a partition key.

Left out: waiting and trying again. The sink is the only one that does.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

import boto3
from botocore.config import Config
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
from botocore.parsers import ResponseParserError

from .core.delivery import THROTTLED
from .core.record import KinesisRecord
from .errors import (
    KinesisConfigurationError,
    KinesisError,
    KinesisPermissionDenied,
    KinesisRequestRefused,
    KinesisStreamNotFound,
    KinesisUnreachable,
)

# Codes: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html (Errors) and
# https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html, read in November 2026;
# the names without "Exception" come from STS, which is asked for the keys of a role.
_DENIED = {"AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired"}
_BAD_CREDENTIALS = {
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}  # a refresh may heal these
_NO_KEY = {
    "KMSAccessDeniedException",
    "KMSDisabledException",
    "KMSInvalidStateException",
    "KMSNotFoundException",
    "KMSOptInRequired",
}
_THROTTLES = {
    "KMSThrottlingException",
    "LimitExceededException",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    THROTTLED,
}
_NO_CREDENTIALS = (
    LoginError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
)
# What botocore's JSON parser lets out when the body is not what the API promises.
_UNREADABLE = (
    AttributeError,
    KeyError,
    RecursionError,
    ResponseParserError,
    TypeError,
    UnicodeDecodeError,
)


class KinesisClient:
    """Writes to one stream.

    Args:
        stream: Name or ARN of an existing stream.
        region: AWS region; None takes the session's.
        endpoint_url: Another endpoint than AWS's own. Plain http only on this machine.
        session: A `boto3.Session`, or the name of a profile of AWS's shared configuration; None
            makes one from the usual chain of credentials.

    Raises:
        KinesisConfigurationError: No region, an unknown profile, or an endpoint that is refused.
    """

    def __init__(
        self, stream: str, *, region: str | None, endpoint_url: str | None, session: Any
    ) -> None:
        config = Config(
            # One attempt: whoever calls decides about the next, and counts it.
            retries={"mode": "standard", "total_max_attempts": 1},
            connect_timeout=2,  # survives one lost SYN, which is sent again after a second
            read_timeout=10,  # a healthy answer takes milliseconds; botocore would wait 60 s
            tcp_keepalive=True,
            # Records were checked before; botocore's second look costs a quarter of the call, and
            # its error would quote the data.
            parameter_validation=False,
        )
        try:
            if session is None or isinstance(session, str):
                session = boto3.Session(profile_name=session)
            client = session.client(
                "kinesis", region_name=region, endpoint_url=endpoint_url, config=config
            )
            # Asked of the client, as the endpoint may also come from AWS_ENDPOINT_URL or a profile.
            endpoint = urlsplit(client.meta.endpoint_url)
            if endpoint.scheme == "http":  # it stays on this machine, also where a proxy is set
                client.close()
                client = session.client(
                    "kinesis",
                    region_name=region,
                    endpoint_url=endpoint_url,
                    config=config.merge(Config(proxies={})),
                )
        except (BotoCoreError, ValueError) as error:
            why = "the endpoint is no URL" if isinstance(error, ValueError) else str(error)
            raise KinesisConfigurationError(
                f"no client for stream {stream!r}: {why}. Correct the region, profile or "
                "endpoint_url, in the configuration or in AWS's own files and variables.",
                code=type(error).__name__,
                needs_person=True,
            ) from error
        self._client = client
        if not _keeps_data_private(endpoint):
            self._client.close()
            raise KinesisConfigurationError(
                f"plain http to {endpoint.hostname} is refused: profiles would cross the "
                "network in the clear. Use https, or an endpoint on this machine (127.0.0.1).",
                needs_person=True,
            )
        self._target = {"StreamARN" if stream.startswith("arn:") else "StreamName": stream}
        host = endpoint.netloc.rpartition("@")[2]  # a user and password before it stay unsaid
        self._where = f"stream {stream!r} at {endpoint.scheme}://{host}"

    def put_records(self, records: Sequence[KinesisRecord]) -> list[str | None]:
        """Make one PutRecords request.

        Args:
            records: 1 to 500 acceptable records.

        Returns:
            One outcome per record, in their order: None for acknowledged, else the ErrorCode.

        Raises:
            KinesisError: Whether any record was written is unknown.
        """
        entries = [_entry(record) for record in records]
        try:
            answer = self._client.put_records(Records=entries, **self._target)
        except ClientError as error:
            raise self._refused(error) from None  # its text may quote a partition key
        except _NO_CREDENTIALS as error:
            raise self._denied(type(error).__name__, needs_person=True) from error
        except (BotoCoreError, OSError) as error:
            raise KinesisUnreachable(
                f"no answer from {self._where}: {type(error).__name__}. Check the network, the "
                "region and the endpoint; nothing was lost.",
                code=type(error).__name__,
            ) from error
        except _UNREADABLE as error:
            raise self._unreadable(type(error).__name__) from error
        results = answer.get("Records") or []
        if len(results) != len(records):
            raise self._unreadable(f"{len(results)} entries for {len(records)} records")
        return [_outcome(result) for result in results]

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _refused(self, error: ClientError) -> KinesisError:
        """Put an error answer of AWS into one of ours."""
        code = error.response.get("Error", {}).get("Code") or "no code"
        metadata = error.response.get("ResponseMetadata", {})
        status = metadata.get("HTTPStatusCode", 0)
        what = f"{code}, HTTP {status}, request id {metadata.get('RequestId', 'unknown')}"
        if code in _DENIED or code in _NO_KEY:
            action = f"sts:{error.operation_name}"
            if error.operation_name == "PutRecords":
                action = "kms:GenerateDataKey" if code in _NO_KEY else "kinesis:PutRecords"
            return KinesisPermissionDenied(
                f"not allowed to write to {self._where}: {what}. Grant the identity in use the IAM "
                f"action {action} (`aws sts get-caller-identity` shows which identity that is); "
                "nothing was lost.",
                code=code,
                needs_person=True,
            )
        if code in _BAD_CREDENTIALS or code in _EXPIRED:
            return self._denied(what, code=code, needs_person=code in _BAD_CREDENTIALS)
        if code == "ResourceNotFoundException":
            return KinesisStreamNotFound(
                f"there is no {self._where}: {what}. It is never created here: create it, or "
                "correct its name, the account or the region; nothing was lost.",
                code=code,
                needs_person=True,
            )
        if code in _THROTTLES or status in (0, 408, 429) or status >= 500:  # noqa: PLR2004
            return KinesisUnreachable(
                f"{self._where} did not take the request: {what}. If this goes on, look at the "
                "stream's capacity and at the AWS health page; nothing was lost.",
                code=code,
            )
        return KinesisRequestRefused(
            f"{self._where} refused the request: {what}. Look the code up in the PutRecords "
            "documentation; nothing was lost.",
            code=code,
            needs_person=True,
        )

    def _denied(self, what: str, *, code: str = "", needs_person: bool) -> KinesisPermissionDenied:
        return KinesisPermissionDenied(
            f"no valid credentials for {self._where}: {what}. The IAM action kinesis:PutRecords is "
            "needed; log in again or correct the profile, the role or the machine's clock "
            "(`aws sts get-caller-identity` tells whether it worked); nothing was lost.",
            code=code or what,
            needs_person=needs_person,
        )

    def _unreadable(self, why: str) -> KinesisUnreachable:
        return KinesisUnreachable(
            f"an answer from {self._where} is unreadable ({why}), so its records count as not "
            "written. If this goes on, something between here and Kinesis alters the answers.",
            code="UnreadableAnswer",
        )


def _entry(record: KinesisRecord) -> dict[str, Any]:
    entry = {"Data": record.data, "PartitionKey": record.partition_key}
    if record.explicit_hash_key is not None:
        entry["ExplicitHashKey"] = record.explicit_hash_key
    return entry


def _outcome(result: dict[str, Any] | None) -> str | None:
    """None if this entry of an answer acknowledges its record, else its error code."""
    if not result:
        return "EmptyEntry"
    code: str | None = result.get("ErrorCode")
    if code is None and not result.get("SequenceNumber"):
        return "NoSequenceNumber"
    return code


def _keeps_data_private(endpoint: SplitResult) -> bool:
    """Whether data on the way there cannot be read by others: https, or never leaves here."""
    if endpoint.scheme == "https" or endpoint.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(endpoint.hostname or "").is_loopback
    except ValueError:
        return False
