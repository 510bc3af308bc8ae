"""The stream that outlives the processes: it strikes at chosen requests, and goes away for a while.

Promise: a strike comes when a request has been carried out and nobody was told yet. `settle` waits
until nothing of a dead process is left on its way, so that what it sent is told from what the next
one sends. Sockets are real; each answer takes `ANSWER_S`.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from typing import Any

from typing_extensions import Self

from connectors.kinesis.testing.fake import FakeKinesis, Reply, Stored
from connectors.kinesis.testing.faults import Fault, Lost, slow
from connectors.kinesis.testing.server import FakeServer
from tests.kill9.workload import STREAM

ANSWER_S = 0.005
SILENCE = Lost("timeout", applied=True)


class FarEnd:
    """The stream, within a `with` block.

    Attributes:
        url: its endpoint, the same also after it was gone.
        fault: what befalls each PutRecords call; None: all is well.
        requests: how many PutRecords calls have come.
    """

    def __init__(self) -> None:
        """Start empty, with two shards and without limits on their rates."""
        self._fake = FakeKinesis()
        self._stream = self._fake.create(STREAM, shards=2)
        self._stream.limits_rate = False
        self._server: Any = FakeServer(self)  # its threads are looked at, which no type shows
        self.url: str = self._server.url
        self.fault: Fault | None = None
        self.requests = 0
        self._at = 0
        self._strike: Callable[[], object] | None = None
        self._is_silent = False
        self._reached = threading.Condition()

    def __enter__(self) -> Self:
        """Listen."""
        self._server.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """End."""
        self._server.__exit__(*error)

    def call(self, operation: str, body: bytes, now: float) -> Reply | Lost:
        """Carry out an API call; the server makes one at a time."""
        if operation != "PutRecords":
            return self._fake.call(operation, body, now)
        answer = (self.fault or slow(ANSWER_S)).befall(self._fake, body, now)
        with self._reached:
            self.requests += 1
            self._reached.notify_all()
        if self._strike is not None and self.requests >= self._at:
            strike, self._strike = self._strike, None
            strike()
            return SILENCE if self._is_silent else answer
        return answer

    def strike_after(self, requests: int, strike: Callable[[], object], *, silent: bool) -> None:
        """When so many more requests were carried out, call `strike`, and answer it or never do."""
        self._at, self._is_silent, self._strike = self.requests + requests, silent, strike

    def spare(self) -> None:
        """Call off a strike that has not come."""
        self._strike = None

    def wait_for(self, requests: int, timeout_s: float) -> bool:
        """Wait until so many requests have come in all; False if they did not in time."""
        with self._reached:
            return self._reached.wait_for(lambda: self.requests >= requests, timeout_s)

    def settle(self) -> None:
        """Wait until all that dead processes sent was carried out, and their connections ended."""
        host = self.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host)
        # Connections are taken in the order they came, so when this one is answered none waits.
        connection.request("POST", "/", body=b"{}")
        connection.getresponse().read()
        connection.close()
        self._server._server._threads.join()

    def go_away(self) -> None:
        """Refuse connections, and cut those that there are."""
        self._server.__exit__(None, None, None)

    def come_back(self) -> None:
        """Listen again, where it was."""
        self._server = FakeServer(self, port=int(self.url.rpartition(":")[2]))
        self._server.__enter__()

    @property
    def stored(self) -> list[Stored]:
        """The records that it took, in order."""
        return list(self._stream.stored)

    def messages(self) -> dict[str, list[bytes]]:
        """Read the stream back, shard by shard: data by partition key, in order."""
        found: dict[str, list[bytes]] = {}
        for shard in self._stream.shards:
            for record in shard.stored:
                found.setdefault(record.partition_key, []).append(record.data)
        return found
