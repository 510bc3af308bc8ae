"""Back-off and giving up, as a table of times."""

from __future__ import annotations

import pytest

from connectors.kinesis.core.retry import Patience


def test_the_ceiling_doubles_from_50_ms_up_to_5_s() -> None:
    """Without progress each pause may be twice as long as the last, up to five seconds."""
    patience = Patience(900, lambda: 1.0)
    pauses = [patience.pause_s(0, 0) for _ in range(9)]
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_jitter_is_full() -> None:
    """A pause is the random part of the whole ceiling, down to none at all."""
    parts = iter([0.0, 0.25, 0.5])
    patience = Patience(900, lambda: next(parts))
    assert [patience.pause_s(0, 0) for _ in range(3)] == pytest.approx([0, 0.025, 0.1])


def test_progress_starts_over() -> None:
    """After an acknowledgement the next failure is a first one, and the time is counted anew."""
    patience = Patience(10, lambda: 1.0)
    assert [0.05, 0.1] == [patience.pause_s(0, 0), patience.pause_s(9, 9)]
    patience.progress()
    assert patience.pause_s(12, 12) == 0.05


def test_idle_time_does_not_count() -> None:
    """The time without progress begins with the first request that failed, not with the last good.

    A stream may be silent for hours, and its first failure afterwards is still the first.
    """
    patience = Patience(10, lambda: 1.0)
    patience.progress()
    assert patience.pause_s(started=5000, now=5009) == 0.05


def test_a_request_that_takes_too_long_is_part_of_the_time() -> None:
    """Time counts from the start of the failed request."""
    assert Patience(10, lambda: 1.0).pause_s(started=0, now=10) is None


def test_the_last_pause_ends_when_the_time_is_up() -> None:
    """The last attempt is made exactly at the end of the time, not a pause later."""
    patience = Patience(10, lambda: 1.0)
    for _ in range(8):
        patience.pause_s(0, 1)
    assert patience.pause_s(0, 9.5) == 0.5
    assert patience.pause_s(9.5, 10.0) is None


def test_no_number_of_failures_is_too_many() -> None:
    """The pause stays a number after thousands of failures."""
    patience = Patience(1e9, lambda: 1.0)
    assert {patience.pause_s(0, 1) for _ in range(5000)} <= {
        *(0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0)
    }
