"""The short way through botocore: what it sends and reads, and what happens when it is closed.

A botocore that has changed is simulated by a client that no longer emits one of its events, or that
hands our records on as a plain list.
"""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from connectors.kinesis import KinesisRecord
from connectors.kinesis.codec import UnreadableAnswer
from connectors.kinesis.core.answer import Entry
from connectors.kinesis.shortcut import (
    Prepared,
    long_way,
    long_way_back,
    shortcut_works,
    take_shortcut,
)
from connectors.kinesis.testing.fake import FakeKinesis, Reply
from connectors.kinesis.testing.faults import Lost, internal_failure
from connectors.kinesis.testing.faulty import FaultyKinesis, script
from connectors.kinesis.testing.server import FakeServer
from tests.unit.connectors.kinesis.sessions import (
    Session,
    any_session,
    client_of,
    make_client,
    without,
)

pytestmark = pytest.mark.usefixtures("nobodys")

EVENTS = ["before-parameter-build", "before-call", "before-parse"]
RECORDS = [
    KinesisRecord(b"\x00\xff", "é"),
    KinesisRecord(b"", "b"),
    KinesisRecord(b"x", "c", "340282366920938463463374607431768211455"),
]


def with_plain_lists(**arguments: Any) -> Any:
    """Make a client that hands on a copy of what it is given."""
    client = make_client(**arguments)
    client.meta.events.register(
        "provide-client-params.kinesis.PutRecords",
        lambda params, **_: {**params, "Records": list(params["Records"])},
    )
    return client


CHANGED = {**{event: without(event) for event in EVENTS}, "plain lists": with_plain_lists}


def test_the_installed_botocore_lets_us_take_it(caplog: pytest.LogCaptureFixture) -> None:
    """The version we pin is one for which it works, and nothing is said."""
    assert shortcut_works(make_client)
    assert [] == [said for said in caplog.records if said.name.startswith("connectors")]


@pytest.mark.parametrize("changed", CHANGED)
def test_a_botocore_that_has_changed_is_noticed(
    changed: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What would be sent or read is not what it should be: a warning, and the long way."""
    assert not shortcut_works(CHANGED[changed])
    (said,) = caplog.records
    assert logging.WARNING == said.levelno
    assert "botocore_changed" == said.getMessage()


class Recording:
    """A fake behind faults that keeps the bodies it was sent."""

    def __init__(self) -> None:
        """Have the second record of the first request fail."""
        fake = FakeKinesis()
        fake.create("leads").limits_rate = False
        self.bodies: list[Any] = []
        self._faulty = FaultyKinesis(fake, script(internal_failure(1)))

    def call(self, operation: str, body: bytes, now: float) -> Reply | Lost:
        """Keep a body, and answer."""
        self.bodies.append(json.loads(body))
        return self._faulty.call(operation, body, now)


def put(session: Any) -> tuple[Any, list[Entry]]:
    """Put the records with a client of this session: what was sent, and what came back."""
    recording = Recording()
    with FakeServer(recording) as server:
        client = client_of(server.url, session=session)
        entries = client.put_records(client.prepare(RECORDS), 3)
        client.close()
    (body,) = recording.bodies
    return body, entries


SENT = {
    "StreamName": "leads",
    "Records": [
        {"Data": "AP8=", "PartitionKey": "é"},
        {"Data": "", "PartitionKey": "b"},
        {
            "Data": "eA==",
            "PartitionKey": "c",
            "ExplicitHashKey": "340282366920938463463374607431768211455",
        },
    ],
}


@pytest.mark.parametrize("changed", ["unchanged", *CHANGED])
def test_both_ways_send_and_read_the_same(changed: str) -> None:
    """Whether botocore has changed or not, the records arrive, and each answer is told."""
    body, entries = put(Session(CHANGED.get(changed, make_client)))
    assert body == SENT
    shard = "shardId-000000000000"
    assert [shard, None, shard] == [entry.shard_id for entry in entries]
    assert [None, "InternalFailure", None] == [entry.failure for entry in entries]
    assert [False, True, False] == [entry.error_message is not None for entry in entries]


def test_only_the_one_client_takes_it() -> None:
    """Other clients of the same session send what they are given."""
    recording, session = Recording(), any_session()
    with FakeServer(recording) as server:
        take_shortcut(session.client("kinesis", endpoint_url=server.url))
        plain = session.client("kinesis", endpoint_url=server.url)
        answer = plain.put_records(StreamName="leads", Records=long_way(RECORDS))
        plain.close()
    assert [SENT] == recording.bodies
    assert 1 == answer["FailedRecordCount"]


def test_an_unreadable_answer_is_not_left_to_botocore() -> None:
    """Its parser lets half an answer pass."""
    client = make_client()
    take_shortcut(client)
    answer: dict[str, Any] = {"status_code": 200, "body": b'{"Records":[{"Seq'}
    with pytest.raises(UnreadableAnswer):
        client.meta.events.emit(
            "before-parse.kinesis.PutRecords", response_dict=answer, customized_response_dict={}
        )


def test_an_error_is_left_to_botocore() -> None:
    """It finds out the code of an answer that has not status 200."""
    client = make_client()
    take_shortcut(client)
    answer: dict[str, Any] = {"status_code": 400, "body": b"{}"}
    read: dict[str, Any] = {}
    client.meta.events.emit(
        "before-parse.kinesis.PutRecords", response_dict=answer, customized_response_dict=read
    )
    assert ({}, b"{}") == (read, answer["body"])


def test_prepared_records_look_like_none() -> None:
    """Botocore has nothing to check, to copy or to put into an error."""
    prepared = Prepared(b"canary")
    assert [] == prepared
    assert "canary" not in repr(prepared)


@pytest.mark.parametrize("answer", [{}, {"Records": None}, {"Records": []}])
def test_an_answer_without_entries_has_none_the_long_way_either(answer: dict[str, Any]) -> None:
    """Whether that is enough, the caller knows."""
    assert [] == long_way_back(answer)


def test_an_entry_that_is_none_acknowledges_nothing() -> None:
    """Botocore reads `null` where an entry should be as None."""
    assert [Entry("1", "s"), Entry()] == long_way_back(
        {"Records": [{"SequenceNumber": "1", "ShardId": "s"}, None]}
    )
