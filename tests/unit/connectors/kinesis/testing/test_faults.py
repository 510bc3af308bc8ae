"""Each fault does to a call what its name says, and is counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.kinesis.testing.fake import FakeKinesis, Reply
from connectors.kinesis.testing.faults import (
    ALL,
    CUTS,
    REFUSALS,
    Answer,
    Fault,
    Lost,
    altered,
    internal_failure,
    slow,
    split_in_flight,
    throttle,
    throttle_all,
)
from connectors.kinesis.testing.faulty import FaultyKinesis, script
from tests.unit.connectors.kinesis.testing.fake.calls import record

THROTTLE = "ProvisionedThroughputExceededException"
RECORDS = [record(b"0"), record(b"1"), record(b"2")]
BODY = json.dumps({"StreamName": "leads", "Records": RECORDS}).encode()


def befallen(fault: Fault) -> tuple[FakeKinesis, Reply | Lost]:
    """A stream whose first PutRecords call, of three records, met this fault."""
    fake = FakeKinesis()
    fake.create("leads")
    faulty = FaultyKinesis(fake, script(fault))
    reply = faulty.call("PutRecords", BODY, 0.0)
    assert {fault.name: 1} == dict(faulty.reached)
    return fake, reply


def answered(fault: Fault) -> tuple[FakeKinesis, Any]:
    """As `befallen`, with what the answer says."""
    fake, reply = befallen(fault)
    assert isinstance(reply, Reply)
    assert 200 == reply.status
    return fake, json.loads(reply.body)


def stored(fake: FakeKinesis) -> str:
    """The data of what the stream keeps, in one piece."""
    return b"".join(kept.data for kept in fake.stored("leads")).decode()


@pytest.mark.parametrize(
    ("fault", "kept"),
    [
        (throttle(0), "12"),
        (throttle(1, -1), "0"),
        (throttle(3, -4), "012"),
        (throttle(), "012"),
        (throttle_all(), ""),
        (internal_failure(-1), "01"),
        (Answer("all_fail", ALL, "InternalFailure"), ""),
    ],
)
def test_records_fail_by_their_place(fault: Answer, kept: str) -> None:
    """What failed is not stored and has the code; what did not is stored and has none."""
    fake, answer = answered(fault)
    assert kept == stored(fake)
    assert [None if str(place) in kept else fault.code for place in range(3)] == [
        entry.get("ErrorCode") for entry in answer["Records"]
    ]
    assert 3 - len(kept) == answer["FailedRecordCount"]


@pytest.mark.parametrize(("name", "lost"), CUTS.items())
def test_a_lost_answer_says_whether_the_call_was_applied(name: str, lost: Lost) -> None:
    """The records are stored or not, as its name says, and the request is logged either way."""
    fake, reply = befallen(lost)
    assert lost is reply
    assert ("012" if name.endswith("_after") else "") == stored(fake)
    assert 3 == len(fake.requests[0].records)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (THROTTLE, 400),
        ("InternalFailure", 500),
        ("ServiceUnavailable", 503),
        ("RequestTimeTooSkewed", 403),
        ("ExpiredTokenException", 400),
        ("KMSDisabledException", 400),
    ],
)
def test_a_refused_request_stores_nothing(code: str, status: int) -> None:
    """The error is shaped as AWS shapes it."""
    fake, reply = befallen(REFUSALS[code])
    assert isinstance(reply, Reply)
    assert (status, {"__type": code, "message": "injected"}) == (
        reply.status,
        json.loads(reply.body),
    )
    assert "" == stored(fake)
    assert [code] == [request.outcome for request in fake.requests]


def test_an_answer_has_too_few_or_too_many_entries() -> None:
    """The entries that are left stand at the wrong places, as is the fault."""
    _, answer = answered(altered("first_entry_missing", 0))
    assert 2 == len(answer["Records"])
    assert not any("ErrorCode" in entry for entry in answer["Records"])
    _, answer = answered(altered("last_entry_missing"))
    assert 2 == len(answer["Records"])
    _, answer = answered(altered("entry_too_many", 0))
    assert [False, True, False, False] == ["ErrorCode" in entry for entry in answer["Records"]]
    _, answer = answered(altered("no_entries"))
    assert "Records" not in answer


def test_the_count_of_failures_lies() -> None:
    """The entries tell the truth."""
    _, answer = answered(altered("count_says_none", 1))
    assert (0, THROTTLE) == (answer["FailedRecordCount"], answer["Records"][1]["ErrorCode"])
    _, answer = answered(altered("count_says_all"))
    assert 3 == answer["FailedRecordCount"]
    assert not any("ErrorCode" in entry for entry in answer["Records"])
    _, answer = answered(altered("count_missing"))
    assert "FailedRecordCount" not in answer


def test_entries_say_nothing() -> None:
    """They have neither a sequence number nor an error code."""
    _, answer = answered(altered("blank_entries", 1))
    assert [{}, {}, {}] == answer["Records"]


@pytest.mark.parametrize("edit", ["truncated", "no_json", "no_utf8", "empty"])
def test_an_answer_cannot_be_read(edit: str) -> None:
    """The status says that all is well, and the body is none."""
    fake, reply = befallen(altered(edit, nothing_stored=True))
    assert "" == stored(fake)
    assert isinstance(reply, Reply)
    assert 200 == reply.status
    with pytest.raises(ValueError, match=r"decode|Expecting|Unterminated"):
        json.loads(reply.body)


def test_an_error_is_not_altered() -> None:
    """A call that the service itself refuses keeps its error."""
    faulty = FaultyKinesis(FakeKinesis(), script(altered("no_entries")))
    reply = faulty.call("PutRecords", BODY, 0.0)
    assert isinstance(reply, Reply)
    assert "ResourceNotFoundException" == json.loads(reply.body)["__type"]


def test_a_slow_answer_is_a_good_one() -> None:
    """The delay is in the reply, for whoever delivers it."""
    fake, reply = befallen(slow(2.5))
    assert isinstance(reply, Reply)
    assert (200, 2.5, "012") == (reply.status, reply.delay_s, stored(fake))


def test_the_widest_shard_splits_before_the_call() -> None:
    """The records are answered with the shards that came of it."""
    fake, answer = answered(split_in_flight("leads"))
    assert 2 == len(fake.streams["leads"].open_shards)
    assert {"shardId-000000000001"} == {entry["ShardId"] for entry in answer["Records"]}
