"""Calls of the client: what each answer of Kinesis, or its absence, becomes."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from typing import Any

import pytest

from connectors.kinesis import (
    KinesisError,
    KinesisPermissionDenied,
    KinesisRecord,
    KinesisRequestRefused,
    KinesisStreamNotFound,
    KinesisUnreachable,
)
from connectors.kinesis.core.retry import Kind
from connectors.kinesis.core.shards import Shard
from connectors.kinesis.testing.fake import FakeKinesis, Reply
from connectors.kinesis.testing.faults import EDITS, Fault, Lost, Refusal, altered, throttle
from connectors.kinesis.testing.faulty import FaultyKinesis, script
from connectors.kinesis.testing.server import FakeServer
from tests.unit.connectors.kinesis.sessions import client_of

pytestmark = pytest.mark.usefixtures("nobodys")

LAST = 2**128 - 1
RECORDS = [KinesisRecord(b"1", "a"), KinesisRecord(b"2", "b")]


def put(kinesis: Any, **more: Any) -> list[str | None]:
    """Put the two records once; gives why each was not written."""
    with FakeServer(kinesis) as server:
        client = client_of(server.url, **more)
        try:
            entries = client.put_records(client.prepare(RECORDS), len(RECORDS))
        finally:
            client.close()
    return [entry.failure for entry in entries]


def shards_of(kinesis: Any) -> list[Shard]:
    """List the shards of the stream."""
    with FakeServer(kinesis) as server:
        client = client_of(server.url)
        try:
            return client.list_shards()
        finally:
            client.close()


class Saying:
    """A service that gives every call the same answer."""

    def __init__(self, status: int, answer: dict[str, Any]) -> None:
        """Take the answer."""
        self._reply = Reply(status, json.dumps(answer).encode())

    def call(self, operation: str, body: bytes, now: float) -> Reply:
        """Give the answer."""
        del operation, body, now
        return self._reply


def leads(*faults: Fault) -> FaultyKinesis:
    """Have the stream, behind these faults."""
    fake = FakeKinesis()
    fake.create("leads").limits_rate = False
    return FaultyKinesis(fake, script(*faults))


@pytest.mark.parametrize("stream", ["leads", "arn:aws:kinesis:us-east-1:123456789012:stream/leads"])
def test_a_stream_goes_by_its_name_or_its_arn(stream: str) -> None:
    """Both reach the same one."""
    kinesis = leads()
    assert [None, None] == put(kinesis, stream=stream)
    assert [b"1", b"2"] == [kept.data for kept in kinesis.fake.stored("leads")]


def test_each_record_has_its_own_answer() -> None:
    """One that was throttled stands beside one that was written."""
    assert ["ProvisionedThroughputExceededException", None] == put(leads(throttle(0)))


@pytest.mark.parametrize("edit", ["count_says_none", "count_says_all", "count_missing"])
def test_the_count_of_failures_is_not_read(edit: str) -> None:
    """Entries decide."""
    throttled = "ProvisionedThroughputExceededException"
    assert [None, throttled] == put(leads(altered(edit, 1)))


UNREADABLE = [edit for edit in EDITS if edit != "blank_entries" and not edit.startswith("count_")]


@pytest.mark.parametrize("edit", UNREADABLE)
def test_an_answer_that_is_not_whole_is_no_answer(edit: str) -> None:
    """An entry too few or too many, a part of the text, another text: the outcome is unknown."""
    with pytest.raises(KinesisUnreachable, match="unreadable") as caught:
        put(leads(altered(edit)))
    assert "UnreadableAnswer" == caught.value.code


@pytest.mark.parametrize("status", [201, 202, 204])
def test_another_kind_of_success_is_no_answer(status: int) -> None:
    """Something between here and Kinesis answers, and has not written anything."""
    with pytest.raises(KinesisUnreachable, match="unreadable"):
        put(Saying(status, {"Records": [{"SequenceNumber": "1"}] * 2}))


@pytest.mark.parametrize(
    ("code", "error", "kind"),
    [
        ("AccessDeniedException", KinesisPermissionDenied, Kind.DENIED),
        ("ExpiredTokenException", KinesisPermissionDenied, Kind.EXPIRED),
        ("ResourceNotFoundException", KinesisStreamNotFound, Kind.NOT_FOUND),
        ("ValidationException", KinesisRequestRefused, Kind.INVALID),
        ("LimitExceededException", KinesisUnreachable, Kind.THROTTLED),
    ],
)
def test_a_refusal_is_an_error_of_its_kind(
    code: str, error: type[KinesisError], kind: Kind
) -> None:
    """One attempt is made, and what Kinesis says in words is left out, in the causes, too."""
    kinesis = leads(Refusal(code, text="canary"))
    with pytest.raises(error) as caught:
        put(kinesis)
    assert (code, kind) == (caught.value.code, caught.value.kind)
    assert Counter({code: 1}) == kinesis.reached
    assert "canary" not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "lost",
    [Lost("reset", applied=True), Lost("cut", applied=True), Lost("timeout", applied=False)],
    ids=lambda lost: lost.name,
)
def test_a_lost_answer_is_no_answer(lost: Lost) -> None:
    """One attempt is made, and it ends in time."""
    kinesis = leads(lost)
    timeout_s = 0.05 if lost.kind == "timeout" else 10.0
    with pytest.raises(KinesisUnreachable, match="no answer from stream 'leads'"):
        put(kinesis, request_timeout_s=timeout_s)
    assert 1 == kinesis.reached.total()


def test_shards_are_listed_with_their_ranges_and_whether_they_are_open() -> None:
    """After a split the parent is there, closed, and so are both children, which name it."""
    fake = FakeKinesis()
    now = time.time()  # shards that closed long ago are not listed
    fake.create("leads", now=now).split("shardId-000000000000", 2**127, now=now)
    assert shards_of(fake) == [
        Shard("shardId-000000000000", 0, LAST, is_open=False),
        Shard("shardId-000000000001", 0, 2**127 - 1, parents=("shardId-000000000000",)),
        Shard("shardId-000000000002", 2**127, LAST, parents=("shardId-000000000000",)),
    ]


def test_a_long_list_comes_in_pages() -> None:
    """A page holds a thousand; the next is asked for by its token alone."""
    fake = FakeKinesis()
    fake.create("leads", shards=1_001)
    expected = [f"shardId-{number:012d}" for number in range(1_001)]
    assert expected == [shard.id for shard in shards_of(fake)]


def test_shards_that_may_not_be_listed_are_an_error() -> None:
    """The missing action is the one that lists them."""
    kinesis = FaultyKinesis(
        FakeKinesis(), script(), refused={"ListShards": Refusal("AccessDeniedException")}
    )
    with pytest.raises(KinesisPermissionDenied, match="kinesis:ListShards"):
        shards_of(kinesis)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"Shards": None},
        {"Shards": [None]},
        {"Shards": [{"ShardId": "s"}]},
        {"Shards": [{"ShardId": "s", "HashKeyRange": {}, "SequenceNumberRange": {}}]},
    ],
)
def test_a_list_of_shards_that_is_none_is_no_answer(answer: dict[str, Any]) -> None:
    """It is an error that may pass, and no defect."""
    with pytest.raises(KinesisUnreachable, match="unreadable"):
        shards_of(Saying(200, answer))


def test_several_threads_may_call_at_once() -> None:
    """Each gets the answer to its own call."""
    kinesis = leads()
    found: list[list[str]] = []
    with FakeServer(kinesis) as server:
        client = client_of(server.url, connections=4)

        def call(number: int) -> None:
            records = [KinesisRecord(b"x", f"{number}-{n}") for n in range(number)]
            for _ in range(5):
                entries = client.put_records(client.prepare(records), number)
                found.append([entry.sequence_number or "" for entry in entries])

        threads = [threading.Thread(target=call, args=(number,)) for number in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        client.close()
    assert Counter({1: 5, 2: 5, 3: 5, 4: 5}) == Counter(map(len, found))
    numbers = [number for each in found for number in each]
    assert 50 == len(set(numbers))
