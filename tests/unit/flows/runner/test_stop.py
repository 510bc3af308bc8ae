"""Signals: the first one, each later one, and everything as it was when the block ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue

import pytest

from flows.runner.stop import SIGNALS, on_signals
from tests.support.program import TIMEOUT_S

Heard = Queue[tuple[str, signal.Signals]]


@pytest.fixture
def heard() -> Heard:
    """What was told, in order."""
    return Queue()


@pytest.fixture
def usr1() -> Iterator[signal.Signals]:
    """A signal that has a handler of somebody else's."""
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    yield signal.SIGUSR1
    signal.signal(signal.SIGUSR1, before)


def told(heard: Heard, which: str) -> Callable[[signal.Signals], None]:
    """Give what notes a signal under a name."""
    return lambda number: heard.put((which, number))


def descriptors() -> int:
    """Count the open descriptors of this process."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def strike(number: signal.Signals) -> None:
    """Send this process a signal."""
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("later", SIGNALS)
def test_the_first_signal_is_told_apart_from_each_later_one(
    heard: Heard, number: signal.Signals, later: signal.Signals
) -> None:
    """Whichever of the two they are; no KeyboardInterrupt is raised."""
    with on_signals(told(heard, "first"), told(heard, "again")):
        strike(number)
        assert ("first", number) == heard.get(timeout=TIMEOUT_S)
        for _ in range(2):
            strike(later)
            assert ("again", later) == heard.get(timeout=TIMEOUT_S)
    assert heard.empty()


def test_other_signals_are_no_word_to_stop(heard: Heard, usr1: signal.Signals) -> None:
    """They go where they went before."""
    with on_signals(told(heard, "first"), told(heard, "again")):
        strike(usr1)
        strike(signal.SIGTERM)
        assert ("first", signal.SIGTERM) == heard.get(timeout=TIMEOUT_S)
    assert heard.empty()


def test_all_is_put_back(heard: Heard, usr1: signal.Signals) -> None:
    """The handlers, and the descriptor that somebody else had for wake-ups; also after an error."""
    handlers = [signal.getsignal(each) for each in SIGNALS]
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer)
    try:
        with on_signals(told(heard, "first"), told(heard, "again")):
            assert handlers != [signal.getsignal(each) for each in SIGNALS]
        with pytest.raises(RuntimeError), on_signals(told(heard, "first"), told(heard, "again")):
            raise RuntimeError
        assert handlers == [signal.getsignal(each) for each in SIGNALS]
        strike(usr1)
        assert bytes([usr1]) == os.read(reader, 9)
    finally:
        assert writer == signal.set_wakeup_fd(before)
        os.close(reader)
        os.close(writer)
    assert heard.empty()


def test_its_thread_and_its_pipe_are_gone(heard: Heard) -> None:
    """However often it is entered, no descriptor is left open."""
    before = descriptors()
    for _ in range(3):
        with on_signals(told(heard, "first"), told(heard, "again")):
            pass
    assert before == descriptors()
