"""Trying a cell of the matrix: the real sink, over real sockets, at a stream behind the fault."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from bytewax.outputs import StatefulSinkPartition
from msgspec import Struct

from connectors.kinesis import KinesisRecord, KinesisSink
from connectors.kinesis.core.stats import DeliveryStats
from connectors.kinesis.dead_letters import DeadLetters
from connectors.kinesis.errors import KinesisError
from connectors.kinesis.testing.fake import FakeKinesis
from connectors.kinesis.testing.faults import Fault
from connectors.kinesis.testing.faulty import FaultyKinesis
from tests.contract.matrix.cells import Cell
from tests.contract.matrix.faults import LARGE, STREAM, UNREACHABLE, faults
from tests.contract.matrix.port import Port

SESSION: Any = boto3.Session("any", "any")  # shared, as reading the service's model is slow

JITTER = 0.02  # of the ceiling of each pause, in place of a random part
LINGER_MS = 60_000.0  # nothing is sent before the flush
PATIENT_S = 600.0  # give_up_s where a flush must not need it
HANGS_S = 30.0  # after give_up_s; a busy machine may take its time

Partition = StatefulSinkPartition[list[KinesisRecord], None]


class Seen(Struct, frozen=True):
    """What came of a cell.

    Attributes:
        stored: Names of the records in the stream.
        arrived: How many PutRecords calls the service saw.
        reached: How many calls the fault befell.
        letters: Lines of the dead letters: their kind, the record or key, and the code.
        stats: The sink's own counts.
        took_s: How long the flush took that met the fault.
        error: How it ended; None if it returned.
    """

    stored: list[str]
    arrived: int
    reached: int
    letters: tuple[str, ...]
    stats: DeliveryStats
    took_s: float
    error: KinesisError | None


class Trial:
    """One cell, to be tried once.

    Args:
        cell: The cell.
        folder: Where dead letters go.
    """

    def __init__(self, cell: Cell, folder: Path) -> None:
        self._cell = cell
        self._folder = folder
        self._fake = FakeKinesis()
        self._fake.create(STREAM).limits_rate = False  # what is throttled is in the table
        self._faults: Iterator[Fault] = iter(())
        self._faulty = FaultyKinesis(self._fake, lambda _: next(self._faults, None))
        self._port = Port(self._faulty)
        self._pauses = 0

    def run(self) -> Seen:
        """Flush what comes before the fault, then what meets it."""
        before, hit = self._cell.written
        with self._port:
            self._port.serve()
            sink = self._sink()
            with self._opened(sink) as part:
                self._flush(part, before)
                self._bring_about()
                started = time.monotonic()
                error = None
                try:
                    self._flush(part, hit)
                except KinesisError as raised:
                    error = raised
                took_s = time.monotonic() - started
        arrived, made = len(self._fake.requests), sink.stats.requests
        unseen = self._cell.fault in UNREACHABLE
        return Seen(
            stored=[_name(kept.data) for kept in self._fake.stored(STREAM)],
            arrived=arrived,
            reached=made - arrived if unseen else self._faulty.reached.total(),
            letters=tuple(self._letters()),
            stats=sink.stats,
            took_s=took_s,
            error=error,
        )

    def _sink(self) -> KinesisSink:
        cell = self._cell
        gives_up, keeps_letters = cell.ends == "gives up", "no place" not in cell.how
        return KinesisSink(
            STREAM,
            region="us-east-1",
            endpoint_url=self._port.url,
            session=SESSION,
            partitions=1,
            max_in_flight=1,
            linger_ms=LINGER_MS,
            give_up_s=cell.give_up_s if gives_up else PATIENT_S,
            request_timeout_s=cell.request_timeout_s,
            dead_letters=DeadLetters(self._folder, 1 << 20) if keeps_letters else None,
            _random=self._pause,
        )

    @contextmanager
    def _opened(self, sink: KinesisSink) -> Iterator[Partition]:
        """A partition of the sink; one that hangs is closed, and ends in an error of no cell."""
        part = sink.build_part("matrix", sink.list_parts()[0], None)
        watchdog = threading.Timer(self._cell.give_up_s + HANGS_S, part.close)
        watchdog.start()
        try:
            yield part
        finally:
            watchdog.cancel()
            watchdog.join()
            part.close()

    def _flush(self, part: Partition, names: Sequence[str]) -> None:
        part.write_batch([[KinesisRecord(self._data(name), name[0]) for name in names]])
        part.snapshot()

    def _data(self, name: str) -> bytes:
        is_hit = name == f"{'abc'[self._cell.place]}1"
        return name.encode().ljust(LARGE if is_hit and "one record" in self._cell.how else 2, b".")

    def _bring_about(self) -> None:
        if self._cell.fault == "connection refused":
            self._port.refuse()
        elif self._cell.fault == "connect timeout":
            self._port.ignore()
        else:
            self._faults = faults(self._cell)

    def _pause(self) -> float:
        """Be asked for a random number: once, before each pause, after each failed request."""
        self._pauses += 1
        if self._cell.fault in UNREACHABLE and self._pauses == self._cell.count:
            self._port.serve()
        return JITTER

    def _letters(self) -> Iterator[str]:
        file = self._folder / "dead-letters.jsonl"
        if file.exists():
            for line in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
                what = _name(line["bytes"].encode()) if "bytes" in line else line["partition_key"]
                yield f"{line['kind']} {what} {line.get('code', '')}".rstrip()


def _name(data: bytes) -> str:
    return data[:2].decode()
