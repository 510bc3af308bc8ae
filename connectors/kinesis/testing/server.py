"""An HTTP endpoint on this machine for a fake stream, with real sockets that really break.

It speaks as much HTTP/1.1 as an AWS client needs: POST with a Content-Length, connections kept
alive, each answer in one write. A lost answer is a connection reset, an answer cut in the middle,
or silence until the client hangs up.

Left out: TLS, and a connection that is refused before it is made, which comes as a reset.
"""

from __future__ import annotations

import itertools
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from .fake import Reply
from .faults import Lost

if TYPE_CHECKING:
    from typing_extensions import Self

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: close sends RST
_CUT_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 4096\r\n\r\n"
    b'{"FailedRecordCount":0,"Records":[{"SequenceNumber":"495'
)


class Kinesis(Protocol):
    """What the server needs of a fake; see `FakeKinesis` and `FaultyKinesis`."""

    def call(self, operation: str, body: bytes, now: float) -> Reply | Lost:
        """Carry out one API call at this time, in seconds."""


class FakeServer:
    """Serves a fake from a thread of its own, within a `with` block; `url` is its endpoint.

    Calls are carried out one at a time; waiting for a slow answer does not hold the others up.

    Args:
        kinesis: Who answers.
        clock: Seconds since 1970, which records carry as the time of their arrival.
        port: Where to listen; 0 takes a free port.
    """

    def __init__(
        self, kinesis: Kinesis, *, clock: Callable[[], float] = time.time, port: int = 0
    ) -> None:
        self._server = _Server(kinesis, clock, port)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), name="fake-kinesis", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    """The listening socket, and what its connections share."""

    block_on_close = True  # closing waits for the threads, which hanging up has ended
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, kinesis: Kinesis, clock: Callable[[], float], port: int) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.closing = threading.Event()
        self.numbers = itertools.count(1)
        self._kinesis = kinesis
        self._clock = clock
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()

    def call(self, operation: str, body: bytes) -> Reply | Lost:
        with self._lock:
            return self._kinesis.call(operation, body, self._clock())

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        request.close()  # no shutdown before it: that would end a connection that is to be reset

    def hang_up(self) -> None:
        """End all connections, and with them the threads that wait on them."""
        self.closing.set()
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:  # the client was faster
                    continue


class _Connection(socketserver.StreamRequestHandler):
    """One connection, in a thread of its own."""

    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        try:
            while (request := self._read()) is not None and self._answer(*request):
                pass
        except OSError:  # the client went away, as it may at any time
            return

    def _read(self) -> tuple[str, bytes] | None:
        """The next operation and body; None when the client is done."""
        if not self.rfile.readline():
            return None
        headers: dict[bytes, bytes] = {}
        while line := self.rfile.readline().strip():
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get(b"content-length", b"0")))
        return headers.get(b"x-amz-target", b"").decode().rpartition(".")[2], body

    def _answer(self, operation: str, body: bytes) -> bool:
        """Answer a call; False if that was the connection's last."""
        reply = self.server.call(operation, body)
        if isinstance(reply, Lost):
            self._lose(reply)
            return False
        if reply.delay_s and self.server.closing.wait(reply.delay_s):
            return False
        self.wfile.write(_response(reply, next(self.server.numbers)))
        return True

    def _lose(self, lost: Lost) -> None:
        if lost.kind == "timeout":
            self.rfile.read(1)  # comes back empty when either side hangs up
            return
        if lost.kind == "cut":
            self.wfile.write(_CUT_ANSWER)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)


def _response(reply: Reply, number: int) -> bytes:
    head = (
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}\r\n"
        f"x-amzn-RequestId: fake-{number:08d}\r\n"
        "Content-Type: application/x-amz-json-1.1\r\n"
        f"Content-Length: {len(reply.body)}\r\n\r\n"
    )
    return head.encode() + reply.body
