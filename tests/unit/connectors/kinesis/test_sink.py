"""The sink as Bytewax sees it: partitions, routing, closing, and how its errors come out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zlib import adler32

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.errors import BytewaxRuntimeError
from bytewax.testing import TestingSource, run_main

from connectors.kinesis import (
    DeadLetters,
    KinesisPermissionDenied,
    KinesisRecord,
    KinesisSink,
    KinesisStreamNotFound,
)
from tests.wire.scripted import ScriptedKinesis, fails, refuses

ROOT = Path(__file__).parents[4]
Item = tuple[str, list[KinesisRecord]]


def flow_of(sink: KinesisSink, *items: Item) -> Dataflow:
    """A dataflow that writes these items."""
    flow = Dataflow("test")
    op.output("kinesis", op.input("in", flow, TestingSource(list(items))), sink)
    return flow


def sink_on(kinesis: ScriptedKinesis, dead_letters: DeadLetters | None = None) -> KinesisSink:
    """A sink that never really waits."""
    return KinesisSink(
        "leads", session=kinesis.session, dead_letters=dead_letters, _sleep=lambda _: None
    )


def test_partitions_sort_in_their_order() -> None:
    """Names are padded, so that partition i of the sorted list is partition i."""
    parts = KinesisSink("leads", partitions=1200).list_parts()
    assert ["0000", "0001"] == parts[:2]
    assert (1200, "1199") == (len(parts), parts[-1])
    assert sorted(parts) == parts
    assert len(KinesisSink("leads").list_parts()) == 60


@pytest.mark.parametrize("partitions", [0, -1, 10_001])
def test_an_impossible_number_of_partitions_is_refused(partitions: int) -> None:
    """The number is checked where it is given."""
    with pytest.raises(ValueError, match="partitions is"):
        KinesisSink("leads", partitions=partitions)


def test_a_negative_patience_is_refused() -> None:
    """The number is checked where it is given."""
    with pytest.raises(ValueError, match="give_up_s is -1"):
        KinesisSink("leads", give_up_s=-1)


def test_routing_is_as_asked_or_as_bytewax_does() -> None:
    """A part_fn decides; without one it is adler32, as documented for FixedPartitionedSink."""
    assert KinesisSink("leads", part_fn=len).part_fn("four") == 4
    assert KinesisSink("leads").part_fn("four") == adler32(b"four")


def test_a_flow_delivers_through_partial_failures() -> None:
    """In a real dataflow every record is acknowledged, in order per key, with two failures."""
    kinesis = ScriptedKinesis(fails(0), fails(0))
    sink = sink_on(kinesis)
    items = [(key, [KinesisRecord(f"{key}{n}".encode(), key)]) for n in range(3) for key in "ab"]
    run_main(flow_of(sink, *items))
    for key in "ab":
        stored = [data for at, data in kinesis.stored if at == key]
        assert [f"{key}{n}".encode() for n in range(3)] == stored
    assert (6, 6, 0) == (sink.stats.offered, sink.stats.acknowledged, sink.stats.unsettled)


def test_one_bad_record_does_not_stop_the_others(tmp_path: Path) -> None:
    """A record that can never be accepted is a dead letter, and later ones of its key are sent."""
    kinesis = ScriptedKinesis()
    sink = sink_on(kinesis, DeadLetters(tmp_path, 1 << 30))
    records = [
        KinesisRecord(b"1", "a"),
        KinesisRecord(bytes(2_000_000), "a"),
        KinesisRecord(b"3", "a"),
    ]
    run_main(flow_of(sink, ("lane", records)))
    assert [("a", b"1"), ("a", b"3")] == kinesis.stored
    assert (3, 2, 1) == (sink.stats.offered, sink.stats.acknowledged, sink.stats.dead_lettered)
    assert (tmp_path / "dead-letters.jsonl").read_text().count("\n") == 1


def test_an_error_of_a_flush_is_the_cause_of_bytewax_s_own() -> None:
    """Bytewax wraps what snapshot raises: BytewaxRuntimeError, and ours is its __cause__."""
    sink = sink_on(ScriptedKinesis(refuses("AccessDeniedException")))
    with pytest.raises(BytewaxRuntimeError) as caught:
        run_main(flow_of(sink, ("a", [KinesisRecord(b"x", "a")])))
    cause = caught.value.__cause__
    assert isinstance(cause, KinesisPermissionDenied)
    assert cause.code == "AccessDeniedException"


def test_an_error_of_a_write_comes_as_it_is() -> None:
    """Bytewax 0.21.1 does not wrap what write_batch raises."""
    records = [KinesisRecord(b"x", str(number)) for number in range(500)]
    sink = sink_on(ScriptedKinesis(refuses("ResourceNotFoundException")))
    with pytest.raises(KinesisStreamNotFound, match="never created here") as caught:
        run_main(flow_of(sink, ("a", records)))
    assert caught.value.code == "ResourceNotFoundException"


def test_the_next_execution_starts_with_an_empty_buffer() -> None:
    """What waited when an execution broke off is not sent out of order by the next one."""
    kinesis = ScriptedKinesis(refuses("AccessDeniedException"))
    sink = sink_on(kinesis)
    with pytest.raises(BytewaxRuntimeError):
        run_main(flow_of(sink, ("a", [KinesisRecord(b"2", "a")])))
    run_main(flow_of(sink, ("a", [KinesisRecord(b"1", "a"), KinesisRecord(b"2", "a")])))
    assert [("a", b"1"), ("a", b"2")] == kinesis.stored


def test_closing_twice_is_closing_once() -> None:
    """A partition that is closed again does not take the buffer away from the others."""
    kinesis = ScriptedKinesis()
    sink = sink_on(kinesis)
    first, second = (sink.build_part("kinesis", part, None) for part in ("0000", "0001"))
    first.close()
    first.close()
    third = sink.build_part("kinesis", "0002", None)
    second.write_batch([[KinesisRecord(b"x", "a")]])
    third.write_batch([[KinesisRecord(b"y", "b")]])
    for part in (second, third):
        part.snapshot()
        part.close()
    assert [[("a", b"x"), ("b", b"y")]] == kinesis.requests


def test_dead_letters_are_on_the_disk_before_the_epoch_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flush syncs the file, so that a power cut after the commit cannot take a record."""
    sink = sink_on(ScriptedKinesis(), DeadLetters(tmp_path, 1 << 30))
    part = sink.build_part("kinesis", "0000", None)
    part.write_batch([[KinesisRecord(b"x", "")]])
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    part.snapshot()
    part.close()
    assert len(synced) == 1


def test_partitions_share_one_buffer() -> None:
    """Records of all partitions of a process go out in one request."""
    kinesis = ScriptedKinesis()
    sink = sink_on(kinesis)
    parts = [sink.build_part("kinesis", part, None) for part in sink.list_parts()]
    for number, part in enumerate(parts):
        part.write_batch([[KinesisRecord(b"x", str(number))]])
    for part in parts:
        part.snapshot()
    for part in parts:
        part.close()
    assert [60] == [len(request) for request in kinesis.requests]


def test_importing_does_not_load_the_aws_client() -> None:
    """Importing the package and making a sink is cheap and connects to nothing."""
    code = (
        "import sys; from connectors.kinesis import KinesisSink; KinesisSink('leads');"
        "sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
