"""A TCP port of this machine that serves, or refuses connections, or lets them wait for ever."""

from __future__ import annotations

import socket
from contextlib import ExitStack, closing
from types import TracebackType
from typing import TYPE_CHECKING

from connectors.kinesis.testing.server import FakeServer, Kinesis

if TYPE_CHECKING:
    from typing_extensions import Self

_HOST = "127.0.0.1"
_UNANSWERED_S = 0.05  # a connection on this machine opens within a fraction of a millisecond
_BACKLOG_MAX = 256  # kernels may hold more connections than `listen` asks for


class Port:
    """One port, which refuses until it is told otherwise; held within a `with` block.

    Args:
        kinesis: Who answers while it serves.
    """

    def __init__(self, kinesis: Kinesis) -> None:
        self._kinesis = kinesis
        self._number = 0  # any that is free, then always that one
        self._open = ExitStack()

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"http://{_HOST}:{self._number}"

    def __enter__(self) -> Self:
        self.refuse()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def serve(self) -> None:
        """Answer."""
        self._open.close()
        self._open.enter_context(FakeServer(self._kinesis, port=self._number))

    def refuse(self) -> None:
        """Refuse connections: the port is bound, so that nobody else gets it, and does not listen.

        Those that were open are closed.
        """
        self._bind()

    def ignore(self) -> None:
        """Listen, but with the queue of connections full, so that no more are opened.

        Those that were open are closed.
        """
        listener = self._bind()
        listener.listen(0)
        for _ in range(_BACKLOG_MAX):
            waiting = self._open.enter_context(closing(socket.socket()))
            waiting.settimeout(_UNANSWERED_S)
            try:
                waiting.connect(listener.getsockname())
            except TimeoutError:
                return
        raise AssertionError(f"{_BACKLOG_MAX} connections did not fill the queue")

    def _bind(self) -> socket.socket:
        self._open.close()
        bound = self._open.enter_context(closing(socket.socket()))
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((_HOST, self._number))
        self._number = bound.getsockname()[1]
        return bound
