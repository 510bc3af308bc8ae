"""The fault matrix: what the real sink does under 21 faults, cell by cell, as the table says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.contract.matrix.cells import Cell, as_stated, cells, within
from tests.contract.matrix.faults import UNREACHABLE
from tests.contract.matrix.trial import Seen, Trial

CELLS = cells()

FAULTS = {
    *("throttled record", "internal failure of a record", "all records throttled"),
    *("throttle and internal failure in one answer", "throttled request", "KMS throttle"),
    *("KMS access denied", "resource not found", "access denied", "expired token"),
    *("validation error", "connection refused", "connect timeout"),
    *("read timeout after the service accepted", "reset in the middle of the answer"),
    *("HTTP 500", "HTTP 503", "result count mismatch", "malformed body"),
    *("shard split in flight", "clock skew"),
}
TIMES = ("once", "three times", "for ever")


def check_the_records(cell: Cell, seen: Seen) -> None:
    """What the stream and the dead letters hold."""
    assert cell.stored == as_stated(seen.stored, cell.stored), cell.rule
    assert cell.letters == seen.letters


def check_the_end(cell: Cell, seen: Seen) -> None:
    """Whether the flush returned, and if not, by which error, and when."""
    error = seen.error
    assert ("returns" == cell.ends) == (error is None), f"{error!r} {cell.rule}"
    if error is None:
        return
    assert cell.error == type(error).__name__
    assert error.code in cell.code.split(" or ")
    assert cell.person == error.needs_person
    assert cell.says in str(error)
    gives_up = "gives up" == cell.ends  # else it ended long before its give_up_s of minutes
    assert gives_up == str(error).startswith("gave up after")
    assert not gives_up or seen.took_s >= cell.give_up_s


def check_the_counts(cell: Cell, seen: Seen) -> None:
    """The sink's own counts, and what the service saw."""
    stats, offered = seen.stats, sum(map(len, cell.written))
    assert offered == stats.offered
    assert within(cell.requests, stats.requests), stats
    assert 0 == stats.superseded
    assert seen.reached >= 1
    if cell.ends != "returns":  # a request may have been decided on, but not begun
        assert cell.acknowledged == stats.acknowledged
        return
    put_aside = sum(line.startswith("dead_letter") for line in cell.letters)
    assert put_aside == stats.dead_lettered
    assert offered - put_aside == stats.acknowledged
    assert within(cell.retried, stats.retried), stats
    assert within(cell.throttled, stats.throttled), stats
    unseen = seen.reached if cell.fault in UNREACHABLE else 0
    assert stats.requests == seen.arrived + unseen
    assert seen.reached == (cell.count or seen.reached)


def check(cell: Cell, folder: Path) -> None:
    """Try a cell, and compare all that it states."""
    seen = Trial(cell, folder).run()
    check_the_records(cell, seen)
    check_the_end(cell, seen)
    check_the_counts(cell, seen)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_each_cell_ends_as_stated(cell: Cell, tmp_path: Path) -> None:
    """Nothing is lost or overtaken, and nothing is repeated, retried or raised without need."""
    check(cell, tmp_path)


def test_the_table_is_whole() -> None:
    """21 faults, each once, three times and for ever, in cells of which no two are the same."""
    assert {(fault, times) for fault in FAULTS for times in TIMES} == {
        (cell.fault, cell.times) for cell in CELLS
    }
    assert 21 == len(FAULTS)
    assert len(CELLS) == len({str(cell) for cell in CELLS}) >= 90


def cell_named(name: str) -> Cell:
    """One cell of the table."""
    return next(cell for cell in CELLS if str(cell) == name)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("malformed_body-first_request-once", {"stored": "a1 a2 a3 b1 b2 b3"}),
        ("throttled_record-first_record-once", {"stored": "a1*2 a2 b1 c1"}),
        ("throttled_record-first_record-once", {"requests": 2}),
        ("throttled_record-first_record-once", {"retried": 0}),
        ("throttled_record-first_record-once", {"throttled": 0}),
        ("throttled_record-first_record-once", {"times": "three times"}),
        ("throttled_record-first_record-once", {"ends": "gives up"}),
        ("throttled_record-first_record-for_ever", {"acknowledged": 3}),
        ("throttled_record-first_record-for_ever", {"error": "KinesisPermissionDenied"}),
        ("throttled_record-first_record-for_ever", {"code": "InternalFailure"}),
        ("access_denied-first_request-once", {"ends": "gives up"}),
        ("access_denied-first_request-once", {"person": False}),
        ("access_denied-first_request-once", {"says": "kms:GenerateDataKey"}),
        ("validation_error-one_record-first_record-for_ever", {"letters": ()}),
    ],
    ids=str,
)
def test_a_cell_that_states_something_else_fails(
    name: str, wrong: dict[str, Any], tmp_path: Path
) -> None:
    """What a cell states is compared: with one thing changed, it does not pass."""
    with pytest.raises(AssertionError):
        check(replace(cell_named(name), **wrong), tmp_path)
