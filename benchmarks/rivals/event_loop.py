"""An event loop in a thread of its own, for the rivals that are written for asyncio.

That is how a blocking caller such as a Bytewax sink uses them: the loop goes on sending while the
caller does something else.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

X = TypeVar("X")


class EventLoop:
    """Runs coroutines for a thread that waits for them."""

    def __init__(self) -> None:
        """Start; the thread ends with the process, which has nothing else to do by then."""
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def run(self, coroutine: Coroutine[Any, Any, X]) -> X:
        """Run a coroutine over there and wait for what it returns."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
