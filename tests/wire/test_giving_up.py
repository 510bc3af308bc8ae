"""When the sink stops the job, with which error, and that it never does so too early."""

from __future__ import annotations

import traceback

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from connectors.kinesis import (
    KinesisError,
    KinesisPermissionDenied,
    KinesisRequestRefused,
    KinesisStreamNotFound,
    KinesisUnreachable,
)
from tests.wire.job import A1, A2, A3, B1, Job
from tests.wire.scripted import (
    ScriptedKinesis,
    Sent,
    Step,
    accept,
    cuts,
    fails_all,
    refuses,
    takes,
)

pytestmark = pytest.mark.usefixtures("way")

PERSON = {
    "AccessDeniedException": KinesisPermissionDenied,
    "UnrecognizedClientException": KinesisPermissionDenied,
    "InvalidSignatureException": KinesisPermissionDenied,
    "KMSAccessDeniedException": KinesisPermissionDenied,
    "ResourceNotFoundException": KinesisStreamNotFound,
    "ValidationException": KinesisRequestRefused,
    "NeverHeardOf": KinesisRequestRefused,
}


@pytest.mark.parametrize(("code", "error"), PERSON.items())
def test_what_needs_a_person_stops_at_once_before_the_first_acknowledgement(
    code: str, error: type[KinesisError]
) -> None:
    """A mistake in the set-up is reported by the first request, without waiting."""
    kinesis = ScriptedKinesis(refuses(code))
    with pytest.raises(error) as caught:
        Job(kinesis).deliver(A1)
    assert code == caught.value.code
    assert [[A1]] == kinesis.requests


@pytest.mark.parametrize(("code", "error"), PERSON.items())
def test_what_needs_a_person_is_waited_for_after_the_first_acknowledgement(
    code: str, error: type[KinesisError]
) -> None:
    """Once the job has worked, it waits give_up_s for somebody to mend it, and no longer."""
    kinesis = ScriptedKinesis(accept, *[takes(10, refuses(code))] * 1000)
    job = Job(kinesis, give_up_s=60)
    with pytest.raises(error, match="gave up after 60 s") as caught:
        job.deliver(A1, A2)
    assert code == caught.value.code
    assert [[A1], *[[A2]] * 6] == kinesis.requests
    assert 60 == kinesis.now


def test_a_permission_that_comes_back_is_noticed() -> None:
    """When somebody mends it in time, the job goes on by itself and nothing is lost."""
    kinesis = ScriptedKinesis(accept, *[refuses("AccessDeniedException")] * 5)
    Job(kinesis).deliver(A1, A2)
    assert [A1, A2] == kinesis.stored
    assert [[A1], *[[A2]] * 6] == kinesis.requests


@pytest.mark.parametrize(
    "step",
    [fails_all, refuses("InternalFailure", status=500), cuts(OSError(), applied=False)],
    ids=["throttled", "HTTP 500", "no network"],
)
def test_without_any_progress_the_job_gives_up(step: Step) -> None:
    """After give_up_s without an acknowledgement the sink raises instead of committing."""
    kinesis = ScriptedKinesis(*[takes(100, step)] * 1000)
    with pytest.raises(KinesisUnreachable, match="gave up after 900 s"):
        Job(kinesis, give_up_s=900).deliver(A1, B1)
    assert [[A1, B1]] * 9 == kinesis.requests
    assert [] == kinesis.stored


def test_an_expired_token_that_stays_expired_ends_as_permission_denied() -> None:
    """Expired credentials are retried, and reported as credentials when nothing renewed them."""
    kinesis = ScriptedKinesis(*[takes(10, refuses("ExpiredTokenException"))] * 1000)
    with pytest.raises(KinesisPermissionDenied, match="kinesis:PutRecords"):
        Job(kinesis, give_up_s=60).deliver(A1)
    assert [[A1]] * 6 == kinesis.requests


def test_any_progress_starts_the_wait_anew() -> None:
    """A slow stream is not an unreachable one: give_up_s counts from the last acknowledgement."""
    kinesis = ScriptedKinesis(*([takes(10, fails_all)] * 5 + [accept]) * 3)
    Job(kinesis, give_up_s=60).deliver(A1, A2, A3)
    assert [A1, A2, A3] == kinesis.stored
    assert 150 == kinesis.now


def test_no_word_of_aws_reaches_the_error() -> None:
    """AWS's text may quote a partition key, so neither the message nor its causes repeat it."""
    canary = "canary@example.com"
    refused = refuses("ValidationException", text=f"Value '{canary}' at 'partitionKey'")
    with pytest.raises(KinesisRequestRefused) as caught:
        Job(ScriptedKinesis(refused)).deliver((canary, canary.encode()))
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert canary not in shown
    assert "canary-secret" not in shown
    assert "request-1" in shown, "the request id is what AWS support asks for"


def test_a_role_that_may_not_be_assumed_names_that_action() -> None:
    """When STS refuses, the missing action is not kinesis:PutRecords."""

    def step(kinesis: ScriptedKinesis, records: list[Sent]) -> AWSResponse:
        del kinesis, records
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "AssumeRole")

    with pytest.raises(KinesisPermissionDenied, match="sts:AssumeRole"):
        Job(ScriptedKinesis(step)).deliver(A1)
