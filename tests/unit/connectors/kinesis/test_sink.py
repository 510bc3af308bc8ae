"""The sink as Bytewax sees it: partitions, routing, closing, and how its errors come out."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zlib import adler32

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.errors import BytewaxRuntimeError
from bytewax.testing import TestingSource, run_main

from connectors.kinesis import (
    DeadLetters,
    KinesisError,
    KinesisPermissionDenied,
    KinesisRecord,
    KinesisSink,
    KinesisStreamNotFound,
    client,
)
from connectors.kinesis.dead_letter_file import DeadLetterFile
from tests.wire.scripted import DEADLINE_S, ScriptedKinesis, fails, refuses, waits_for

ROOT = Path(__file__).parents[4]
Item = tuple[str, list[KinesisRecord]]


def flow_of(sink: KinesisSink, *items: Item) -> Dataflow:
    """A dataflow that writes these items."""
    flow = Dataflow("test")
    op.output("kinesis", op.input("in", flow, TestingSource(list(items))), sink)
    return flow


def sink_on(kinesis: ScriptedKinesis, **more: Any) -> KinesisSink:
    """A sink with one request at a time, which sends nothing by itself and never really waits."""
    arguments: dict[str, Any] = {"max_in_flight": 1, "linger_ms": 3_600_000, **more}
    return KinesisSink("leads", session=kinesis.session, _random=lambda: 0.0, **arguments)


def batch(listed: str) -> list[list[KinesisRecord]]:
    """One list of records: the first letter of a name is its key, all of it its data."""
    return [[KinesisRecord(name.encode(), name[0]) for name in listed.split()]]


def open_part(sink: KinesisSink, name: str = "0000") -> Any:
    """Open a partition."""
    return sink.build_part("kinesis", name, None)


def test_partitions_sort_in_their_order() -> None:
    """Names are padded, so that partition i of the sorted list is partition i."""
    parts = KinesisSink("leads", partitions=1200).list_parts()
    assert ["0000", "0001"] == parts[:2]
    assert (1200, "1199") == (len(parts), parts[-1])
    assert sorted(parts) == parts
    assert len(KinesisSink("leads").list_parts()) == 60


@pytest.mark.parametrize(
    ("argument", "wrong"),
    [
        ("partitions", 0),
        ("partitions", 10_001),
        ("max_in_flight", 0),
        ("linger_ms", -1),
        ("give_up_s", -1),
        ("max_record_bytes", 0),
        ("max_record_bytes", 10 * 1_048_576 + 1),
        ("request_timeout_s", 0),
    ],
)
def test_an_argument_out_of_range_is_refused(argument: str, wrong: int) -> None:
    """It is named, with what it is, where it is given."""
    arguments: dict[str, Any] = {argument: wrong}
    with pytest.raises(ValueError, match=f"{argument} is {wrong}, not "):
        KinesisSink("leads", **arguments)


def test_arguments_at_the_ends_of_their_ranges_are_taken() -> None:
    """Limits belong to what is allowed."""
    KinesisSink("leads", partitions=1, max_in_flight=1, linger_ms=0, give_up_s=0)
    KinesisSink("leads", partitions=10_000, max_record_bytes=10 * 1_048_576, request_timeout_s=0.1)


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
    sink = sink_on(kinesis, dead_letters=DeadLetters(tmp_path, 1 << 30))
    records = [
        KinesisRecord(b"1", "a"),
        KinesisRecord(bytes(2_000_000), "a"),
        KinesisRecord(b"3", "a"),
    ]
    run_main(flow_of(sink, ("lane", records)))
    assert [("a", b"1"), ("a", b"3")] == kinesis.stored
    assert (3, 2, 1) == (sink.stats.offered, sink.stats.acknowledged, sink.stats.dead_lettered)
    assert ["superseded"] == [each.state for each in DeadLetterFile(tmp_path).letters()]


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
    records = [KinesisRecord(b"x", str(number)) for number in range(1_001)]
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
    first, second = open_part(sink, "0000"), open_part(sink, "0001")
    first.close()
    first.close()
    third = open_part(sink, "0002")
    second.write_batch(batch("a1"))
    third.write_batch(batch("b1"))
    for part in (second, third):
        part.snapshot()
        part.close()
    assert [[("a", b"a1"), ("b", b"b1")]] == kinesis.requests


def test_a_partition_that_was_closed_and_dropped_leaves_the_others_alone() -> None:
    """Workers of a process end at different times."""
    kinesis = ScriptedKinesis()
    sink = sink_on(kinesis)
    first, second = open_part(sink, "0000"), open_part(sink, "0001")
    first.close()
    del first
    gc.collect()
    second.write_batch(batch("a1"))
    second.snapshot()
    second.close()
    assert [("a", b"a1")] == kinesis.stored


def test_a_partition_dropped_without_closing_ends_its_execution() -> None:
    """What it left waiting is not sent, and the next execution with this sink starts anew."""
    kinesis = ScriptedKinesis()
    sink = sink_on(kinesis)
    dropped, other = open_part(sink, "0000"), open_part(sink, "0001")
    dropped.write_batch(batch("a1 a2"))
    del dropped
    gc.collect()
    with pytest.raises(KinesisError, match="the sink was closed"):
        other.snapshot()
    part = open_part(sink)
    other.close()
    part.write_batch(batch("a2"))
    part.snapshot()
    part.close()
    assert [[("a", b"a2")]] == kinesis.requests


def test_a_lone_record_is_acknowledged_without_a_flush() -> None:
    """It lingers and goes by itself."""
    kinesis = ScriptedKinesis()
    part = open_part(sink_on(kinesis, linger_ms=1))
    part.write_batch(batch("a1"))
    kinesis.wait_for(requests=1)
    part.close()
    assert [("a", b"a1")] == kinesis.stored


def test_a_full_buffer_pushes_back() -> None:
    """Two full requests for each that may be in flight are held; then a write waits for answers."""
    answered = threading.Event()
    kinesis = ScriptedKinesis(waits_for(answered))
    sink = sink_on(kinesis)
    part = open_part(sink)
    records = [KinesisRecord(b"x", f"key-{number}") for number in range(1_001)]
    with ThreadPoolExecutor() as threads:
        written = threads.submit(part.write_batch, [records])
        kinesis.wait_for(requests=1)
        assert (1_000, False) == (sink.stats.offered, written.done())
        answered.set()
        written.result(DEADLINE_S)
    part.snapshot()
    part.close()
    assert (1_001, 1_001) == (sink.stats.offered, sink.stats.acknowledged)


def test_the_long_way_delivers_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a botocore that has none of the events we use."""
    monkeypatch.setattr(client, "shortcut_works", lambda _: False)
    kinesis = ScriptedKinesis(fails(0, code="InternalFailure"))
    sink = sink_on(kinesis)
    part = open_part(sink)
    part.write_batch(batch("a1 b1 a2"))
    part.snapshot()
    part.close()
    assert [
        [("a", b"a1"), ("b", b"b1")],
        [("a", b"a1")],
        [("a", b"a2")],
    ] == kinesis.requests


def test_dead_letters_are_on_the_disk_before_the_epoch_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flush syncs the file, so that a power cut after the commit cannot take a record."""
    sink = sink_on(ScriptedKinesis(), dead_letters=DeadLetters(tmp_path, 1 << 30))
    part = open_part(sink)
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
    parts = [open_part(sink, name) for name in sink.list_parts()]
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
