"""What the dispatcher does with records that can never be accepted."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.kinesis import DeadLettersFull, KinesisRecord, KinesisRecordRefused
from connectors.kinesis.core.answer import Entry
from tests.unit.connectors.kinesis.work import Clock, Step, StubClient, Work, fails, working

INVALID = "ValidationException"
LARGE = "data and partition key have 1001 bytes, more than 1000"
FULL = DeadLettersFull("no place", needs_person=True)


class Keeper:
    """A place for dead letters that tells what it was told.

    Attributes:
        told: each call, in order.
    """

    def __init__(self, *open_keys: str, add_raises: Exception | None = None) -> None:
        """Have letters of earlier executions."""
        self.told: list[tuple[Any, ...]] = []
        self._open_keys = set(open_keys)
        self._add_raises = add_raises

    def add(
        self,
        record: KinesisRecord,
        cause: str,
        *,
        code: str = "",
        shard: str | None = None,
        attempts: int = 0,
        age_s: float = 0.0,
    ) -> None:
        """Keep a record."""
        if self._add_raises is not None:
            raise self._add_raises
        self.told.append(("add", record.partition_key, cause, code, shard, attempts, age_s))

    def open_keys(self) -> set[str]:
        """Give the keys of earlier executions."""
        self.told.append(("open_keys",))
        return self._open_keys

    def supersede(self, partition_key: str) -> None:
        """Mark a key."""
        self.told.append(("supersede", partition_key))

    def sync(self) -> None:
        """Bring all to the disk."""
        self.told.append(("sync",))

    def close(self) -> None:
        """Let go."""
        self.told.append(("close",))


def write_large(work: Work, key: str) -> None:
    """Write a record that is too large."""
    work.dispatcher.write([[KinesisRecord(bytes(1_000), key)]])


def test_an_impossible_record_is_kept_and_its_key_goes_on() -> None:
    """It is on the disk before the flush returns; the next one of its key supersedes it."""
    keeper = Keeper()
    with working(StubClient(), dead_letters=keeper) as work:
        write_large(work, "a")
        work.deliver("a1 b1")
        assert [
            ("open_keys",),
            ("add", "a", LARGE, "", None, 0, 0.0),
            ("supersede", "a"),
            ("sync",),
        ] == keeper.told
        assert (3, 2, 1) == (work.stats.offered, work.stats.acknowledged, work.stats.dead_lettered)
    assert ("close",) == keeper.told[-1]


def test_a_record_that_kinesis_refuses_is_kept_with_its_code() -> None:
    """And with how often it was refused, and for how long."""
    clock = Clock()

    def after_7_s(step: Step) -> Step:
        def late(names: list[str]) -> list[Entry]:
            clock.now += 7.0
            return step(names)

        return late

    keeper = Keeper()
    client = StubClient(*map(after_7_s, [fails(a1=INVALID, b1=INVALID), fails(b1=INVALID)]))
    with working(client, clock=clock, dead_letters=keeper) as work:
        work.deliver("a1 b1")
    cause = f"Kinesis refuses the record ({INVALID}), and accepts others"
    assert ("add", "b", cause, INVALID, None, 2, 7.0) in keeper.told
    assert [["a1", "b1"]] * 2 == client.requests


def test_letters_of_earlier_executions_are_superseded() -> None:
    """By the first record of their key, and by no other."""
    keeper = Keeper("a", "c")
    with working(StubClient(), dead_letters=keeper) as work:
        work.deliver("a1 b1")
        work.deliver("a2")
    assert [("supersede", "a")] == [told for told in keeper.told if told[0] == "supersede"]


def test_each_flush_brings_the_letters_to_the_disk() -> None:
    """Also one that had nothing to send: what it commits may have been settled before."""
    keeper = Keeper()
    with working(StubClient(), dead_letters=keeper) as work:
        work.dispatcher.flush()
        work.deliver("a1")
    assert [("sync",), ("sync",)] == [told for told in keeper.told if told == ("sync",)]


def test_without_a_place_for_dead_letters_it_is_an_error() -> None:
    """Nothing is ever dropped, so an impossible record stops the job when it cannot be kept."""
    client = StubClient()
    with working(client) as work:
        write_large(work, "a")
        with pytest.raises(KinesisRecordRefused, match=LARGE) as caught:
            work.dispatcher.flush()
        assert caught.value.needs_person
    assert [] == client.requests


def test_a_place_that_is_full_stops_the_job() -> None:
    """Its own error comes out, and nothing more is sent."""
    client = StubClient()
    with working(client, dead_letters=Keeper(add_raises=FULL)) as work:
        write_large(work, "a")
        with pytest.raises(DeadLettersFull) as caught:
            work.deliver("b1")
        assert FULL is caught.value
    assert [] == client.requests
