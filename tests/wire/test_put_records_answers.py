"""What the sink does with each answer of PutRecords that the service or the network can give.

The answers come through botocore's own hooks, so everything but the socket is real. Which answers
exist: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html; that a cut
connection leaves the outcome unknown, and that botocore lets truncated bodies pass, was observed.
"""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from connectors.kinesis import (
    KinesisError,
    KinesisPermissionDenied,
    KinesisRecord,
    KinesisRequestRefused,
    KinesisSink,
    KinesisStreamNotFound,
    KinesisUnreachable,
)
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

URL = "https://kinesis.us-east-1.amazonaws.com"
A1, A2, A3 = ("a", b"a1"), ("a", b"a2"), ("a", b"a3")
B1, B2, C1 = ("b", b"b1"), ("b", b"b2"), ("c", b"c1")


class Job:
    """A sink with one partition, whose time passes only when it waits."""

    def __init__(self, kinesis: ScriptedKinesis, give_up_s: float = 900) -> None:
        """Connect to the scripted stream."""
        self.now = 0.0
        self.waits: list[float] = []
        self.sink = KinesisSink(
            "leads",
            session=kinesis.session,
            partitions=1,
            give_up_s=give_up_s,
            _clock=lambda: self.now,
            _sleep=self._wait,
            _random=lambda: 1.0,
        )
        self.part = self.sink.build_part("kinesis", "0000", None)

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def deliver(self, *records: Sent) -> None:
        """Write one list of records, end the epoch, and stop."""
        self.write(*records)
        self.part.snapshot()
        self.part.close()

    def write(self, *records: Sent) -> None:
        """Write one list of records."""
        self.part.write_batch([[KinesisRecord(data, key) for key, data in records]])


def deliver(step: Step, *records: Sent) -> ScriptedKinesis:
    """Deliver records when the first answer is `step`; everything must be acknowledged."""
    kinesis = ScriptedKinesis(step)
    job = Job(kinesis)
    job.deliver(*records)
    assert len(records) == job.sink.stats.offered
    assert len(records) == job.sink.stats.acknowledged
    assert len(kinesis.requests) == job.sink.stats.requests
    return kinesis


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
    """While the first record of a key fails, the second is not offered."""
    kinesis = ScriptedKinesis(fails(0), fails(1), accept)
    Job(kinesis).deliver(A1, A2, B1, B2)
    assert [[A1, B1], [A1, B2], [A2, B2]] == kinesis.requests


def test_all_entries_throttled_sends_the_same_request_again() -> None:
    """When every entry is throttled, the same records are offered again after a pause."""
    kinesis = ScriptedKinesis(fails_all, fails_all)
    job = Job(kinesis)
    job.deliver(A1, B1)
    assert [[A1, B1]] * 3 == kinesis.requests
    assert [0.05, 0.1] == job.waits
    assert (4, 4) == (job.sink.stats.throttled, job.sink.stats.retried)


def test_an_internal_failure_of_one_entry_is_retried() -> None:
    """InternalFailure, the other documented code of an entry, is treated like a throttle."""
    kinesis = deliver(fails(1, code="InternalFailure"), A1, B1)
    assert [[A1, B1], [B1]] == kinesis.requests


def test_an_unknown_code_of_one_entry_is_retried() -> None:
    """Whatever the code, an entry with one is not acknowledged."""
    kinesis = deliver(fails(0, code="InvalidArgumentException"), A1, B1)
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


@pytest.mark.parametrize("entry", [None, {}, {"ShardId": "shardId-000000000000"}])
def test_an_entry_without_a_sequence_number_is_not_an_acknowledgement(entry: object) -> None:
    """Only a sequence number acknowledges a record."""
    kinesis = deliver(edits(lambda entries: [entries[0], entry]), A1, B1)
    assert [[A1, B1], [B1]] == kinesis.requests


def test_an_entry_with_a_code_and_a_sequence_number_is_not_an_acknowledgement() -> None:
    """A contradiction is resolved towards sending again."""
    kinesis = deliver(
        edits(lambda entries: [{**entries[0], "ErrorCode": "InternalFailure"}]),
        A1,
    )
    assert [[A1], [A1]] == kinesis.requests


PERSON = {
    "AccessDeniedException": KinesisPermissionDenied,
    "UnrecognizedClientException": KinesisPermissionDenied,
    "InvalidSignatureException": KinesisPermissionDenied,
    "KMSAccessDeniedException": KinesisPermissionDenied,
    "ResourceNotFoundException": KinesisStreamNotFound,
    "ValidationException": KinesisRequestRefused,
}


@pytest.mark.parametrize(("code", "error"), PERSON.items())
def test_what_needs_a_person_stops_at_once_before_the_first_acknowledgement(
    code: str, error: type[KinesisError]
) -> None:
    """A mistake in the set-up is reported by the first request, without waiting."""
    kinesis = ScriptedKinesis(refuses(code))
    job = Job(kinesis)
    with pytest.raises(error) as caught:
        job.deliver(A1)
    job.part.close()
    assert code == caught.value.code
    assert [[A1]] == kinesis.requests
    assert [] == job.waits


@pytest.mark.parametrize(("code", "error"), PERSON.items())
def test_what_needs_a_person_is_waited_for_after_the_first_acknowledgement(
    code: str, error: type[KinesisError]
) -> None:
    """Once the job has worked, it waits give_up_s for somebody to mend it, and no longer."""
    kinesis = ScriptedKinesis(accept, *[refuses(code)] * 1000)
    job = Job(kinesis, give_up_s=60)
    with pytest.raises(error, match="gave up after 60 s") as caught:
        job.deliver(A1, A2)
    job.part.close()
    assert code == caught.value.code
    assert [[A1], [A2], [A2]] == kinesis.requests[:3]
    assert job.now == pytest.approx(60)


def test_a_permission_that_comes_back_is_noticed() -> None:
    """When somebody mends it in time, the job goes on by itself and nothing is lost."""
    kinesis = ScriptedKinesis(accept, *[refuses("AccessDeniedException")] * 5)
    job = Job(kinesis)
    job.deliver(A1, A2)
    assert [A1, A2] == kinesis.stored
    assert [0.05, 0.1, 0.2, 0.4, 0.8] == job.waits


@pytest.mark.parametrize(
    "step",
    [fails_all, refuses("InternalFailure", status=500), cuts(OSError(), applied=False)],
    ids=["throttled", "HTTP 500", "no network"],
)
def test_without_any_progress_the_job_gives_up(step: Step) -> None:
    """After give_up_s without an acknowledgement the sink raises instead of committing."""
    kinesis = ScriptedKinesis(*[step] * 1000)
    job = Job(kinesis, give_up_s=900)
    with pytest.raises(KinesisUnreachable, match="gave up"):
        job.deliver(A1, B1)
    job.part.close()
    assert job.now == pytest.approx(900)
    assert job.waits[:8] == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0])
    assert [] == kinesis.stored


def test_an_expired_token_that_stays_expired_ends_as_permission_denied() -> None:
    """Expired credentials are retried, and reported as credentials when nothing renewed them."""
    kinesis = ScriptedKinesis(*[refuses("ExpiredTokenException")] * 1000)
    job = Job(kinesis, give_up_s=60)
    with pytest.raises(KinesisPermissionDenied, match="kinesis:PutRecords"):
        job.deliver(A1)
    job.part.close()
    assert len(kinesis.requests) > 1


def test_any_progress_starts_the_wait_anew() -> None:
    """A slow stream is not an unreachable one: give_up_s counts from the last acknowledgement."""
    kinesis = ScriptedKinesis(*([fails_all] * 8 + [accept]) * 3)
    job = Job(kinesis, give_up_s=12)  # eight failures take 11.35 s, 24 take 34 s
    job.deliver(A1, A2, A3)
    assert [A1, A2, A3] == kinesis.stored
    assert job.now == pytest.approx(3 * 11.35)


def test_a_partial_failure_with_progress_waits_briefly() -> None:
    """As long as anything is acknowledged, the pause does not grow."""
    kinesis = ScriptedKinesis(fails(0), fails(0), fails(0))
    job = Job(kinesis)
    job.deliver(("a", b"1"), ("b", b"1"), ("b", b"2"), ("b", b"3"))
    assert job.waits == [0.05] * len(job.waits)


def test_a_request_holds_500_records_and_no_more() -> None:
    """500 waiting keys are sent without waiting for the epoch to end."""
    records = [(f"key-{number}", b"x") for number in range(1001)]
    kinesis = ScriptedKinesis()
    job = Job(kinesis)
    job.write(*records)
    assert [records[:500], records[500:1000]] == kinesis.requests
    job.deliver()
    assert [records[1000:]] == kinesis.requests[2:]


def test_a_request_holds_5_mib_and_no_more() -> None:
    """Five records of exactly 1 MiB, key included, fill a request; a sixth goes in the next."""
    records = [(str(number), bytes(1024 * 1024 - 1)) for number in range(6)]
    kinesis = ScriptedKinesis()
    job = Job(kinesis)
    job.write(*records)
    assert [records[:5]] == kinesis.requests
    job.deliver()
    assert [records[5:]] == kinesis.requests[1:]


def test_one_call_is_one_attempt() -> None:
    """Botocore does not retry behind our back: each failure is seen, waited for and counted."""
    kinesis = ScriptedKinesis(*[refuses("ServiceUnavailable", status=503)] * 4)
    job = Job(kinesis)
    job.deliver(A1)
    assert 5 == len(kinesis.requests) == job.sink.stats.requests
    assert 4 == len(job.waits) == job.sink.stats.retried


def test_no_word_of_aws_reaches_the_error() -> None:
    """AWS's text may quote a partition key, so neither the message nor its causes repeat it."""
    canary = "canary@example.com"
    refused = refuses("ValidationException", text=f"Value '{canary}' at 'partitionKey'")
    job = Job(ScriptedKinesis(refused))
    with pytest.raises(KinesisRequestRefused) as caught:
        job.deliver((canary, canary.encode()))
    job.part.close()
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert canary not in shown
    assert "canary-secret" not in shown
    assert "request-1" in shown, "the request id is what AWS support asks for"


def test_a_role_that_may_not_be_assumed_names_that_action() -> None:
    """When STS refuses, the missing action is not kinesis:PutRecords."""

    def step(kinesis: ScriptedKinesis, records: list[Sent]) -> AWSResponse:
        del kinesis, records
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "AssumeRole")

    job = Job(ScriptedKinesis(step))
    with pytest.raises(KinesisPermissionDenied, match="sts:AssumeRole"):
        job.deliver(A1)
    job.part.close()
