"""The engine's panic lines do not bury an error, and nothing else is lost."""

from __future__ import annotations

import os
import sys

import pytest

from flows.runner.engine_talk import engine_talk_held_back


def talk() -> None:
    """Write to the descriptor as the engine does, and to Python's stream as we do."""
    os.write(2, b"thread panicked\n")
    sys.stderr.write("progress\n")


def fail() -> None:
    """Talk, and raise."""
    with engine_talk_held_back():
        talk()
        raise ValueError("the reason")


def test_an_error_stands_alone(capfd: pytest.CaptureFixture[str]) -> None:
    """What was written to the descriptor is dropped when the block raises."""
    with pytest.raises(ValueError, match="the reason"):
        fail()
    assert "progress\n" == capfd.readouterr().err


def test_talk_without_an_error_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    """It is only held back, and comes when the block has ended."""
    with engine_talk_held_back():
        talk()
    assert "progress\nthread panicked\n" == capfd.readouterr().err


def test_the_streams_are_put_back(capfd: pytest.CaptureFixture[str]) -> None:
    """Afterwards the descriptor and Python's stream are what they were."""
    before = sys.stderr
    with engine_talk_held_back():
        assert sys.stderr is not before
    assert sys.stderr is before
    os.write(2, b"after\n")
    assert "after\n" == capfd.readouterr().err
