"""What must hold of any delivery, judged from what was offered, sent and answered.

Imports nothing of what it judges: a record is anything with `data`, `partition_key` and
`replaceable`, and the service's numbers stand here again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import Enum
from itertools import groupby
from typing import Any, Protocol

RECORDS_PER_REQUEST = 500  # API_PutRecords, 2026-11, as the next three
REQUEST_BYTES = 10 * 1024 * 1024
RECORD_BYTES = 1024 * 1024
KEY_CHARS = 256
REFUSING_CODES = {"InvalidArgumentException", "SerializationException", "ValidationException"}


class Record(Protocol):
    """What is offered."""

    @property
    def data(self) -> bytes:
        """The bytes to carry."""

    @property
    def partition_key(self) -> str:
        """Whose they are."""

    @property
    def replaceable(self) -> bool:
        """Whether a newer one may take its place."""


class Counts(Protocol):
    """What the delivery says of itself."""

    offered: int
    acknowledged: int
    dead_lettered: int
    superseded: int


class Wrong(AssertionError):
    """The delivery broke a promise."""


def require(*, holds: bool, promise: str) -> None:
    """Raise if a promise does not hold."""
    if not holds:
        raise Wrong(promise)


class Fate(Enum):
    """Where a record is."""

    WAITING = 0
    UNANSWERED = 1
    FAILED = 2
    ACKNOWLEDGED = 3
    ASIDE = 4
    SUPERSEDED = 5


SETTLED = {Fate.ACKNOWLEDGED, Fate.ASIDE, Fate.SUPERSEDED}


def size(record: Record) -> int:
    """Size as AWS counts it."""
    return len(record.data) + len(record.partition_key.encode())


def is_bad(record: Record) -> bool:
    """Whether Kinesis can never take it."""
    key = record.partition_key
    return not 1 <= len(key) <= KEY_CHARS or size(record) > RECORD_BYTES


class Judge:
    """Follows one delivery."""

    def __init__(self, max_in_flight: int) -> None:
        """Start before the first record."""
        self._max_in_flight = max_in_flight
        self._requests = 0
        self._lines: dict[str, list[Record]] = defaultdict(list)  # all of a key, in order
        self._open: dict[str, int] = defaultdict(int)  # place of its first unsettled record
        self._fates: dict[int, Fate] = {}
        self._was_refused: set[int] = set()

    def offered(self, records: Sequence[Record]) -> None:
        """Take note of records handed over."""
        for record in records:
            self._lines[record.partition_key].append(record)
            self._fates[id(record)] = Fate.WAITING

    def sent(self, records: Sequence[Record]) -> None:
        """Judge a request."""
        self._requests += 1
        require(holds=self._requests <= self._max_in_flight, promise="requests in flight bounded")
        require(holds=1 <= len(records) <= RECORDS_PER_REQUEST, promise="1 to 500 records")
        require(holds=sum(map(size, records)) <= REQUEST_BYTES, promise="a request within its size")
        require(holds=not any(map(is_bad, records)), promise="no unacceptable record is sent")
        keys = {record.partition_key for record in records}
        require(holds=len(keys) == len(records), promise="no key twice in a request")
        for record in records:
            self._come_to(record)
            fate = self._fates[id(record)]
            require(holds=fate in {Fate.WAITING, Fate.FAILED}, promise="one unanswered a key")
            self._fates[id(record)] = Fate.UNANSWERED

    def _come_to(self, record: Record) -> None:
        """Check that all earlier records of the key are settled."""
        line = self._lines[record.partition_key]
        place = self._open[record.partition_key]
        while place == len(line) or line[place] is not record:
            require(holds=place < len(line), promise="only what was offered, and once it is open")
            earlier = line[place]
            if self._fates[id(earlier)] not in SETTLED:
                may_go = earlier.replaceable and self._fates[id(earlier)] is Fate.WAITING
                require(holds=may_go, promise="later only after earlier is settled")
                require(holds=place > 0, promise="the first of a key is never superseded")
                self._fates[id(earlier)] = Fate.SUPERSEDED
            place += 1
        self._open[record.partition_key] = place

    def answered(self, records: Sequence[Record], entries: Sequence[Mapping[str, Any]]) -> None:
        """Take note of an answer with an entry for each record."""
        self._requests -= 1
        for record, entry in zip(records, entries, strict=True):
            is_written = entry.get("SequenceNumber") and not entry.get("ErrorCode")
            self._fates[id(record)] = Fate.ACKNOWLEDGED if is_written else Fate.FAILED
            if entry.get("ErrorCode") in REFUSING_CODES:
                self._was_refused.add(id(record))

    def failed(self, records: Sequence[Record], code: str = "") -> None:
        """Take note of a request without an answer to each record."""
        self._requests -= 1
        for record in records:
            self._fates[id(record)] = Fate.FAILED
            if code in REFUSING_CODES:
                self._was_refused.add(id(record))

    def put_aside(self, record: Record) -> None:
        """Judge that a record was given up."""
        self._come_to(record)
        unsent = self._fates[id(record)] is Fate.WAITING
        fair = (unsent and is_bad(record)) or id(record) in self._was_refused
        require(holds=fair, promise="only what can never be accepted is put aside")
        self._fates[id(record)] = Fate.ASIDE

    def ended(self, counts: Counts, stored: Sequence[tuple[str, bytes]], *, gave_up: bool) -> None:
        """Judge the whole: nothing lost, nothing twice counted, in order per key."""
        fates = list(self._fates.values())
        require(holds=counts.offered == len(fates), promise="all offered are counted")
        acknowledged = fates.count(Fate.ACKNOWLEDGED)
        require(holds=counts.acknowledged == acknowledged, promise="acknowledged as answered")
        require(holds=counts.dead_lettered == fates.count(Fate.ASIDE), promise="aside are counted")
        if not gave_up:
            require(holds=all(fate in SETTLED for fate in fates), promise="each record has a fate")
            superseded = fates.count(Fate.SUPERSEDED)
            require(holds=counts.superseded == superseded, promise="superseded are counted")
        taken: dict[str, list[bytes]] = defaultdict(list)
        for key, data in stored:
            taken[key].append(data)
        for key, line in self._lines.items():
            self._judge_line(line, taken.pop(key, []))
        require(holds=not taken, promise="nothing is stored that was not offered")

    def _judge_line(self, line: Sequence[Record], taken: Sequence[bytes]) -> None:
        order = [data for data, _ in groupby(taken)]
        sent = [record.data for record in line if record.data in set(order)]
        require(holds=order == sent, promise="in order, copies of a record side by side")
        for record in line:
            if self._fates[id(record)] is Fate.ACKNOWLEDGED:
                require(holds=record.data in order, promise="acknowledged means stored")
