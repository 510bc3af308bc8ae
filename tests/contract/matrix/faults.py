"""The faults of the matrix: which one befalls each PutRecords call of a cell."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, islice, repeat

from connectors.kinesis.testing.fake import FakeKinesis
from connectors.kinesis.testing.faults import (
    ALL,
    CUTS,
    Answer,
    Edit,
    Fault,
    Refusal,
    altered,
    internal_failure,
    split_in_flight,
    throttle,
    throttle_all,
)
from tests.contract.matrix.cells import Cell

STREAM = "leads"
LARGE = 100  # bytes of data of the record that is refused wherever it is, in "one record"
RECORD_BYTES = 50  # what the stream is then set to, of which the sink does not know

UNREACHABLE = {"connection refused", "connect timeout"}
"""Faults that no call lives to see: the port itself is at fault."""


def faults(cell: Cell) -> Iterator[Fault]:
    """What befalls the calls of a cell, one after the other."""
    first, later = _KINDS[cell.fault](cell)
    return islice(chain([first], repeat(later)), cell.count)


def _record(fault: Callable[[int], Fault]) -> Callable[[Cell], tuple[Fault, Fault]]:
    """A fault of the record at a place, and then of the same one, which is alone."""
    return lambda cell: (fault(cell.place), fault(0))


def _same(fault: Callable[[Cell], Fault]) -> Callable[[Cell], tuple[Fault, Fault]]:
    """The same fault each time."""
    return lambda cell: (fault(cell), fault(cell))


def _on_answer(change: Callable[[list[dict[str, str]]], object]) -> Edit:
    def edit(body: bytes) -> bytes:
        answer = json.loads(body)
        change(answer["Records"])
        return json.dumps(answer).encode()

    return edit


def _fails_internally(place: int) -> Edit:
    failure = {"ErrorCode": "InternalFailure", "ErrorMessage": "Internal Service Failure"}
    return _on_answer(lambda entries: entries.__setitem__(place, failure))


def _mixed(cell: Cell) -> tuple[Fault, Fault]:
    one, other = cell.place, (cell.place + 1) % 3
    first = Answer("mixed", (one, other), edit=_fails_internally(other))
    return first, Answer("mixed", ALL, edit=_fails_internally(-1))


def _refused(cell: Cell) -> Fault:
    return Refusal(cell.code)


def _invalid(cell: Cell) -> Fault:
    if not cell.how:
        return Refusal(cell.code)

    def limit(fake: FakeKinesis, now: float) -> None:
        del now
        fake.streams[STREAM].record_bytes_max = RECORD_BYTES

    return Answer("one_record_refused", first=limit)


def _mismatch(cell: Cell) -> Fault:
    if cell.how == "entry too many":
        return altered("entry_too_many", cell.place)
    edit = _on_answer(lambda entries: entries.pop(cell.place))
    return Answer("entry_missing", (cell.place,), edit=edit)


def _split(cell: Cell) -> tuple[Fault, Fault]:
    split = split_in_flight(STREAM)
    if not cell.how:
        return split, split
    first, later = (replace(split, name="and_throttled", failing=(at,)) for at in (cell.place, 0))
    return first, later


_KINDS: dict[str, Callable[[Cell], tuple[Fault, Fault]]] = {
    "throttled record": _record(throttle),
    "internal failure of a record": _record(internal_failure),
    "throttle and internal failure in one answer": _mixed,
    "all records throttled": _same(lambda _: throttle_all()),
    "throttled request": _same(_refused),
    "KMS throttle": _same(_refused),
    "KMS access denied": _same(_refused),
    "resource not found": _same(_refused),
    "access denied": _same(_refused),
    "expired token": _same(_refused),
    "validation error": _same(_invalid),
    "read timeout after the service accepted": _same(lambda _: CUTS["timeout_after"]),
    "reset in the middle of the answer": _same(lambda cell: CUTS[cell.how or "cut_after"]),
    "HTTP 500": _same(lambda cell: Refusal(cell.code, 500)),
    "HTTP 503": _same(lambda cell: Refusal(cell.code, 503)),
    "result count mismatch": _same(_mismatch),
    "malformed body": _same(lambda cell: altered(cell.how)),
    "shard split in flight": _split,
    "clock skew": _same(_refused),
}
