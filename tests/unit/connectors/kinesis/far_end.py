"""The other side of a connection, for tests of HTTP: it answers in raw bytes, as told."""

from __future__ import annotations

import socketserver
import ssl
import threading
from types import TracebackType
from typing import Any

from typing_extensions import Self

DEADLINE_S = 20
ALL_WELL = b"HTTP/1.1 200 OK\r\nX-Number: 7\r\nContent-Length: 5\r\n\r\nhello"
SILENCE = b""
"""No answer: the connection stays open until the test is over."""


class FarEnd:
    """A server within a `with` block that gives each request the next of these answers.

    Attributes:
        connections: how many were opened.
        requests: the head and the body of each, as they came.
        hung_up: set whenever a connection was closed by this side.

    Args:
        answers: what is written, one for each request.
        keeps: whether a connection stays open after an answer; else it closes without a warning.
        tls: with which certificate, if with any.
    """

    def __init__(
        self, *answers: bytes, keeps: bool = True, tls: ssl.SSLContext | None = None
    ) -> None:
        """Open the port."""
        self.connections = 0
        self.requests: list[tuple[bytes, bytes]] = []
        self.hung_up = threading.Event()
        self.answers = iter(answers)
        self.keeps = keeps
        self.tls = tls
        self.over = threading.Event()
        self._server = _Server(self)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """Where it listens, by plain http."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; connections must have been closed by the other side."""
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    def __init__(self, end: FarEnd) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.end = end

    def get_request(self) -> tuple[Any, Any]:
        opened, address = super().get_request()
        if self.end.tls is not None:  # the handshake is left to the connection's own thread
            opened = self.end.tls.wrap_socket(
                opened, server_side=True, do_handshake_on_connect=False
            )
        return opened, address

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.end.hung_up.set()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the client refused the certificate."""


class _Connection(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        end = self.server.end
        end.connections += 1
        while head := self.head():
            length = int(head.lower().partition(b"content-length: ")[2].split()[0])
            end.requests.append((head, self.rfile.read(length)))
            answer = next(end.answers)
            if answer == SILENCE:
                end.over.wait(DEADLINE_S)
            self.wfile.write(answer)
            if not end.keeps:
                return

    def head(self) -> bytes:
        head = line = self.rfile.readline()
        while line not in {b"", b"\r\n"}:
            line = self.rfile.readline()
            head += line
        return head
