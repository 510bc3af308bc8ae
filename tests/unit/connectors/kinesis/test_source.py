"""The source as Bytewax sees it: slots, what they give out, and resuming."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.recovery import init_db_dir
from bytewax.testing import TestingSink, cluster_main

from connectors.kinesis import KinesisSource, KinesisSourceRecord, ReadStats
from connectors.kinesis.testing.fake import FakeKinesis
from connectors.kinesis.testing.server import FakeServer
from connectors.paced import PacedSource, Pacing
from tests.support.waiting import wait_until
from tests.unit.connectors.kinesis.source_runs import (
    STREAM,
    datas,
    names,
    read,
    source_on,
    stream_of_four,
    write,
)

pytestmark = pytest.mark.usefixtures("nobodys")


@pytest.fixture
def fake() -> FakeKinesis:
    """A stream of four shards."""
    return stream_of_four()


@pytest.fixture
def server(fake: FakeKinesis) -> Iterator[FakeServer]:
    """The stream, over HTTP."""
    with FakeServer(fake) as served:
        yield served


def test_a_stream_is_read_whole_each_shard_in_order(fake: FakeKinesis, server: FakeServer) -> None:
    """A list is of one shard; its records are numbered on from one list to the next."""
    write(fake, *names(400))
    source = source_on(server)
    given = read(source, 400)
    assert sorted(names(400)) == datas(given)
    for shard in {records[0].shard_id for records in given}:
        lists = [records for records in given if records[0].shard_id == shard]
        flat = [record for records in lists for record in records]
        assert {shard} == {record.shard_id for record in flat}
        assert list(range(len(flat))) == [record.ordinal for record in flat]
        kept = [k for k in fake.stored(STREAM) if k.shard_id == shard]
        assert [k.sequence_number for k in kept] == [record.sequence_number for record in flat]
        assert [round(k.at, 3) for k in kept] == [record.arrival for record in flat]
    stats = source.stats()
    assert (400, 0, 0) == (stats.records, stats.failed, stats.held_bytes)


def test_a_resume_reads_on_exactly(fake: FakeKinesis, server: FakeServer, tmp_path: Path) -> None:
    """After a clean stop nothing comes twice and nothing is left out, also through a reshard."""
    init_db_dir(tmp_path, 1)
    write(fake, *names(50, "a"))
    assert sorted(names(50, "a")) == datas(read(source_on(server), 50, tmp_path))
    fake.streams[STREAM].split("shardId-000000000000", 2**125, now=time.time())
    write(fake, *names(50, "b"))
    given = read(source_on(server), 50, tmp_path)
    assert sorted(names(50, "b")) == datas(given)
    write(fake, "last")
    ((last,),) = read(source_on(server), 1, tmp_path)
    before = [r for records in given for r in records if r.shard_id == last.shard_id]
    assert before[-1].ordinal + 1 == last.ordinal


def test_what_was_read_ahead_and_not_given_out_comes_in_the_next_run(
    fake: FakeKinesis, server: FakeServer
) -> None:
    """A snapshot is of what was given out, however much more is in memory."""
    write(fake, *names(40))
    source = source_on(server)
    part = source.build_part("in", "000", None)
    assert [] == part.next_batch()
    wait_until(lambda: source.stats().held_bytes)
    state = part.snapshot()
    part.close()
    part = source_on(server).build_part("in", "000", state)
    given: list[list[KinesisSourceRecord]] = []

    def look() -> bool:
        given.extend(part.next_batch())
        return bool(given)

    wait_until(look)
    part.close()
    assert 0 == given[0][0].ordinal


def test_one_source_may_be_run_again_and_counts_anew(fake: FakeKinesis, server: FakeServer) -> None:
    """Without a store it begins anew."""
    source = source_on(server)
    assert ReadStats() == source.stats()
    write(fake, *names(8))
    for _ in range(2):
        assert sorted(names(8)) == datas(read(source, 8))
        assert 8 == source.stats().records


@pytest.mark.parametrize("start", ["latest", "time"])
def test_reading_may_begin_at_a_time(fake: FakeKinesis, server: FakeServer, start: str) -> None:
    """What arrived before it is not read."""
    write(fake, *names(20, "old"))
    wait_until(lambda: time.time() > fake.stored(STREAM)[-1].at)
    begin: Any = start if start == "latest" else datetime.now(timezone.utc)
    source = source_on(server, start=begin)
    parts = [source.build_part("in", name, None) for name in source.list_parts()]
    write(fake, *names(20, "new"))
    given: list[list[Any]] = []

    def look() -> bool:
        for part in parts:
            given.extend(part.next_batch())
        return sum(map(len, given)) >= 20

    wait_until(look)
    for part in parts:
        part.close()
    assert sorted(names(20, "new")) == datas(given)


def test_a_reshard_is_followed_while_reading(fake: FakeKinesis, server: FakeServer) -> None:
    """The children are found when the parent was read to its end."""
    write(fake, *names(20, "a"))
    source = source_on(server)
    parts = [source.build_part("in", name, None) for name in source.list_parts()]
    given: list[list[Any]] = []

    def come(count: int) -> bool:
        for part in parts:
            given.extend(part.next_batch())
        return sum(map(len, given)) >= count

    wait_until(lambda: come(20))
    fake.streams[STREAM].split("shardId-000000000001", 3 * 2**125, now=time.time())
    fake.streams[STREAM].merge("shardId-000000000002", "shardId-000000000003", now=time.time())
    write(fake, *names(20, "b"))
    wait_until(lambda: come(40))
    for part in parts:
        part.close()
    assert sorted([*names(20, "a"), *names(20, "b")]) == datas(given)


def test_workers_of_one_process_share_the_reading(fake: FakeKinesis, server: FakeServer) -> None:
    """Each reads the shards of its own slots, and together they read all of them once."""
    write(fake, *names(400))
    source, pacing = source_on(server), Pacing()
    by_worker: dict[int, list[str]] = {}
    lock = threading.Lock()

    def look(_: str, records: list[KinesisSourceRecord]) -> None:
        with lock:
            found = by_worker.setdefault(threading.get_ident(), [])
            found.extend(record.data.decode() for record in records)
            if sum(map(len, by_worker.values())) >= 400:
                pacing.stop.set()

    flow = Dataflow("read")
    lists = op.inspect("look", op.input("in", flow, PacedSource(source, pacing)), look)
    op.output("out", lists, TestingSink([]))
    cluster_main(flow, [], 0, worker_count_per_proc=2)
    assert sorted(names(400)) == sorted(name for found in by_worker.values() for name in found)
    assert 2 == len(by_worker)


def test_partitions_are_the_slots() -> None:
    """Their number and names are for ever, as they stand in recovery stores."""
    parts = KinesisSource(STREAM).list_parts()
    assert (256, "000", "255") == (len(parts), parts[0], parts[-1])
    assert sorted(parts) == parts


def test_a_slot_with_shards_is_asked_often_and_others_once_a_second(
    fake: FakeKinesis, server: FakeServer
) -> None:
    """One slot has a shard: what was read is noticed soon, and waiting costs nothing."""
    write(fake, *names(8))
    source = source_on(server)
    busy, idle = source.build_part("in", "000", None), source.build_part("in", "255", None)
    wait_until(busy.next_batch)
    now = datetime.now(timezone.utc)
    soon, later = (part.next_awake() for part in (busy, idle))
    assert soon is not None
    assert later is not None
    assert timedelta(0) < soon - now < timedelta(seconds=0.5) < later - now
    for part in (busy, idle):
        part.close()


def test_a_throttle_is_waited_out(fake: FakeKinesis, server: FakeServer) -> None:
    """Another reader has taken the shard's five calls of the second."""
    write(fake, "a")
    stream = fake.streams[STREAM]
    stream.limits_rate = True
    shard = next(s for s in stream.open_shards if s.stored)
    shard.reads_left.take(5)
    source = source_on(server)
    assert ["a"] == datas(read(source, 1))
