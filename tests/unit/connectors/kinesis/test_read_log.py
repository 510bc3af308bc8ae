"""What reading tells whoever runs the job, and how often."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from connectors.kinesis import KinesisUnreachable
from connectors.kinesis.core.read_calls import GetRecords, ListShards, Trimmed
from connectors.kinesis.core.shards import Shard
from connectors.kinesis.read_log import ReadLog

CALL = GetRecords(Shard("shard-0", 0, 1), "iterator")


def failure(code: str) -> KinesisUnreachable:
    """A failure with a code."""
    return KinesisUnreachable(f"{code} happened", code=code)


def told(caplog: pytest.LogCaptureFixture, *names: str) -> list[tuple[Any, ...]]:
    """The message of each line, and these of its fields."""
    assert {logging.WARNING} >= {said.levelno for said in caplog.records}
    return [(said.getMessage(), *(said.__dict__[n] for n in names)) for said in caplog.records]


def test_a_trouble_is_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """However often it comes, and whichever shard it befalls."""
    log = ReadLog()
    for now in (0.0, 1.0, 59.9, 60.0, 100.0, 120.0):
        log.failed(CALL, failure("Throttled"), now)
    assert [("read_failed", "shard-0", "Throttled happened")] * 3 == told(caplog, "shard", "error")


def test_each_trouble_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """One does not hide another; a listing is of no shard."""
    log = ReadLog()
    log.failed(CALL, failure("Throttled"), 0.0)
    log.failed(ListShards(), failure("Denied"), 0.0)
    assert [("read_failed", "shard-0"), ("read_failed", "")] == told(caplog, "shard")


def test_an_old_iterator_is_no_trouble(caplog: pytest.LogCaptureFixture) -> None:
    """It happens whenever a shard was not read for five minutes, and is renewed."""
    ReadLog().failed(CALL, failure("ExpiredIteratorException"), 0.0)
    assert [] == told(caplog)


def test_what_was_trimmed_is_told_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    """Where the gap begins, as far as that is known."""
    log = ReadLog()
    log.trimmed(Trimmed("shard-0", after="49", since=1_000_000_000.5, gone=False))
    log.trimmed(Trimmed("shard-1", after=None, since=None, gone=True))
    assert told(caplog, "shard", "after", "since", "gone") == [
        ("records_trimmed", "shard-0", "49", "2001-09-09T01:46:40.500000+00:00", False),
        ("records_trimmed", "shard-1", "", "", True),
    ]
