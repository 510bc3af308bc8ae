"""The short way through botocore for GetRecords: what it reads, and what if it is closed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from connectors.kinesis.codec import UnreadableAnswer
from connectors.kinesis.read_shortcut import read_shortcut_works, take_read_shortcut
from tests.unit.connectors.kinesis.sessions import make_client, without

pytestmark = pytest.mark.usefixtures("nobodys")


def with_more_to_send(**arguments: Any) -> Any:
    """Make a client that sends what nobody asked for."""
    client = make_client(**arguments)
    client.meta.events.register(
        "provide-client-params.kinesis.GetRecords", lambda params, **_: {**params, "Limit": 1}
    )
    return client


def with_another_parser(**arguments: Any) -> Any:
    """Make a client that has read the answer before it emits the event."""
    client = make_client(**arguments)
    client.meta.events.register_first(
        "before-parse.kinesis.GetRecords", lambda response_dict, **_: response_dict.pop("body")
    )
    return client


CHANGED: dict[str, Callable[..., Any]] = {
    "no event": without("before-parse"),
    "no body": with_another_parser,
    "another request": with_more_to_send,
}


def emit(answer: dict[str, Any]) -> dict[str, Any]:
    """Let a client that goes the short way read an answer; what botocore would give back."""
    client = make_client()
    take_read_shortcut(client)
    read: dict[str, Any] = {}
    client.meta.events.emit(
        "before-parse.kinesis.GetRecords", response_dict=answer, customized_response_dict=read
    )
    client.close()
    return read


def test_the_installed_botocore_lets_us_take_it(caplog: pytest.LogCaptureFixture) -> None:
    """The version we pin is one for which it works, and nothing is said."""
    assert read_shortcut_works(make_client)
    assert [] == [said for said in caplog.records if said.name.startswith("connectors")]


@pytest.mark.parametrize("changed", CHANGED)
def test_a_botocore_that_has_changed_is_noticed(
    changed: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What would be sent or read is not what it should be: a warning, and the long way."""
    assert not read_shortcut_works(CHANGED[changed])
    (said,) = caplog.records
    assert (logging.WARNING, "botocore_changed") == (said.levelno, said.getMessage())
    assert "a tenth of the speed" in said.__dict__["effect"]


def test_botocore_is_left_an_empty_answer() -> None:
    """It has nothing to read, so it costs nothing."""
    answer: dict[str, Any] = {"status_code": 200, "body": b'{"Records":[]}'}
    assert {"Read"} == emit(answer).keys()
    assert b"{}" == answer["body"]


def test_an_unreadable_answer_is_not_left_to_botocore() -> None:
    """Its parser lets half an answer pass."""
    with pytest.raises(UnreadableAnswer):
        emit({"status_code": 200, "body": b'{"Records":[{"Seq'})


def test_an_error_is_left_to_botocore() -> None:
    """It finds out the code of an answer that has not status 200."""
    answer: dict[str, Any] = {"status_code": 400, "body": b"{}"}
    assert ({}, b"{}") == (emit(answer), answer["body"])
