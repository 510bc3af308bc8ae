"""The fake's endpoint as a plain HTTP client meets it: good answers, and each way to lose one."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from connectors.kinesis.testing.fake import FakeKinesis
from connectors.kinesis.testing.faults import CUTS, REFUSALS, Fault, slow
from connectors.kinesis.testing.faulty import FaultyKinesis, script
from connectors.kinesis.testing.server import FakeServer
from tests.unit.connectors.kinesis.testing.fake.calls import record

BODY = json.dumps({"StreamName": "leads", "Records": [record(b"0")]}).encode()
HEADERS = {"X-Amz-Target": "Kinesis_20131202.PutRecords"}


@contextmanager
def serving(*faults: Fault | None) -> Iterator[tuple[FakeKinesis, http.client.HTTPConnection]]:
    """A stream behind faults, and a connection to its server."""
    fake = FakeKinesis()
    fake.create("leads")
    with FakeServer(FaultyKinesis(fake, script(*faults)), clock=lambda: 5.0) as server:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
        try:
            yield fake, connection
        finally:
            connection.close()


def put(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
    """Send PutRecords, and give the head of the answer."""
    connection.request("POST", "/", BODY, HEADERS)
    return connection.getresponse()


def test_a_connection_carries_many_calls() -> None:
    """Each is answered in JSON with a request id of its own, at the clock's time."""
    with serving() as (fake, connection):
        ids = set()
        for _ in range(3):
            answer = put(connection)
            assert 200 == answer.status
            assert "application/x-amz-json-1.1" == answer.headers["Content-Type"]
            assert 0 == json.loads(answer.read())["FailedRecordCount"]
            ids.add(answer.headers["x-amzn-RequestId"])
            assert connection.sock is not None, "the connection was not kept"
        assert 3 == len(ids)
        assert [5.0] * 3 == [kept.at for kept in fake.stored("leads")]


def test_an_error_has_its_status() -> None:
    """A refusal comes with the status that AWS gives it."""
    with serving(REFUSALS["ServiceUnavailable"]) as (_, connection):
        answer = put(connection)
        assert (503, "Service Unavailable") == (answer.status, answer.reason)
        assert "ServiceUnavailable" == json.loads(answer.read())["__type"]
        assert 200 == put(connection).status


@pytest.mark.parametrize("name", ["refused_before", "reset_before", "reset_after"])
def test_a_reset_is_a_reset(name: str) -> None:
    """The client sees the connection break before any answer, and the next one work."""
    with serving(CUTS[name]) as (fake, connection):
        with pytest.raises(ConnectionResetError):
            put(connection)
        assert (1 if name == "reset_after" else 0) == len(fake.stored("leads"))
        connection.close()
        assert 200 == put(connection).status


def test_a_cut_answer_begins_well() -> None:
    """The call was applied, and its answer breaks off, possibly before the client reads it."""
    with serving(CUTS["cut_after"]) as (fake, connection):
        with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
            put(connection).read()
        assert 1 == len(fake.stored("leads"))


def test_silence_lasts_until_the_client_hangs_up() -> None:
    """The client's own timeout ends it."""
    with serving(CUTS["timeout_after"]) as (fake, connection):
        connection.timeout = 0.05
        with pytest.raises(TimeoutError):
            put(connection)
        assert 1 == len(fake.stored("leads"))


def test_closing_ends_whoever_waits() -> None:
    """A silent and a slow answer do not hold the server's end up."""
    before = set(threading.enumerate())
    with serving(CUTS["timeout_before"], slow(3600.0)) as (_, silent):
        silent.request("POST", "/", BODY, HEADERS)
        other = http.client.HTTPConnection(silent.host, silent.port, timeout=10)
        other.request("POST", "/", BODY, HEADERS)
    other.close()
    assert set(threading.enumerate()) <= before


def test_a_server_can_come_back_at_its_port() -> None:
    """A client that knows an endpoint finds it again after it was down."""
    fake = FakeKinesis()
    fake.create("leads")
    with FakeServer(fake) as server:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
        assert 200 == put(connection).status
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        put(connection)
    connection.close()
    with FakeServer(fake, port=connection.port) as again:
        assert server.url == again.url
        assert 200 == put(connection).status
    connection.close()


def test_calls_of_many_connections_are_all_kept() -> None:
    """Threads of clients do not disturb one another."""
    with serving() as (fake, connection):

        def work() -> None:
            mine = http.client.HTTPConnection(connection.host, connection.port, timeout=10)
            for _ in range(25):
                put(mine).read()
            mine.close()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 100 == len(fake.stored("leads"))
