"""The far end of the freshness benchmark: it notes how old each record is when it is acknowledged.

    python -m benchmarks.freshness_endpoint AGES [--latency-ms 20] [--cpu N]

The age is the time from `_export.at`, the time of the fragment that a message comes from, to the
moment the answer is sent, on this machine's wall clock. When it ends it writes
{"at_ms": [...], "age_ms": [...]} to the file AGES, in the order of the answers.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from benchmarks.cupboard import Cupboard
from benchmarks.endpoint import Connection, Server, run
from benchmarks.harness import pin

_AT = re.compile(rb'"_export":\{[^}]*"at":"([^"]+)Z"')
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - both are UTC
_OLD_MS = 3_600_000
"""Fragments that came before the measurement carry times of another day."""


class Entry(msgspec.Struct):
    """One record of a request."""

    Data: bytes


class Body(msgspec.Struct):
    """A request."""

    Records: list[Entry]


class AgeServer(Server):
    """Notes ages; `at_ms` and `age_ms` hold them."""

    def __init__(self, cupboard: Cupboard, latency_s: float) -> None:
        """Listen."""
        super().__init__(cupboard, latency_s)
        self.at_ms: list[int] = []
        self.age_ms: list[float] = []
        self._waiting: dict[int, list[int]] = {}
        self._decode = msgspec.json.Decoder(Body).decode

    def _take(self, connection: Connection) -> None:
        if connection.operation == "putrecords":
            body = self._decode(connection.buffer[connection.body_at : connection.need])
            self._waiting[id(connection)] = [at_ms(entry.Data) for entry in body.Records]
        super()._take(connection)

    def _answer(self, connection: Connection, answer: bytes) -> None:
        super()._answer(connection, answer)
        now_ms = time.time() * 1000
        for at in self._waiting.pop(id(connection), ()):
            if now_ms - at < _OLD_MS:
                self.at_ms.append(at)
                self.age_ms.append(round(now_ms - at, 1))


def at_ms(message: bytes) -> int:
    """Read when the fragment came that a message comes from, in ms since 1970.

    Raises:
        ValueError: the message does not say.
    """
    found = _AT.search(message)
    if found is None:
        raise ValueError("a message without _export.at")
    second, _, fraction = found[1].decode().partition(".")
    since = datetime.fromisoformat(second) - _EPOCH
    return since // timedelta(milliseconds=1) + int(fraction.ljust(3, "0"))


def main() -> None:
    """Read the arguments, serve, keep the ages."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.freshness_endpoint")
    parser.add_argument("ages", type=Path)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--fail-percent", type=int, default=0)
    parser.add_argument("--cpu", type=int, help="core to stay on")
    asked = parser.parse_args()
    pin(asked.cpu)
    server = AgeServer(Cupboard(asked.fail_percent), asked.latency_ms / 1000)
    run(server)
    asked.ages.write_text(json.dumps({"at_ms": server.at_ms, "age_ms": server.age_ms}))


if __name__ == "__main__":
    main()
