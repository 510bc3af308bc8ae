"""The records to answer for: order per key, what may be replaced, and the bounds."""

from __future__ import annotations

from collections import deque

import pytest

from connectors.kinesis import KinesisRecord
from connectors.kinesis.core.unsettled import Admitted, Unaccounted, Unsettled
from tests.unit.connectors.kinesis.core.made import names, record, records, settings


class Admitting:
    """Records that are admitted, and those that are certainly acceptable of the first ones."""

    def __init__(self, **changes: int) -> None:
        """Have room for this much."""
        self.unsettled = Unsettled(settings(**changes))
        self.plain: deque[KinesisRecord] = deque()

    def admit(self, *found: KinesisRecord, start: int = 0) -> Admitted:
        """Offer records."""
        return self.unsettled.admit(found, start, self.plain)

    @property
    def held(self) -> tuple[int, int, int]:
        """How many keys, records and bytes there are."""
        return len(self.unsettled), self.unsettled.records, self.unsettled.bytes


def test_the_first_record_of_each_key_is_given_out() -> None:
    """Others wait behind it; bytes are those of the data alone."""
    admitting = Admitting()
    admitted = admitting.admit(*records("a1 b1 a2 a3"))
    assert "a1 b1" == names(list(admitting.plain))
    assert (2, 4, 8) == admitting.held
    assert Admitted(stop=4, superseded=0, largest=3, firsts=[]) == admitted


def test_each_record_follows_the_one_before_it() -> None:
    """Settling the first gives the second, and so on; then the key is forgotten."""
    admitting = Admitting()
    admitting.admit(*records("a1 a2 a3"))
    order, following = ["a1"], admitting.unsettled.settle(record("a1"))
    while following is not None:
        order.append(following.data.decode())
        following = admitting.unsettled.settle(following)
    assert ["a1", "a2", "a3"] == order
    assert (0, 0, 0) == admitting.held


def test_a_key_that_was_settled_starts_anew() -> None:
    """Its next record is a first one."""
    admitting = Admitting()
    admitting.admit(*records("a1 a2"))
    admitting.unsettled.settle(record("a1"))
    admitting.admit(record("a3"))
    assert record("a3") == admitting.unsettled.settle(record("a2"))
    admitting.unsettled.settle(record("a3"))
    admitting.admit(record("a4"))
    assert "a1 a4" == names(list(admitting.plain))


def test_a_waiting_record_gives_way_if_it_says_so() -> None:
    """Of what waits behind the first, a replaceable one is replaced by the next of its key."""
    admitting = Admitting()
    admitted = admitting.admit(
        record("a1", replaceable=True),
        record("a2", replaceable=True),
        record("a3long", replaceable=True),
        record("a4"),
    )
    assert (4, 2) == (admitted.stop, admitted.superseded)
    assert record("a4") == admitting.unsettled.settle(record("a1", replaceable=True))
    assert (1, 1, 2) == admitting.held


def test_a_record_that_must_not_be_replaced_stays() -> None:
    """It stays, also if what comes after it could have taken its place or may be replaced."""
    admitting = Admitting()
    a1, a2, a3 = record("a1"), record("a2"), record("a3", replaceable=True)
    admitted = admitting.admit(a1, a2, a3, record("b1", replaceable=True))
    assert 0 == admitted.superseded
    assert [a2, a3] == [admitting.unsettled.settle(each) for each in (a1, a2)]


def test_the_first_record_of_a_key_is_never_replaced() -> None:
    """It may be on its way already."""
    admitting = Admitting()
    first = record("a1", replaceable=True)
    assert 0 == admitting.admit(first, record("a2")).superseded
    assert record("a2") == admitting.unsettled.settle(first)


def test_no_more_records_are_taken_than_there_is_room_for() -> None:
    """The offer stops where the room ends, and can go on from there."""
    admitting = Admitting(buffer_records=3)
    offered = records("a1 a2 b1 b2 c1")
    assert 3 == admitting.admit(*offered).stop
    assert not admitting.unsettled.has_room
    admitting.unsettled.settle(offered[0])
    assert admitting.unsettled.has_room
    assert 4 == admitting.admit(*offered, start=3).stop
    assert (2, 3, 6) == admitting.held


@pytest.mark.parametrize("last", [1, 500])
def test_bytes_are_bounded_but_for_one_record(last: int) -> None:
    """The record that reaches the bound, or goes beyond it, is taken whole, and none after it."""
    admitting = Admitting(buffer_bytes=10)
    sizes = (("a", 9), ("b", last), ("c", 1))
    a1, b1, c1 = (KinesisRecord(bytes(size), key) for key, size in sizes)
    assert 2 == admitting.admit(a1, b1, c1).stop
    assert 9 + last == admitting.unsettled.bytes
    assert not admitting.unsettled.has_room
    assert 0 == admitting.admit(c1).stop
    admitting.unsettled.settle(b1)
    assert admitting.unsettled.has_room


def test_a_replaced_record_gives_its_room_back() -> None:
    """What is superseded is held no more, in records and in bytes."""
    admitting = Admitting(buffer_records=3)
    admitting.admit(record("a1"), record("a2long", replaceable=True), record("a3"))
    assert (1, 2, 4) == admitting.held
    assert admitting.unsettled.has_room


@pytest.mark.parametrize(
    "odd",
    [
        KinesisRecord(b"", ""),
        KinesisRecord(b"", "k" * 257),
        KinesisRecord(b"", "é"),
        KinesisRecord(bytes(20), "k"),
        KinesisRecord(b"", "k", "7"),
    ],
)
def test_records_that_need_a_closer_look_are_given_out_apart(odd: KinesisRecord) -> None:
    """They may be impossible, so they go to nobody before that is known."""
    admitting = Admitting(max_record_bytes=20)
    admitted = admitting.admit(record("a1"), odd)
    assert [odd] == admitted.firsts
    assert "a1" == names(list(admitting.plain))
    assert 3 == admitted.largest


def test_a_record_at_the_limits_is_certainly_acceptable() -> None:
    """A key of 256 characters, and as many bytes in all as the stream takes."""
    admitting = Admitting(max_record_bytes=300)
    full = KinesisRecord(bytes(44), "k" * 256)
    assert Admitted(stop=1, superseded=0, largest=300, firsts=[]) == admitting.admit(full)


def test_what_cannot_be_found_is_a_defect() -> None:
    """As many first records must be found elsewhere as there are keys."""
    admitting = Admitting()
    admitting.admit(*records("a1 a2 b1"))
    admitting.unsettled.require(2)
    for found in (0, 1, 3):
        with pytest.raises(Unaccounted, match="2 partition keys"):
            admitting.unsettled.require(found)


@pytest.mark.parametrize(("count", "held"), [(1, 0), (0, 1)])
def test_what_is_open_without_a_key_is_a_defect(count: int, held: int) -> None:
    """When no key is left, neither is any record or byte."""
    unsettled = Unsettled(settings())
    unsettled.require(0)
    unsettled.records, unsettled.bytes = count, held
    with pytest.raises(Unaccounted, match=f"{count} records and {held} bytes are open"):
        unsettled.require(0)


def test_a_defect_quotes_nobody() -> None:
    """What is said of a defect are numbers."""
    admitting = Admitting()
    admitting.admit(KinesisRecord(b"canary", "canary"))
    with pytest.raises(Unaccounted) as caught:
        admitting.unsettled.require(0)
    assert "canary" not in str(caught.value)
