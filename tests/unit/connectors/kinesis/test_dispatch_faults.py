"""The dispatcher with several workers on a strict fake stream, while faults happen."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connectors.kinesis import KinesisRecord, KinesisUnreachable
from connectors.kinesis.codec import UnreadableAnswer, decode_entries, encode_records
from connectors.kinesis.core.answer import Entry
from connectors.kinesis.core.shards import Shard
from connectors.kinesis.testing.fake import FakeKinesis
from connectors.kinesis.testing.faults import CUTS, Lost
from connectors.kinesis.testing.faulty import Dice, FaultyKinesis
from tests.unit.connectors.kinesis.work import DEADLINE_S, Work, working

WORKERS, EPOCHS, RECORDS = "abcd", 5, 20
RATES = {
    "throttle": 0.1,
    "internal_failure": 0.1,
    "throttle_all": 0.05,
    "InternalFailure": 0.05,
    **dict.fromkeys([*CUTS, "last_entry_missing", "entry_too_many", "truncated"], 0.04),
}


class InProcess:
    """A client that calls a fake stream without a network."""

    def __init__(self, kinesis: FaultyKinesis) -> None:
        """Take the stream."""
        self._kinesis = kinesis
        self._lock = threading.Lock()

    def prepare(self, records: Sequence[KinesisRecord]) -> Sequence[Any]:
        """Make the body."""
        return encode_records(records, {"StreamName": "leads"})

    def put_records(self, prepared: Sequence[Any], count: int) -> list[Entry]:
        """Make the call; whatever is no whole answer is none."""
        with self._lock:
            reply = self._kinesis.call("PutRecords", bytes(prepared), 0.0)
        if isinstance(reply, Lost) or reply.status != 200:
            raise KinesisUnreachable("no answer")
        try:
            entries = decode_entries(reply.body)
        except UnreadableAnswer:
            raise KinesisUnreachable("unreadable") from None
        if len(entries) != count:
            raise KinesisUnreachable("not whole")
        return entries

    def list_shards(self) -> list[Shard]:
        """Give the two shards of the stream."""
        return [
            Shard("shardId-000000000000", 0, 2**127 - 1),
            Shard("shardId-000000000001", 2**127, 2**128 - 1),
        ]

    def close(self) -> None:
        """Have nothing to close."""


@pytest.mark.parametrize("seed", range(5))
def test_each_key_arrives_whole_and_in_order(seed: int) -> None:
    """With repeats at most: a record is stored again only before the next one of its key."""
    fake = FakeKinesis()
    fake.create("leads", shards=2).limits_rate = False
    kinesis = FaultyKinesis(fake, Dice(seed, RATES))

    def work_through(work: Work, worker: str) -> None:
        for epoch in range(EPOCHS):
            for number in range(RECORDS):
                key = f"{worker}{number % 3}"
                data = f"{epoch:02d}.{number:02d}".encode()
                work.dispatcher.write([[KinesisRecord(data, key)]])
            work.dispatcher.flush()

    client: Any = InProcess(kinesis)
    with working(client, linger_s=0.0) as work, ThreadPoolExecutor() as threads:
        for future in [threads.submit(work_through, work, worker) for worker in WORKERS]:
            future.result(DEADLINE_S)
        assert len(WORKERS) * EPOCHS * RECORDS == work.stats.acknowledged == work.stats.offered
    stored: dict[str, list[bytes]] = {}
    for kept in fake.stored("leads"):
        of_key = stored.setdefault(kept.partition_key, [])
        if of_key[-1:] != [kept.data]:
            of_key.append(kept.data)
    assert stored == {
        f"{worker}{key}": [
            f"{epoch:02d}.{number:02d}".encode()
            for epoch in range(EPOCHS)
            for number in range(key, RECORDS, 3)
        ]
        for worker in WORKERS
        for key in range(3)
    }
    assert len(kinesis.reached) > 3, "hardly any fault came"
