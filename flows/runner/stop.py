"""Stopping by signal: the first one lets the job drain, the second one ends it where it stands.

The signals are SIGTERM and SIGINT. Python runs a handler only when its main thread next does, which
may be long while the engine works, so a thread of ours reads them from the wake-up descriptor
(https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd). No KeyboardInterrupt is raised
in the middle of a step.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)

Told = Callable[[signal.Signals], None]


@contextmanager
def on_signals(first: Told, again: Told) -> Iterator[None]:
    """Call `first` at the first signal and `again` at each later one, in a thread of their own.

    To be entered in the main thread, as Python sets handlers only there.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    wakeup = signal.set_wakeup_fd(writer)
    handlers = {each: signal.signal(each, _noted) for each in SIGNALS}
    thread = Thread(target=_listen, args=(reader, first, again), name="signals", daemon=True)
    thread.start()
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
        signal.set_wakeup_fd(wakeup)
        os.close(writer)  # ends the thread
        thread.join()
        os.close(reader)


def _noted(number: int, frame: FrameType | None) -> None:
    """Do nothing: the number is on its way through the wake-up descriptor."""


def _listen(reader: int, first: Told, again: Told) -> None:
    told = first
    while byte := os.read(reader, 1):
        if byte[0] in SIGNALS:
            told(signal.Signals(byte[0]))
            told = again
