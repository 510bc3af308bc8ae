"""Logs: events of the program on stderr, for a person on a terminal or else as JSON lines.

An event has a name that never changes, a level and fields. Promise: nothing of a request, a record
or a person gets out this way, whatever the level. Our own events and errors are worded without any;
what other packages say below a warning is dropped, as botocore and urllib3 show whole requests and
signatures there; an exception is told by type and words, without what a traceback quotes; and a
field that is no plain value by its type alone.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime, timezone

from typing_extensions import override

from .printable import printable

LEVELS = ("debug", "info", "warning", "error")

_OURS = ("flows", "connectors")
_LIBRARIES = ("boto3", "botocore", "s3transfer", "urllib3", "werkzeug")
"""Packages that would say too much, or a line for each request."""

_STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
"""What `logging` itself puts into a record; the rest are fields of the event."""


def configure(level: str = "warning") -> None:
    """Show events on stderr from now on, in the place of what an earlier call set up.

    Args:
        level: one of `LEVELS`, the least that is shown of our own events.
    """
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, _Stderr)]:
        root.removeHandler(handler)
    root.addHandler(_Stderr())
    for name in _OURS:
        logging.getLogger(name).setLevel(level.upper())
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Stderr(logging.Handler):
    """Writes to what `sys.stderr` is at the time: a run puts another one in its place."""

    def __init__(self) -> None:
        super().__init__()
        self.addFilter(_may_be_shown)
        self._shown_as = _as_text if sys.stderr.isatty() else _as_json

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(f"{self._shown_as(record)}\n")
            sys.stderr.flush()
        except (OSError, ValueError):  # stderr is gone: the job is worth more than its log
            return


def _may_be_shown(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] in _OURS


def _as_json(record: logging.LogRecord) -> str:
    head = {
        "time": _time(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": record.getMessage(),
    }
    return json.dumps(head | _fields(record))


def _as_text(record: logging.LogRecord) -> str:
    """Write over the progress line, which has no end of its own."""
    fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
    text = f"{_time(record):%H:%M:%S} {record.levelname.lower()} {record.getMessage()}{fields}"
    return f"\r\x1b[K{printable(text)}"


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, timezone.utc)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = {name: _plain(value) for name, value in vars(record).items() if name not in _STANDARD}
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        fields |= {"error_type": type(error).__name__, "error": str(error)}
    return fields


def _plain(value: object) -> object:
    plain = value is None or isinstance(value, (str, int, float, bool))
    return value if plain else f"<{type(value).__name__}>"
