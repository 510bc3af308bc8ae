"""Source and sink in real Bytewax flows, with aborts, errors and a recovery store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from bytewax import operators as op
from bytewax.dataflow import Dataflow
from bytewax.errors import BytewaxRuntimeError
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSink, TestingSource, run_main

from connectors.jsonl import JsonlBatch, JsonlFull, JsonlSink, JsonlSource
from connectors.paced import PacedSource, Pacing
from tests.unit.connectors.jsonl.runs import append

EACH_BATCH = timedelta(0)
NEVER = timedelta(hours=1)
Item = tuple[str, list[bytes]] | TestingSource.ABORT


@pytest.fixture
def recovery(tmp_path: Path) -> RecoveryConfig:
    """Return a new recovery store."""
    path = tmp_path / "store"
    path.mkdir()
    init_db_dir(path, 1)
    return RecoveryConfig(str(path))


def sink_flow(items: list[Item], sink: JsonlSink) -> Dataflow:
    """Return a flow from items to the sink."""
    flow = Dataflow("sink")
    op.output("rejects", op.input("items", flow, TestingSource(items)), sink)
    return flow


@pytest.mark.parametrize("epoch_interval", [EACH_BATCH, NEVER])
@pytest.mark.parametrize("aborts_at", range(6))
def test_the_sink_writes_exactly_once_across_an_abort(
    tmp_path: Path, recovery: RecoveryConfig, aborts_at: int, epoch_interval: timedelta
) -> None:
    """Aborted at any item and started again, with epochs of one item and of a whole execution."""
    items: list[Item] = [
        ("a", [b"1", b"2"]),
        ("b", []),
        ("a", [b"3"]),
        ("b", [b"4"]),
        ("a", [b"5", b"6"]),
    ]
    items.insert(aborts_at, TestingSource.ABORT())
    flow = sink_flow(items, JsonlSink(tmp_path / "out", "r.jsonl", max_bytes=1000))
    for _ in range(2):
        run_main(flow, epoch_interval=epoch_interval, recovery_config=recovery)
    assert (tmp_path / "out" / "r.jsonl").read_bytes() == b"1\n2\n3\n4\n5\n6\n"


def test_a_full_folder_stops_the_flow_and_more_room_lets_it_go_on(
    tmp_path: Path, recovery: RecoveryConfig
) -> None:
    """The error keeps its type and text through Bytewax, and nothing is lost or repeated."""
    items: list[Item] = [("a", [b"1"]), ("a", [b"2"])]
    small = JsonlSink(tmp_path / "out", "r.jsonl", max_bytes=3)
    with pytest.raises(JsonlFull, match="holds 2 bytes, and 2 more"):
        run_main(sink_flow(items, small), epoch_interval=EACH_BATCH, recovery_config=recovery)
    large = JsonlSink(tmp_path / "out", "r.jsonl", max_bytes=4)
    run_main(sink_flow(items, large), epoch_interval=EACH_BATCH, recovery_config=recovery)
    assert (tmp_path / "out" / "r.jsonl").read_bytes() == b"1\n2\n"


def source_flow(
    source: JsonlSource | PacedSource[JsonlBatch, bytes],
    out: list[JsonlBatch],
    check: Callable[[JsonlBatch], None],
) -> Dataflow:
    """Return a flow from the source to a list, past a check that may raise."""
    flow = Dataflow("source")
    batches = op.inspect("check", op.input("read-in", flow, source), lambda _, batch: check(batch))
    op.output("out", batches, TestingSink(out))
    return flow


def test_the_source_resumes_in_a_flow(tmp_path: Path, recovery: RecoveryConfig) -> None:
    """A step dies at a line; the next execution reads on without a gap, and the next only more."""
    folder = tmp_path / "in"
    folder.mkdir()
    expected = []
    for name in ("a", "b", "c"):
        lines = [f"{name}{i}".encode() for i in range(10)]
        (folder / f"{name}.jsonl").write_bytes(b"\n".join(lines))
        expected += lines
    source = JsonlSource("in", folder, batch_lines=3)
    out: list[JsonlBatch] = []

    def die(batch: JsonlBatch) -> None:
        if b"b4" in batch.lines:
            raise RuntimeError("the step dies here")

    def run(check: Callable[[JsonlBatch], None]) -> None:
        flow = source_flow(source, out, check)
        run_main(flow, epoch_interval=EACH_BATCH, recovery_config=recovery)

    with pytest.raises(BytewaxRuntimeError):
        run(die)
    assert [line for batch in out for line in batch.lines] == expected[:13]
    run(lambda _: None)
    by_ordinal = {b.ordinal + i: line for b in out for i, line in enumerate(b.lines)}
    assert [by_ordinal[i] for i in range(30)] == expected

    out.clear()
    (folder / "d.jsonl").write_bytes(b"d0\n")
    run(lambda _: None)
    assert [(batch.lines, batch.ordinal) for batch in out] == [([b"d0"], 30)]


def test_a_followed_file_is_followed_in_a_flow(tmp_path: Path, recovery: RecoveryConfig) -> None:
    """Each line is written once the one before came through; a stop ends it, a resume goes on."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"1\n")
    out: list[JsonlBatch] = []
    pacing = Pacing()

    def react(batch: JsonlBatch) -> None:
        match batch.lines:
            case [b"1"]:
                append(path, b"2\n")
            case [b"2"]:
                append(path, b"3\n")
                path.rename(tmp_path / "a.jsonl.1")
                append(path, b"4\n")
            case [b"4"]:
                pacing.stop.set()
            case _:
                pass

    def run() -> None:
        source = PacedSource(JsonlSource("in", path, follow=True), pacing)
        flow = source_flow(source, out, react)
        run_main(flow, epoch_interval=EACH_BATCH, recovery_config=recovery)

    run()
    assert [line for batch in out for line in batch.lines] == [b"1", b"2", b"3", b"4"]
    append(path, b"4\n")
    pacing.stop.clear()
    run()
    assert [(batch.lines, batch.ordinal) for batch in out[4:]] == [([b"4"], 4)]
