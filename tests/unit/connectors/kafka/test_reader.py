"""The reader step by step, over a client that does as it is told: what no mock cluster can show."""

from __future__ import annotations

import threading
from typing import cast

import pytest

from connectors.kafka.client import KafkaClient, Received
from connectors.kafka.connection import Start
from connectors.kafka.errors import KafkaError, KafkaTopicNotFound, KafkaUnreachable
from connectors.kafka.positions import SlotState
from connectors.kafka.reader import DISCOVERY_S, RETRY_S, Reader
from connectors.kafka.record import KafkaRecord
from tests.support.engine import Clock
from tests.support.waiting import wait_until
from tests.unit.connectors.kafka.told import Told


class Steps:
    """A reader of the slots 0 to 3, whose thread is the test's own."""

    def __init__(
        self, told: Told, *states: SlotState, start: Start = "earliest", commits: bool = False
    ) -> None:
        """Own the slots, on from these states."""
        self.told = told
        self.clock = Clock()
        self.reader = Reader(
            lambda: cast("KafkaClient", told),
            "t",
            start=start,
            commits=commits,
            buffer_bytes=1 << 20,
            give_up_s=60.0,
            clock=self.clock,
        )
        self.reader._thread = _Alive()  # type: ignore[assignment]
        for slot in range(4):
            self.reader.own(slot, states[slot] if slot < len(states) else SlotState("t"))

    def step(self, after_s: float = 0.0, **came: list[int]) -> None:
        """Let time pass, and records of these offsets come."""
        self.clock.now += after_s
        for name, offsets in came.items():
            partition = int(name[1:])
            self.told.came.records[partition] = [
                KafkaRecord(None, b"v", partition, each, 0.0) for each in offsets
            ]
        self.reader._step(cast("KafkaClient", self.told))

    def taken(self, slot: int) -> list[list[int]]:
        """Take, and return the offsets."""
        return [[each.offset for each in batch] for batch in self.reader.take(slot)]


class Plenty(Told):
    """Always has one record more, which counts as 100,000 bytes."""

    def receive(self, wait_s: float) -> Received:
        """Give it."""
        offset = self.at[0]
        self.at[0] += 1
        return Received({0: [KafkaRecord(None, bytes(99_750), 0, offset, 0.0)]})


class _Alive:
    """A thread that the test is itself."""

    def is_alive(self) -> bool:
        """Say that it runs."""
        return True

    def join(self, _wait_s: float) -> None:
        """It never was."""


def test_a_partition_that_comes_later_is_read_from_its_beginning() -> None:
    """Within one period of discovery, by the slot that owns its number, whatever the start was."""
    steps = Steps(Told(p0=(5, 9)), start="latest")
    steps.step()
    assert {0: 9} == steps.told.at
    steps.told.spans |= {1: (0, 7), 256: (2, 3), 4: (0, 1)}  # no slot for 4 here
    steps.step(DISCOVERY_S - 1)
    assert {0: 9} == steps.told.at
    steps.step(1)
    assert {0: 9, 1: 0, 256: 2} == steps.told.at
    assert {0: 9, 256: 2} == steps.reader.snapshot(0).offsets


def test_a_partition_that_came_between_two_executions_is_read_from_its_beginning() -> None:
    """The state of its slot says that it was not there, even one that had none."""
    begun = [SlotState("t", True, {0: 6}), SlotState("t", True)]
    steps = Steps(Told(p0=(5, 9), p1=(2, 4)), *begun, start="latest")
    steps.step()
    assert {0: 6, 1: 2} == steps.told.at


def test_a_state_before_the_topic_was_reached_begins_anew() -> None:
    """It says nothing yet, so the start holds the next time."""
    steps = Steps(Told(p0=(5, 9)), start="latest")
    assert SlotState("t") == steps.reader.snapshot(0)
    again = Steps(steps.told, steps.reader.snapshot(0), start="latest")
    again.step()
    assert {0: 9} == again.told.at


def test_an_offset_of_a_partition_that_is_not_listed_is_kept() -> None:
    """It may be listed again."""
    steps = Steps(Told(p1=(0, 0)), SlotState("t", True, {0: 6}))
    steps.step()
    assert {0: 6} == steps.reader.snapshot(0).offsets


def test_holes_in_the_offsets_are_no_gap() -> None:
    """Compaction and transactions leave numbers without a record; the position is past the last."""
    steps = Steps(Told(p0=(0, 12)))
    steps.step()
    steps.step(p0=[0, 3, 9])
    assert [[0, 3, 9]] == steps.taken(0)
    assert {0: 10} == steps.reader.snapshot(0).offsets
    stats = steps.reader.stats()
    assert (3, 0, {0: 2}) == (stats.records, stats.gaps, stats.behind)


def test_each_partition_of_a_slot_is_a_list_of_its_own() -> None:
    """Partitions 0 and 256 share a slot."""
    steps = Steps(Told(p0=(0, 9), p256=(0, 9)))
    steps.step()
    steps.step(p0=[0, 1], p256=[0])
    steps.step(p0=[2])
    assert [[0, 1, 2], [0]] == steps.taken(0)
    assert [] == steps.taken(0)


def test_what_was_held_when_the_rest_was_gone_is_given_out_first() -> None:
    """The position jumps only with the records before the gap; then the new ones follow."""
    steps = Steps(Told(p0=(0, 9)))
    steps.step()
    steps.step(p0=[0, 1])
    steps.told.spans[0] = (5, 9)
    steps.told.came.gone[0] = 2
    steps.step()  # hears of it
    steps.step()  # asks where to go on
    assert 5 == steps.told.at[0]
    assert {0: 0} == steps.reader.snapshot(0).offsets
    assert [[0, 1]] == steps.taken(0)
    assert {0: 5} == steps.reader.snapshot(0).offsets
    steps.step(p0=[5])
    assert [[5]] == steps.taken(0)
    assert 1 == steps.reader.stats().gaps


def test_a_gap_that_cannot_be_closed_at_once_is_closed_later() -> None:
    """The brokers may be out of reach just then."""
    steps = Steps(Told(p0=(0, 9)))
    steps.step()
    steps.told.spans[0] = (5, 9)
    steps.told.came.gone[0] = 2
    steps.told.failure = KafkaUnreachable("no answer")
    steps.step()
    steps.step()
    assert {0: 0} == steps.told.at
    steps.told.failure = None
    steps.step(RETRY_S)
    assert {0: 5} == steps.told.at


def test_what_needs_a_person_is_told_at_once_before_anything_worked() -> None:
    """A topic that was never there will not be there soon."""
    steps = Steps(Told())
    steps.told.failure = KafkaTopicNotFound("no such topic")
    with pytest.raises(KafkaTopicNotFound):
        steps.step()


def test_the_same_later_is_borne_for_a_while() -> None:
    """A cluster that restarts may say so for a moment; `give_up_s` ends it, from the first time."""
    steps = Steps(Told(p0=(0, 0)))
    steps.step()
    steps.told.failure = KafkaTopicNotFound("no such topic")
    steps.step(DISCOVERY_S)
    steps.step(59.0)
    with pytest.raises(KafkaTopicNotFound):
        steps.step(1.0)


def test_a_topic_that_is_reached_again_has_all_the_time_again() -> None:
    """Outages do not add up."""
    steps = Steps(Told(p0=(0, 0)))
    for _ in range(3):
        steps.told.failure = KafkaUnreachable("no answer")
        steps.step(DISCOVERY_S)
        steps.step(59.0)
        steps.told.failure = None
        steps.step(RETRY_S)


def test_a_commit_says_what_the_snapshot_before_said_and_only_news() -> None:
    """One for all slots, and none where nothing moved."""
    steps = Steps(
        Told(p0=(0, 9), p1=(0, 9)),
        SlotState("t", True, {0: 2}),
        commits=True,
    )
    steps.step()
    steps.step(p0=[2], p1=[0, 1])
    for slot in (0, 1):
        steps.taken(slot)
        steps.reader.snapshot(slot)
    steps.step()
    assert [{0: 2}] == steps.told.committed  # resumed from, so it was committed
    for _ in range(3):
        for slot in (0, 1):
            steps.reader.snapshot(slot)
        steps.step()
    assert [{0: 2}, {0: 3, 1: 2}] == steps.told.committed


def test_the_thread_waits_while_as_much_is_held_as_may_be() -> None:
    """Half a MiB, and what came with the last of it; room is made by taking."""
    reader = Reader(
        lambda: cast("KafkaClient", Plenty(p0=(0, 96))),
        "t",
        start="earliest",
        commits=False,
        buffer_bytes=1 << 20,
        give_up_s=60.0,
    )
    reader.own(0, SlotState("t"))
    assert [] == reader.take(0)  # it starts
    taken = 0
    while taken < 96:
        wait_until(lambda: reader._changed._waiters)  # type: ignore[attr-defined]
        assert 600_000 == reader.stats().held_bytes
        taken += sum(map(len, reader.take(0)))
    reader.close()
    assert 96 == taken


def test_a_slot_that_is_released_leaves_the_others_their_room() -> None:
    """What it held does not count, and what comes for it is let go."""
    steps = Steps(Told(p0=(0, 9), p1=(0, 9)))
    steps.step()
    steps.step(p0=[0], p1=[0])
    steps.reader.release(0)
    steps.step(p0=[1])
    assert [[0]] == steps.taken(1)
    assert 0 == steps.reader.stats().held_bytes


def test_slots_are_asked_less_often_the_more_have_partitions() -> None:
    """5 ms each up to eight, then so that all together make no more calls."""
    steps = Steps(Told(p0=(0, 0)))
    assert [0.25, 0.25] == [steps.reader.poll_s(slot) for slot in (0, 1)]
    steps.step()
    assert [0.005, 1.0] == [steps.reader.poll_s(slot) for slot in (0, 1)]
    for slot in range(4, 16):
        steps.reader.own(slot, SlotState("t"))
    steps.told.spans = dict.fromkeys(range(16), (0, 0))
    steps.step()
    assert 0.01 == steps.reader.poll_s(0)


def test_a_mistake_in_the_thread_is_not_silence() -> None:
    """A thread that died would else look like a topic without records."""
    steps = Steps(Told(p0=(0, 0)))
    steps.reader._thread = threading.Thread()  # never alive
    with pytest.raises(KafkaError, match="the thread that reads the Kafka topic 't' died"):
        steps.reader.take(0)
