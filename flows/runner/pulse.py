"""Pulse: the processes of a cluster tell each other twice a second that they live and move.

Bytewax 0.21.1 has no such thing: when a process is stopped or out of reach the others wait for it
at the end of the epoch, for ever, and none can tell a peer that hangs from one that is throttled.
A beat is one UDP datagram to each peer, on the port number that Bytewax has for TCP. It carries a
count that moves with the work, whether the process drains, and whether it waits for Kinesis. A
process that drains takes the others along: Bytewax ends when all inputs have.

Promise: nothing here fails a job. Datagrams that get lost, are not ours, or cannot be sent count as
silence, and what silence means is the watchdog's to say.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from hashlib import sha256
from struct import Struct as Layout
from typing import TypeAlias

from msgspec import Struct

from flows.place import Place

BEATS_PER_S = 2

_Address: TypeAlias = tuple[socket.AddressFamily, tuple[str, int]]

_LAYOUT = Layout("!8sHQ??")  # cluster, process, moves, is draining, waits for Kinesis


class Beat(Struct, frozen=True):
    """What a process says of itself.

    Attributes:
        process: its number.
        moves: a count that grows whenever something moved.
        is_draining: whether it was told to stop.
        waits: whether records of its wait for Kinesis.
    """

    process: int
    moves: int
    is_draining: bool
    waits: bool


class Peers:
    """Sends beats to the other processes of a cluster and takes theirs.

    Args:
        place: this process.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._cluster = sha256("\n".join(place.addresses).encode()).digest()[:8]
        self._socket: socket.socket | None = None
        self._found: dict[int, _Address] = {}

    def exchange(self, beat: Beat) -> list[Beat]:
        """Send a beat to all, and give those that came since the last time."""
        if self._socket is None:
            self._open()
        if self._socket is None:
            return []
        data = _LAYOUT.pack(self._cluster, beat.process, beat.moves, beat.is_draining, beat.waits)
        for process in range(self._place.processes):
            if process != self._place.process and (found := self._find(process)) is not None:
                with suppress(OSError):
                    self._socket.sendto(data, found[1])
        return self._take(self._socket)

    def close(self) -> None:
        """Be heard no more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self) -> None:
        own = self._find(self._place.process)
        if own is None:
            return
        opened = socket.socket(own[0], socket.SOCK_DGRAM)
        opened.setblocking(False)
        try:
            opened.bind(own[1])
        except OSError:
            opened.close()
            return
        self._socket = opened

    def _find(self, process: int) -> _Address | None:
        """Look an address up, each time until the peer was heard: it may come back elsewhere."""
        if process in self._found:
            return self._found[process]
        host, _, port = self._place.addresses[process].rpartition(":")
        with suppress(OSError, ValueError):
            host = host.strip("[]")  # as an IPv6 address is written before a port
            family, _, _, _, found = socket.getaddrinfo(host, int(port), type=socket.SOCK_DGRAM)[0]
            return family, (str(found[0]), int(found[1]))
        return None

    def _take(self, opened: socket.socket) -> list[Beat]:
        beats: list[Beat] = []
        with suppress(OSError):  # BlockingIOError: that was all
            while True:
                data = opened.recv(_LAYOUT.size + 1)
                if len(data) == _LAYOUT.size and data.startswith(self._cluster):
                    _, process, moves, is_draining, waits = _LAYOUT.unpack(data)
                    if process < self._place.processes and process != self._place.process:
                        beats.append(Beat(process, moves, is_draining, waits))
                        if (found := self._find(process)) is not None:
                            self._found[process] = found
        return beats
