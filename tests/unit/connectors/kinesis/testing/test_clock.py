"""A virtual clock goes where it is told, and only forward."""

from __future__ import annotations

import pytest

from connectors.kinesis.testing.clock import VirtualClock


def test_time_passes_only_when_told() -> None:
    """The clock shows its start until it is moved, by an amount or to a time."""
    clock = VirtualClock(100.0)
    assert 100.0 == clock.now()
    clock.advance(2.5)
    assert 102.5 == clock.now()
    clock.advance_to(200.0)
    assert 200.0 == clock.now()


def test_time_never_goes_back() -> None:
    """A test that turns the clock back is wrong."""
    with pytest.raises(AssertionError, match="never goes back"):
        VirtualClock(100.0).advance_to(99.0)
