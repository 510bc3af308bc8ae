"""Logs: what an event looks like on a terminal and elsewhere, and what is never shown."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from flows.cli import logs

CREATED_S = 1_700_000_000.25  # 2023-11-14T22:13:20.250Z
LIBRARIES = ("boto3", "botocore", "botocore.auth", "urllib3.connectionpool", "werkzeug")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Put the loggers of this process back."""
    root = logging.getLogger()
    handlers = list(root.handlers)
    names = ("flows", "connectors", "s3transfer", "urllib3", *LIBRARIES)
    levels = {name: logging.getLogger(name).level for name in names}
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def configured(
    monkeypatch: pytest.MonkeyPatch, level: str, stream: io.StringIO | None = None
) -> io.StringIO:
    """Set logs up; returns what they go to."""
    stream = stream or io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure(level)
    return stream


def tell(
    name: str, level: int, event: str, *, error: BaseException | None = None, **fields: Any
) -> None:
    """Tell a logger of an event that happened at a known time."""
    logger = logging.getLogger(name)
    if logger.isEnabledFor(level):
        caught = None if error is None else (type(error), error, None)
        record = logger.makeRecord(name, level, "f.py", 1, event, (), caught, extra=fields)
        record.created = CREATED_S
        logger.handle(record)


def test_an_event_is_a_line_of_json_when_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time in UTC, level, logger and name of the event, then its fields."""
    shown = configured(monkeypatch, "info")
    tell("flows.runner", logging.INFO, "started", resumed=True, processes=4)
    assert (
        '{"time": "2023-11-14T22:13:20.250Z", "level": "info", "logger": "flows.runner", '
        '"event": "started", "resumed": true, "processes": 4}\n'
    ) == shown.getvalue()


def test_an_event_is_a_short_text_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the place of the progress line, and nothing in it commands the terminal."""
    shown = configured(monkeypatch, "info", Terminal())
    tell("flows.runner", logging.INFO, "stopped", reason="\x1b[2A\n", processes=4)
    time = datetime.fromtimestamp(CREATED_S, timezone.utc).strftime("%H:%M:%S")
    expected = f"\r\x1b[K{time} info stopped reason=\\x1b[2A\\n processes=4\n"
    assert expected == shown.getvalue()


def test_an_exception_is_told_by_type_and_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its traceback, which quotes what was worked on."""
    shown = configured(monkeypatch, "warning")
    tell("connectors.kinesis", logging.ERROR, "failed", error=ValueError("a bad thing"))
    (line,) = shown.getvalue().splitlines()
    said = json.loads(line)
    assert ("ValueError", "a bad thing") == (said["error_type"], said["error"])
    assert {"time", "level", "logger", "event", "error_type", "error"} == said.keys()


def test_a_field_that_is_no_plain_value_is_told_by_its_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An object says more of itself than anybody may know."""
    shown = configured(monkeypatch, "warning")
    tell("flows", logging.WARNING, "odd", data=b"secret", listed=["secret"], nothing=None)
    (line,) = shown.getvalue().splitlines()
    said = json.loads(line)
    assert ("<bytes>", "<list>", None) == (said["data"], said["listed"], said["nothing"])


@pytest.mark.parametrize(
    ("level", "shown_levels"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_the_level_is_the_least_that_is_shown_of_ours(
    monkeypatch: pytest.MonkeyPatch, level: str, shown_levels: list[str]
) -> None:
    """Of both our packages and all in them."""
    shown = configured(monkeypatch, level)
    for name in ("flows.runner", "connectors.kinesis.dispatch"):
        for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            tell(name, number, "event")
    said = [json.loads(line)["level"] for line in shown.getvalue().splitlines()]
    assert shown_levels * 2 == said


@pytest.mark.parametrize("library", LIBRARIES)
def test_libraries_show_warnings_alone_whatever_the_level(
    monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    """Also where somebody has set a logger of theirs to DEBUG afterwards."""
    shown = configured(monkeypatch, "debug")
    logging.getLogger(library).setLevel(logging.DEBUG)
    for level in (logging.DEBUG, logging.INFO, logging.WARNING):
        tell(library, level, "said")
    assert ["warning"] == [json.loads(line)["level"] for line in shown.getvalue().splitlines()]


def test_setting_up_again_takes_the_place_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for an event, on the stream of today; other people's handlers stay."""
    handlers = list(logging.getLogger().handlers)
    configured(monkeypatch, "debug")
    shown = configured(monkeypatch, "warning")
    tell("flows", logging.INFO, "quiet")
    tell("flows", logging.WARNING, "loud")
    assert ["loud"] == [json.loads(line)["event"] for line in shown.getvalue().splitlines()]
    assert handlers == logging.getLogger().handlers[: len(handlers)]
    assert len(handlers) + 1 == len(logging.getLogger().handlers)


def test_a_stream_that_is_put_in_place_later_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run hands out a stderr of its own while the engine works."""
    before = configured(monkeypatch, "warning")
    after = io.StringIO()
    monkeypatch.setattr(sys, "stderr", after)
    tell("flows", logging.WARNING, "late")
    assert ("", "late") == (before.getvalue(), json.loads(after.getvalue())["event"])


def test_a_log_that_nobody_can_take_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job is worth more than its log."""
    shown = configured(monkeypatch, "warning")
    shown.close()
    tell("flows", logging.WARNING, "unheard")
