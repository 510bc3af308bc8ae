"""The far end of the sink benchmark: a server that answers PutRecords from a cupboard.

    python -m benchmarks.endpoint [--latency-ms 20] [--fail-percent 1] [--tls CERT KEY] [--cpu N]

It prints {"port": N} and serves on 127.0.0.1 until its standard input ends; then it prints its
`Counts`. It does what costs the least and is still exact: one thread, one buffer a connection, no
JSON. Entries of a request are counted by their opening braces, of which a PutRecords body has one
an entry and one around them all; base64 has none, and the benchmark's keys are hexadecimal.

Left out: everything a stream does. Nothing is kept, checked or limited, no signature is looked at.
"""

from __future__ import annotations

import argparse
import contextlib
import heapq
import json
import re
import selectors
import socket
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from benchmarks.cupboard import Cupboard
from benchmarks.harness import pin

_BUFFER_BYTES = 1 << 20  # a request of 500 records of 1,000 B has 0.7 MB of base64
_SEND_BUFFER_BYTES = 1 << 18  # an answer for 500 records has 58 kB: it always fits, see _answer
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)")
_TARGET = re.compile(rb"\r\nx-amz-target: *kinesis_20131202\.(\w+)")


@dataclass
class Counts:
    """What arrived and what was said to it.

    `accepted` are the records answered with a sequence number, `busy_s` is this process's CPU time
    and `wall_s` the time from the first request to the last answer, both in seconds.
    """

    connections: int = 0
    requests: int = 0
    records: int = 0
    accepted: int = 0
    body_bytes: int = 0
    busy_s: float = 0.0
    wall_s: float = 0.0


@dataclass
class Connection:
    """A client's socket and the one request that is being read from it."""

    sock: socket.socket
    buffer: bytearray = field(default_factory=lambda: bytearray(_BUFFER_BYTES))
    have: int = 0  # bytes read
    body_at: int = 0  # where the body begins; 0: the head is not complete
    need: int = 0  # where the body ends
    operation: str = ""

    def take_head(self) -> bool:
        """Read the head once it is complete; say whether it is."""
        end = self.buffer.find(b"\r\n\r\n", 0, self.have)
        if end < 0:
            return False
        head = bytes(self.buffer[:end]).lower()
        length, target = _LENGTH.search(head), _TARGET.search(head)
        if length is None or target is None:
            raise ValueError(f"not a request to Kinesis: {head[:200]!r}")
        self.body_at = end + 4
        self.need = self.body_at + int(length[1])
        self.operation = target[1].decode()
        if self.need > len(self.buffer):
            self.buffer.extend(bytes(self.need - len(self.buffer)))
        return True


class Answers(Protocol):
    """What a server answers with; see `cupboard.Cupboard`."""

    def answer(self, operation: str, records: int) -> tuple[bytes, int]:
        """Give the answer to a request and how many records it accepts, or gives out."""


class Server:
    """Serves until it is stopped; `counts` says what happened."""

    def __init__(
        self, cupboard: Answers, latency_s: float, tls: ssl.SSLContext | None = None
    ) -> None:
        """Listen on a free port of this machine alone."""
        self.counts = Counts()
        self._cupboard = cupboard
        self._latency_s = latency_s
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._due: list[tuple[float, int, Connection, bytes]] = []  # a heap
        self._stopped = False
        self._first_at = self._busy_before_s = 0.0

    def serve(self, stop_file: int) -> None:
        """Answer until the file with this descriptor has something to read, or ends."""
        self._selector.register(stop_file, selectors.EVENT_READ, self._stop)
        while not self._stopped:
            wait_s = max(self._due[0][0] - time.monotonic(), 0.0) if self._due else None
            for key, _events in self._selector.select(wait_s):
                handle: Callable[[], None] = key.data
                handle()
            while self._due and self._due[0][0] <= time.monotonic():
                _at, _number, connection, answer = heapq.heappop(self._due)
                self._answer(connection, answer)

    def close(self) -> None:
        """Let go of the port and of all connections."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()

    def _stop(self) -> None:
        self._stopped = True

    def _accept(self) -> None:
        sock, _address = self._listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        sock.setblocking(False)
        connection = Connection(sock)
        self.counts.connections += 1
        self._selector.register(sock, selectors.EVENT_READ, lambda: self._read(connection))

    def _read(self, connection: Connection) -> None:
        """Take what has arrived; TLS may hold more than the system knows of, so ask it too."""
        while True:
            try:
                got = connection.sock.recv_into(memoryview(connection.buffer)[connection.have :])
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except (ConnectionError, ssl.SSLError):
                got = 0
            if not got:
                self._selector.unregister(connection.sock)
                connection.sock.close()
                return
            connection.have += got
            if connection.body_at or connection.take_head():
                if connection.have > connection.need:
                    raise ValueError("a second request came before the first was answered")
                if connection.have == connection.need:
                    self._take(connection)
            if self._tls is None:
                return

    def _take(self, connection: Connection) -> None:
        """Count a whole request, and answer it now or later."""
        if not self.counts.requests:
            self._first_at, self._busy_before_s = time.monotonic(), time.process_time()
        records = 0
        if connection.operation == "putrecords":
            records = connection.buffer.count(b"{", connection.body_at, connection.need) - 1
        elif connection.operation == "putrecord":
            records = 1
        answer, accepted = self._cupboard.answer(connection.operation, records)
        self.counts.requests += 1
        self.counts.records += records
        self.counts.accepted += accepted
        self.counts.body_bytes += connection.need - connection.body_at
        connection.have = connection.body_at = connection.need = 0
        if self._latency_s:
            due = time.monotonic() + self._latency_s
            heapq.heappush(self._due, (due, self.counts.requests, connection, answer))
        else:
            self._answer(connection, answer)

    def _answer(self, connection: Connection, answer: bytes) -> None:
        """Send an answer in one go: the send buffer is larger, and empty before it.

        Raises:
            ValueError: it did not fit after all.
        """
        if connection.sock.fileno() < 0:  # the client left while the answer waited
            return
        with contextlib.suppress(ConnectionError):  # it leaves now; the next read says so
            if connection.sock.send(answer) != len(answer):
                raise ValueError(f"an answer of {len(answer)} bytes did not fit the send buffer")
        self.note_answer()

    def note_answer(self) -> None:
        """Take the time of an answer that was sent."""
        self.counts.busy_s = time.process_time() - self._busy_before_s
        self.counts.wall_s = time.monotonic() - self._first_at


def run(server: Server) -> None:
    """Print the port, serve until standard input ends, print the counts."""
    print(json.dumps({"port": server.port}), flush=True)
    server.serve(sys.stdin.fileno())
    server.close()
    print(json.dumps(asdict(server.counts)))


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endpoint")
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--fail-percent", type=int, default=0)
    parser.add_argument("--tls", nargs=2, type=Path, metavar=("CERT", "KEY"))
    parser.add_argument("--cpu", type=int, help="core to stay on")
    asked = parser.parse_args()
    pin(asked.cpu)
    tls = None
    if asked.tls is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*asked.tls)
    run(Server(Cupboard(asked.fail_percent), asked.latency_ms / 1000, tls))


if __name__ == "__main__":
    main()
