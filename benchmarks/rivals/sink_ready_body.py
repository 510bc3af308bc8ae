"""No rival but the measure of the far end: one request, made ahead, through a bare socket.

Nothing is built, signed or read beyond the first line of the answer, so its figure is the most that
the far end and the loopback interface let through.
"""

from __future__ import annotations

import base64
import json
import re
import socket
from urllib.parse import urlsplit

from benchmarks.records import Pair
from benchmarks.writer import FarEnd

BATCH_RECORDS = 500
_LENGTH = re.compile(rb"Content-Length: (\d+)")
_FAILED = re.compile(rb'"FailedRecordCount":(\d+)')


class ReadyWriter:
    """Sends the first batch it is given again and again."""

    def __init__(self, far: FarEnd) -> None:
        """Connect, in the clear."""
        address = urlsplit(far.url)
        self._socket = socket.create_connection((address.hostname or "", address.port or 80))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = far.stream
        self._request = b""
        self._answer = bytearray(1 << 17)
        self._acknowledged = 0

    def write(self, batch: list[Pair]) -> None:
        """Send the ready request and read its answer."""
        self._request = self._request or self._prepare(batch)
        self._socket.sendall(self._request)
        have = self._socket.recv_into(self._answer)
        length = _LENGTH.search(self._answer, 0, have)
        failed = _FAILED.search(self._answer, 0, have)
        if length is None or failed is None:
            raise ValueError(f"an answer began with {bytes(self._answer[:200])!r}")
        end = self._answer.index(b"\r\n\r\n") + 4 + int(length[1])
        while have < end:
            have += self._socket.recv_into(memoryview(self._answer)[have:])
        self._acknowledged += len(batch) - int(failed[1])

    def flush(self) -> None:
        """Nothing waits."""

    def acknowledged(self) -> int:
        """Count what the answers' own counts leave."""
        return self._acknowledged

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _prepare(self, batch: list[Pair]) -> bytes:
        entries = [
            {"Data": base64.b64encode(body).decode(), "PartitionKey": key} for key, body in batch
        ]
        body = json.dumps(
            {"StreamName": self._stream, "Records": entries}, separators=(",", ":")
        ).encode()
        head = (
            "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: Kinesis_20131202.PutRecords\r\n"
            f"Content-Type: application/x-amz-json-1.1\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def get_writer(far: FarEnd) -> ReadyWriter:
    """Connect to the far end."""
    return ReadyWriter(far)
