"""Waiting for what another thread or process is to bring about."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tests.support.program import TIMEOUT_S

LOOK_S = 0.01


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds.

    Raises:
        AssertionError: it did not for longer than any of our programs takes.
    """
    late = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < late, "it does not come"
        threading.Event().wait(LOOK_S)
