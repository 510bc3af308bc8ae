"""What people are told when a call fails, and what programs learn from it."""

from __future__ import annotations

import ssl
from http.client import BadStatusLine, IncompleteRead, RemoteDisconnected

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    UnauthorizedSSOTokenError,
)

from connectors.kinesis import (
    KinesisError,
    KinesisPermissionDenied,
    KinesisRequestRefused,
    KinesisStreamNotFound,
    KinesisUnreachable,
)
from connectors.kinesis.core.retry import Kind
from connectors.kinesis.refusals import WRITING, no_answer, refused, unreadable

WHERE = "stream 'leads' at https://kinesis.example.com"


def error_of(code: str | None, status: int = 400, operation: str = "PutRecords") -> ClientError:
    """Make an error as botocore does, with a partition key in AWS's words."""
    answer = {
        "Error": {"Message": "canary", **({} if code is None else {"Code": code})},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "request-1"},
    }
    return ClientError(answer, operation)


@pytest.mark.parametrize(
    ("code", "status", "kind", "error", "hint"),
    [
        ("ExpiredTokenException", 400, Kind.EXPIRED, KinesisPermissionDenied, "log in again"),
        ("UnrecognizedClientException", 400, Kind.CREDENTIALS, KinesisPermissionDenied, "log in"),
        ("AccessDeniedException", 400, Kind.DENIED, KinesisPermissionDenied, "kinesis:PutRecords"),
        ("KMSDisabledException", 400, Kind.NO_KEY, KinesisPermissionDenied, "kms:GenerateDataKey"),
        ("ResourceNotFoundException", 400, Kind.NOT_FOUND, KinesisStreamNotFound, "create it"),
        ("ValidationException", 400, Kind.INVALID, KinesisRequestRefused, "Look the code up"),
        ("NeverHeardOf", 400, Kind.REFUSED, KinesisRequestRefused, "Look the code up"),
        ("LimitExceededException", 400, Kind.THROTTLED, KinesisUnreachable, "capacity"),
        ("InternalFailure", 500, Kind.UNAVAILABLE, KinesisUnreachable, "health page"),
        ("NeverHeardOf", 503, Kind.UNAVAILABLE, KinesisUnreachable, "health page"),
    ],
)
def test_each_kind_of_refusal_has_its_error_and_its_way_out(
    code: str, status: int, kind: Kind, error: type[KinesisError], hint: str
) -> None:
    """It says what AWS said by its code, where, and what to do, and keeps AWS's words to itself."""
    found = refused(error_of(code, status), WHERE, WRITING)
    assert (error, code, kind) == (type(found), found.code, found.kind)
    assert kind.needs_person == found.needs_person
    said = str(found)
    assert f"{code}, HTTP {status}, request id request-1" in said
    assert WHERE in said
    assert hint in said
    assert "nothing was lost" in said
    assert "canary" not in said


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("PutRecords", "kinesis:PutRecords"),
        ("ListShards", "kinesis:ListShards"),
        ("AssumeRole", "sts:AssumeRole"),
        ("GetSessionToken", "sts:GetSessionToken"),
    ],
)
def test_the_missing_action_is_named(operation: str, action: str) -> None:
    """A call that is not one of Kinesis was made to STS, for the keys of a role."""
    assert f"IAM action {action} " in str(
        refused(error_of("AccessDenied", 403, operation), WHERE, WRITING)
    )


def test_an_error_without_a_code_is_told_too() -> None:
    """A proxy's page has none, nor has an error made by hand."""
    assert "no code" == refused(error_of(None), WHERE, WRITING).code
    bare = refused(ClientError({}, "PutRecords"), WHERE, WRITING)
    assert ("no code", Kind.UNAVAILABLE) == (bare.code, bare.kind)
    assert "HTTP 0, request id unknown" in str(bare)


@pytest.mark.parametrize(
    "error",
    [
        NoCredentialsError(),
        PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        ProfileNotFound(profile="nobody"),
        UnauthorizedSSOTokenError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_missing_credentials_are_no_trouble_of_the_network(error: BotoCoreError) -> None:
    """Somebody has to log in."""
    found = no_answer(error, WHERE, WRITING)
    assert (KinesisPermissionDenied, True) == (type(found), found.needs_person)
    assert type(error).__name__ == found.code
    assert f"no valid credentials for {WHERE}" in str(found)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        ConnectionResetError(),
        TimeoutError(),
        ssl.SSLCertVerificationError("canary"),
        RemoteDisconnected("canary"),
        BadStatusLine("canary"),
        IncompleteRead(b"canary"),
        ConnectTimeoutError(endpoint_url="canary"),
        ReadTimeoutError(endpoint_url="canary"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_answer_may_pass_and_is_told_by_its_name(error: Exception) -> None:
    """What the exception says may hold an address with a password, or a part of an answer."""
    assert isinstance(error, (BotoCoreError, OSError, BadStatusLine, IncompleteRead))
    found = no_answer(error, WHERE, WRITING)
    assert (KinesisUnreachable, Kind.UNAVAILABLE) == (type(found), found.kind)
    assert type(error).__name__ == found.code
    assert f"no answer from {WHERE}: {found.code}." in str(found)
    assert "canary" not in str(found)


def test_an_unreadable_answer_counts_as_none() -> None:
    """Its records count as not written, and it may pass."""
    found = unreadable("1 entries for 2 records", WHERE, WRITING)
    assert (KinesisUnreachable, "UnreadableAnswer") == (type(found), found.code)
    assert not found.needs_person
    assert "1 entries for 2 records" in str(found)
