"""What the sink does with each answer of PutRecords that the service or the network can give.

The answers come through botocore's own hooks, so everything but the socket is real. Which answers
exist: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html; that a cut
connection leaves the outcome unknown, and that botocore lets truncated bodies pass, was observed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from connectors.kinesis import DeadLetters
from connectors.kinesis.dead_letter_file import DeadLetterFile
from tests.wire.job import A1, A2, A3, B1, B2, C1, Job, deliver
from tests.wire.scripted import (
    ScriptedKinesis,
    Sent,
    Step,
    accept,
    cuts,
    edits,
    fails,
    fails_all,
    refuses,
    says,
)

pytestmark = pytest.mark.usefixtures("way")

URL = "https://kinesis.us-east-1.amazonaws.com"


@pytest.mark.parametrize(("place", "failed"), [(0, A1), (1, B1), (2, C1)])
def test_only_the_failed_entry_is_sent_again(place: int, failed: Sent) -> None:
    """A partial failure at the first, middle or last place costs that record alone."""
    kinesis = deliver(fails(place), A1, B1, C1)
    assert [[A1, B1, C1], [failed]] == kinesis.requests
    assert sorted([A1, B1, C1]) == sorted(kinesis.stored)


def test_one_request_never_holds_a_key_twice() -> None:
    """A later record of a key is first offered after the earlier one was acknowledged."""
    kinesis = deliver(accept, A1, A2, B1, A3)
    assert [[A1, B1], [A2], [A3]] == kinesis.requests


def test_a_failed_record_stays_before_the_later_ones_of_its_key() -> None:
    """While the first record of a key fails, the second is not offered; others go on."""
    kinesis = ScriptedKinesis(fails(0), fails(1), accept)
    Job(kinesis).deliver(A1, A2, B1, B2)
    assert [[A1, B1], [B2, A1], [A1], [A2]] == kinesis.requests


def test_all_entries_throttled_sends_the_same_request_again() -> None:
    """When every entry is throttled, the same records are offered again."""
    kinesis = ScriptedKinesis(fails_all, fails_all)
    job = Job(kinesis)
    job.deliver(A1, B1)
    assert [[A1, B1]] * 3 == kinesis.requests
    assert (4, 4) == (job.sink.stats.throttled, job.sink.stats.retried)


def test_an_internal_failure_of_one_entry_is_retried() -> None:
    """InternalFailure, the other documented code of an entry, is treated like a throttle."""
    kinesis = deliver(fails(1, code="InternalFailure"), A1, B1)
    assert [[A1, B1], [B1]] == kinesis.requests


def test_an_unknown_code_of_one_entry_is_retried() -> None:
    """Whatever the code, an entry with one is not acknowledged."""
    kinesis = deliver(fails(0, code="NeverHeardOf"), A1, B1)
    assert [[A1, B1], [A1]] == kinesis.requests


def test_a_count_of_zero_does_not_hide_a_failed_entry() -> None:
    """Entries decide, not FailedRecordCount, when the count says that all is well."""
    kinesis = deliver(fails(1, failed_count=0), A1, B1)
    assert [[A1, B1], [B1]] == kinesis.requests


def test_a_count_above_zero_does_not_make_accepted_entries_fail() -> None:
    """Entries decide, not FailedRecordCount, when the count says that all is lost."""
    kinesis = deliver(fails(failed_count=2), A1, B1)
    assert [[A1, B1]] == kinesis.requests


def _without_last(entries: list[dict[str, Any]]) -> object:
    return entries[:-1]


def _with_one_more(entries: list[dict[str, Any]]) -> object:
    return [*entries, entries[0]]


def _as_text(entries: list[dict[str, Any]]) -> object:
    return [entry["SequenceNumber"] for entry in entries]


UNREADABLE = {
    "one entry short": edits(_without_last),
    "one entry long": edits(_with_one_more),
    "no entries": edits(lambda _: []),
    "entries null": edits(lambda _: None),
    "entries a number": edits(lambda _: 2),
    "entries of text": edits(_as_text),
    "empty body": says(b""),
    "null": says(b"null"),
    "a list": says(b"[]"),
    "a web page": says(b"<html>proxy</html>"),
    "truncated": says(b'{"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","Sha'),
    "not UTF-8": says(b'{"FailedRecordCount":0,"Records":[\xff\xfe]}'),
    "nested deeply": says(b"[" * 200_000),
    "HTTP 500": refuses("InternalFailure", status=500),
    "HTTP 500 without a body": says(b"", status=500, applied=False),
    "HTTP 503 from a proxy": says(b"<html>busy</html>", status=503, applied=False),
    "the stream throttled": refuses("ProvisionedThroughputExceededException"),
    "the account throttled": refuses("LimitExceededException"),
    "the key throttled": refuses("KMSThrottlingException"),
    "expired token": refuses("ExpiredTokenException"),
    "reset before applying": cuts(
        ConnectionClosedError(endpoint_url=URL, request=None, error=None), applied=False
    ),
    "reset after applying": cuts(
        ConnectionClosedError(endpoint_url=URL, request=None, error=None), applied=True
    ),
    "read timeout after applying": cuts(ReadTimeoutError(endpoint_url=URL), applied=True),
    "connect timeout": cuts(ConnectTimeoutError(endpoint_url=URL), applied=False),
    "connection refused": cuts(EndpointConnectionError(endpoint_url=URL), applied=False),
    "a bare socket error": cuts(ConnectionResetError(), applied=True),
}


@pytest.mark.parametrize("step", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_without_a_readable_answer_the_whole_request_is_sent_again(step: Step) -> None:
    """An unknown outcome is retried for all records, and later ones of their keys still wait."""
    kinesis = deliver(step, A1, B1, A2)
    assert [[A1, B1], [A1, B1], [A2]] == kinesis.requests
    assert [A1, B1, A2] == list(dict.fromkeys(kinesis.stored)), "duplicates at most"


@pytest.mark.parametrize("entry", [{}, {"ShardId": "shardId-000000000000"}])
def test_an_entry_without_a_sequence_number_is_not_an_acknowledgement(entry: object) -> None:
    """Only a sequence number acknowledges a record."""
    kinesis = deliver(edits(lambda entries: [entries[0], entry]), A1, B1)
    assert [[A1, B1], [B1]] == kinesis.requests


def test_an_entry_that_is_null_makes_the_answer_unreadable(way: str) -> None:
    """Botocore's own parser reads it as an entry without anything, which is sent again alone."""
    kinesis = deliver(edits(lambda entries: [entries[0], None]), A1, B1)
    again = [A1, B1] if way == "short way" else [B1]
    assert [[A1, B1], again] == kinesis.requests


def test_an_entry_with_a_code_and_a_sequence_number_is_not_an_acknowledgement() -> None:
    """A contradiction is resolved towards sending again."""
    kinesis = deliver(
        edits(lambda entries: [{**entries[0], "ErrorCode": "InternalFailure"}]),
        A1,
    )
    assert [[A1], [A1]] == kinesis.requests


def test_a_request_refused_for_what_is_in_it_is_searched_for_the_record(tmp_path: Path) -> None:
    """Halves of it are sent; the record that is refused alone is kept, and all others are sent."""

    def step(kinesis: ScriptedKinesis, records: list[Sent]) -> AWSResponse:
        answer = refuses("ValidationException") if B1 in records else accept
        return answer(kinesis, records)

    kinesis = ScriptedKinesis(*[step] * 100)
    job = Job(kinesis, dead_letters=DeadLetters(tmp_path, 1 << 20))
    job.deliver(A1, B1, C1, B2)
    assert [[A1, B1, C1], [A1], [B1, C1], [B1], [C1], [B2]] == kinesis.requests
    assert (3, 1) == (job.sink.stats.acknowledged, job.sink.stats.dead_lettered)
    ((letter, state),) = [(each.letter, each.state) for each in DeadLetterFile(tmp_path).letters()]
    assert ("b", "ValidationException", "superseded") == (letter.partition_key, letter.code, state)


def test_a_request_holds_500_records_and_no_more() -> None:
    """500 waiting keys are sent without waiting for the epoch to end."""
    records = [(f"key-{number}", b"x") for number in range(1001)]
    kinesis = ScriptedKinesis()
    job = Job(kinesis)
    job.write(*records)
    kinesis.wait_for(requests=2)
    assert [records[:500], records[500:1000]] == kinesis.requests
    job.deliver()
    assert [records[1000:]] == kinesis.requests[2:]


def test_a_request_holds_5_mib_and_no_more() -> None:
    """Five records of exactly 1 MiB, key included, fill a request; a sixth goes in the next."""
    records = [(str(number), bytes(1024 * 1024 - 1)) for number in range(6)]
    kinesis = ScriptedKinesis()
    Job(kinesis).deliver(*records)
    assert [records[:5], records[5:]] == kinesis.requests


def test_one_call_is_one_attempt() -> None:
    """Botocore does not retry behind our back: each failure is seen and counted."""
    kinesis = ScriptedKinesis(*[refuses("ServiceUnavailable", status=503)] * 4)
    job = Job(kinesis)
    job.deliver(A1)
    assert 5 == len(kinesis.requests) == job.sink.stats.requests
    assert 4 == job.sink.stats.retried
