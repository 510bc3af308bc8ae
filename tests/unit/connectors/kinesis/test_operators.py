"""`kop.input`: single records, and beside them what looks like an aggregate and is none."""

from __future__ import annotations

from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.testing import TestingSink, run_main

from connectors.kinesis import operators as kop
from connectors.kinesis.core.source_record import KinesisSourceRecord


class Given(FixedPartitionedSource[list[KinesisSourceRecord], None]):
    """Stands in for the source: gives these lists and ends; keeps what it was made with."""

    lists: list[list[KinesisSourceRecord]]
    made: tuple[tuple[Any, ...], dict[str, Any]]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Keep how it was made."""
        type(self).made = (arguments, options)

    def list_parts(self) -> list[str]:
        """Only one."""
        return ["000"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _Part:
        """Open it."""
        return _Part(self.lists)


class _Part(StatefulSourcePartition[list[KinesisSourceRecord], None]):
    def __init__(self, lists: list[list[KinesisSourceRecord]]) -> None:
        self._batches = iter([lists])

    def next_batch(self) -> list[list[KinesisSourceRecord]]:
        return next(self._batches)

    def snapshot(self) -> None:
        """Nothing is kept."""


def record(data: bytes) -> KinesisSourceRecord:
    """Give a record with this data."""
    return KinesisSourceRecord(data, "k", "1", 0.0)


def test_records_come_one_by_one_and_damaged_aggregates_aside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Lists are taken apart in order; an aggregate that could not be opened is an error."""
    damaged = b"\xf3\x89\x9a\xc2 no aggregate"
    Given.lists = [[record(b"1"), record(damaged), record(b"2")], [record(b"3")]]
    monkeypatch.setattr(kop, "KinesisSource", Given)
    oks: list[KinesisSourceRecord] = []
    errs: list[KinesisSourceRecord] = []
    flow = Dataflow("read")
    out = kop.input("leads", flow, stream="leads", region="us-east-1", out_of_range="drop")
    op.output("oks", out.oks, TestingSink(oks))
    op.output("errs", out.errs, TestingSink(errs))
    run_main(flow)
    assert [b"1", b"2", b"3"] == [each.data for each in oks]
    assert [damaged] == [each.data for each in errs]


def test_the_source_is_made_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every option gets through."""
    monkeypatch.setattr(kop, "KinesisSource", Given)
    options = {
        "region": "us-east-1",
        "endpoint_url": "http://127.0.0.1:1",
        "session": "marketing",
        "start": "latest",
        "out_of_range": "drop",
    }
    kop.input("leads", Dataflow("read"), stream="leads", **options)  # type: ignore[arg-type]
    assert (("leads",), options) == Given.made
