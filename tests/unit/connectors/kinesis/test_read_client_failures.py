"""Calls of the reading client that fail: what is said, and what programs learn from it."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.kinesis import (
    KinesisError,
    KinesisPermissionDenied,
    KinesisRequestRefused,
    KinesisStreamNotFound,
    KinesisUnreachable,
)
from connectors.kinesis.core.retry import Kind
from connectors.kinesis.read_client import ReadClient
from connectors.kinesis.testing.faults import Refusal
from connectors.kinesis.testing.faulty import FaultyKinesis, script
from tests.unit.connectors.kinesis.reading import OLDEST, WAYS, Saying, leads, reading
from tests.unit.connectors.kinesis.sessions import any_session

pytestmark = pytest.mark.usefixtures("nobodys")


@pytest.fixture(params=WAYS)
def session(request: pytest.FixtureRequest) -> Any:
    """A session whose clients go one of the two ways."""
    return WAYS[request.param]()


UNREADABLE = [
    b"",
    b"{}",
    b'{"Records":null}',
    b'{"Records":[null]}',
    b'{"Records":[{"Data":"eA=="}]}',
    b'{"Records":[{"Data":"eA==","PartitionKey":"a","SequenceNumber":"1"}]}',
    b'{"Records":[{"Seq',
    b"<html>",
    b"\xff",
]


@pytest.mark.parametrize("body", UNREADABLE)
def test_an_answer_that_is_not_whole_is_no_answer(session: Any, body: bytes) -> None:
    """A part of the text, or another text, never passes for a shard without records."""
    with (
        reading(Saying(body), session) as client,
        pytest.raises(KinesisUnreachable, match=r"unreadable .*so it counts as none") as caught,
    ):
        client.get_records("any")
    assert ("UnreadableAnswer", False) == (caught.value.code, caught.value.needs_person)


@pytest.mark.parametrize("status", [201, 204])
def test_another_kind_of_success_is_no_answer(session: Any, status: int) -> None:
    """Something between here and Kinesis answers."""
    with (
        reading(Saying(b"{}", status), session) as client,
        pytest.raises(KinesisUnreachable, match="unreadable"),
    ):
        client.get_records("any")


@pytest.mark.parametrize("body", [b"{}", b'{"ShardIterator":null}', b'{"ShardIterator":""}'])
def test_an_answer_without_an_iterator_is_none(body: bytes) -> None:
    """It may pass."""
    with (
        reading(Saying(body), any_session()) as client,
        pytest.raises(KinesisUnreachable, match="unreadable"),
    ):
        client.get_shard_iterator(OLDEST)


def answers(client: ReadClient) -> dict[str, Any]:
    """The calls by their operation."""
    return {
        "ListShards": client.list_shards,
        "GetShardIterator": lambda: client.get_shard_iterator(OLDEST),
        "GetRecords": lambda: client.get_records("any"),
    }


@pytest.mark.parametrize("operation", ["ListShards", "GetShardIterator", "GetRecords"])
@pytest.mark.parametrize(
    ("code", "error", "kind", "hint"),
    [
        ("AccessDeniedException", KinesisPermissionDenied, Kind.DENIED, "not allowed to read "),
        ("KMSAccessDeniedException", KinesisPermissionDenied, Kind.NO_KEY, "kms:Decrypt"),
        ("ExpiredTokenException", KinesisPermissionDenied, Kind.EXPIRED, "kinesis:GetRecords"),
        ("ResourceNotFoundException", KinesisStreamNotFound, Kind.NOT_FOUND, "create it"),
        ("ValidationException", KinesisRequestRefused, Kind.INVALID, "GetRecords documentation"),
        ("ProvisionedThroughputExceededException", KinesisUnreachable, Kind.THROTTLED, "capacity"),
        ("InternalFailure", KinesisUnreachable, Kind.UNAVAILABLE, "health page"),
    ],
)
def test_a_refusal_is_an_error_of_its_kind(
    operation: str, code: str, error: type[KinesisError], kind: Kind, hint: str
) -> None:
    """It says what to do, names the action that was refused, and keeps AWS's words to itself."""
    status = 500 if kind is Kind.UNAVAILABLE else 400
    refused = {operation: Refusal(code, status, text="canary")}
    kinesis = FaultyKinesis(leads(), script(), refused=refused)
    with reading(kinesis, any_session()) as client, pytest.raises(error) as caught:
        answers(client)[operation]()
    assert (code, kind) == (caught.value.code, caught.value.kind)
    assert hint in str(caught.value)
    assert "canary" not in f"{caught.value!r} {caught.value.__cause__!r}"
    if kind is Kind.DENIED:
        assert f"IAM action kinesis:{operation} " in str(caught.value)


def test_an_old_iterator_is_told_by_its_code() -> None:
    """It is renewed by who reads; that is no trouble of a person's."""
    expired = {"GetRecords": Refusal("ExpiredIteratorException")}
    kinesis = FaultyKinesis(leads(), script(), refused=expired)
    with reading(kinesis, any_session()) as client, pytest.raises(KinesisError) as caught:
        client.get_records("any")
    assert "ExpiredIteratorException" == caught.value.code
