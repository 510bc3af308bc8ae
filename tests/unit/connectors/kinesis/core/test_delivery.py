"""What the delivery sends, and when, as long as nothing fails."""

from __future__ import annotations

import math

import pytest

from connectors.kinesis import KinesisRecord
from connectors.kinesis.core.actions import Request
from connectors.kinesis.core.unsettled import Unaccounted
from tests.unit.connectors.kinesis.core.made import record, records, taken
from tests.unit.connectors.kinesis.core.trial import Trial

MIB = 1_048_576


def many(count: int) -> list[KinesisRecord]:
    """Make as many records, each of another key."""
    return [KinesisRecord(b"%d" % number, f"key-{number}") for number in range(count)]


def test_at_first_there_is_nothing_to_do() -> None:
    """An empty delivery sends nothing, wants nothing, and need not be asked again."""
    trial = Trial()
    assert (True, True) == (trial.delivery.is_empty, trial.delivery.has_room)
    assert [] == trial.poll()
    assert (math.inf, False, False) == (
        trial.actions.poll_at,
        trial.actions.wants_shards,
        trial.actions.gave_up,
    )


def test_a_lone_record_goes_after_the_linger_time() -> None:
    """It says when, and then waits for nothing but the time."""
    trial = Trial(linger_s=1.0)
    assert [] == trial.offer("a1")
    assert 1.0 == trial.actions.poll_at
    assert [] == trial.at(0.5)
    assert ["a1"] == trial.at(1.0)
    assert math.inf == trial.actions.poll_at


def test_the_linger_time_counts_from_the_oldest_record() -> None:
    """Records that come later go with it and do not put it off."""
    trial = Trial(linger_s=1.0)
    trial.offer("a1")
    trial.now = 0.75
    assert [] == trial.offer("b1")
    assert ["a1 b1"] == trial.at(1.0)


def test_without_a_linger_time_each_record_goes_at_once() -> None:
    """Zero is a linger time, too."""
    trial = Trial(linger_s=0.0)
    assert [["a1"], ["b1"]] == [trial.offer("a1"), trial.offer("b1")]


def test_a_full_request_does_not_linger() -> None:
    """500 keys go at once, and what is left of 501 lingers."""
    trial = Trial()
    assert [500] == [len(sent.split()) for sent in trial.hand_in(many(501))]
    assert 1.0 == trial.actions.poll_at


def test_a_flush_sends_what_lingers() -> None:
    """It goes at once, and so does what follows until everything is settled."""
    trial = Trial()
    trial.offer("a1 a2 b1")
    assert ["a1 b1"] == trial.flush()
    trial.hand_in(many(500))
    assert ["c1"] == trial.offer("c1")
    assert ["a2"] == trial.answer("a1 b1")
    assert math.inf == trial.actions.poll_at


def test_after_a_flush_records_linger_again() -> None:
    """A flush is over when nothing is left, and a flush of nothing is over at once."""
    trial = Trial()
    assert [] == trial.flush()
    assert [] == trial.offer("a1")
    trial.flush()
    trial.answer("a1")
    assert trial.delivery.is_empty
    assert [] == trial.offer("a2")


def test_a_full_buffer_sends_what_it_has() -> None:
    """When nothing more can join, waiting has no use."""
    trial = Trial(buffer_records=3)
    assert ["a1 b1"] == trial.offer("a1 a2 b1")
    assert not trial.delivery.has_room
    assert 1 == trial.delivery.offer(records("c1 c2"), 1, 0.0)
    trial.answer("a1 b1")
    assert trial.delivery.has_room
    assert 2 == trial.delivery.offer(records("c1 c2"), 1, 0.0)
    assert 4 == trial.stats.offered


def test_a_key_has_one_record_under_way() -> None:
    """A later record of it is first sent after the earlier one was acknowledged."""
    trial = Trial(linger_s=0.0)
    assert ["a1 b1"] == trial.offer("a1 a2 b1")
    assert ["c1"] == trial.offer("a3 c1 b2")
    assert [] == trial.answer("c1")
    assert ["a2 b2"] == trial.answer("a1 b1")
    assert ["a3"] == trial.answer("a2 b2")


def test_the_next_record_of_a_key_does_not_linger_when_nothing_else_is_under_way() -> None:
    """A key alone has one record a round trip, not one a linger time."""
    trial = Trial(linger_s=1.0)
    trial.offer("a1 a2 a3")
    assert ["a1"] == trial.at(1.0)
    assert ["a2"] == trial.answer("a1")
    assert ["a3"] == trial.answer("a2")


def test_the_next_record_of_a_key_waits_for_company_while_others_are_under_way() -> None:
    """It goes with what the last answer brings, or after the linger time."""
    trial = Trial(linger_s=1.0)
    trial.offer("a1 a2 a3 b1 b2")
    trial.at(1.0)
    (full,) = trial.hand_in(many(500))
    assert [] == trial.answer("a1 b1")
    assert 2.0 == trial.actions.poll_at
    assert ["a2 b2"] == trial.answer(full)
    trial.hand_in(many(500))
    assert [] == trial.answer("a2 b2")
    assert ["a3"] == trial.at(2.0)


def test_no_more_requests_are_under_way_than_allowed() -> None:
    """The next one goes when one is answered; until then there is no time to ask at."""
    trial = Trial(max_in_flight=2)
    first, second = trial.hand_in(many(1_500))
    assert math.inf == trial.actions.poll_at
    assert [] == trial.at(99.0)
    assert 500 == len(trial.answer(second)[0].split())
    assert [] == trial.answer(first)


def test_a_request_holds_5_mib_and_no_more() -> None:
    """Six records of 1 MiB are two requests."""
    trial = Trial()
    trial.hand_in([KinesisRecord(bytes(MIB - 1), str(number)) for number in range(6)])
    trial.flush()
    assert [5, 1] == [len(request.records) for request in trial.actions.requests]


def test_large_records_behind_small_ones_are_counted_too() -> None:
    """Six that wait behind others of their keys are two requests when their turn comes."""
    trial = Trial()
    trial.hand_in([KinesisRecord(b"x", str(number)) for number in range(6)])
    trial.hand_in([KinesisRecord(bytes(MIB - 1), str(number)) for number in range(6)])
    trial.flush()
    trial.answer_with(trial.under_way.pop(), [taken()] * 6)
    assert [5, 1] == [len(request.records) for request in trial.actions.requests]


def test_a_replaceable_record_gives_way_while_it_waits() -> None:
    """Only what waits behind another one is replaced, and it counts as superseded."""
    trial = Trial(linger_s=0.0)
    assert ["a1"] == trial.offer("a1 a2 a3", replaceable=True)
    trial.offer("a4")
    assert ["a4"] == trial.answer("a1")
    trial.answer("a4")
    assert (4, 2, 2, 0) == (
        trial.stats.offered,
        trial.stats.acknowledged,
        trial.stats.superseded,
        trial.stats.unsettled,
    )


def test_everything_is_counted() -> None:
    """What was offered is acknowledged or open, and requests are those that were sent."""
    trial = Trial(linger_s=0.0)
    trial.offer("a1 a2 b1")
    assert (3, 0, 3, 1) == (
        trial.stats.offered,
        trial.stats.acknowledged,
        trial.stats.unsettled,
        trial.stats.requests,
    )
    trial.answer("a1 b1")
    trial.answer("a2")
    assert (3, 3, 0, 2) == (
        trial.stats.offered,
        trial.stats.acknowledged,
        trial.stats.unsettled,
        trial.stats.requests,
    )
    assert trial.delivery.is_empty


def test_ten_thousand_records_of_one_key_keep_their_order() -> None:
    """A hot key is delivered one by one."""
    trial = Trial(linger_s=0.0)
    trial.hand_in([KinesisRecord(b"%d" % number, "hot") for number in range(10_000)])
    sent = []
    while trial.under_way:
        request = trial.under_way.pop()
        sent += [int(each.data) for each in request.records]
        trial.answer_with(request, [taken()])
    assert list(range(10_000)) == sent


def test_an_answer_has_an_entry_for_each_record() -> None:
    """One that has not must not come this far: nobody knows what it acknowledges."""
    trial = Trial(linger_s=0.0)
    trial.offer("a1 b1")
    with pytest.raises(ValueError, match="shorter"):
        trial.answer_with(trial.under_way.pop(), [taken()])


def test_an_answer_to_nothing_is_a_defect() -> None:
    """An answer that comes twice, or for another delivery's request, is found."""
    trial = Trial(linger_s=0.0)
    trial.offer("a1")
    with pytest.raises(Unaccounted):
        trial.delivery.answered(Request([record("a1")], 0.0), [taken()], 0.0)


def test_a_record_that_went_astray_is_a_defect() -> None:
    """The balance is checked at each answer: a key whose record is nowhere is found."""
    trial = Trial()
    trial.offer("a1 b1")
    trial.at(1.0)
    trial.offer("c1")
    trial.delivery._ready.records.clear()
    with pytest.raises(Unaccounted, match="1 partition keys have unsettled records, of which 0"):
        trial.answer("a1 b1")


def test_a_delivery_says_nothing_of_its_records() -> None:
    """What prints objects must not print people."""
    trial = Trial()
    trial.hand_in([KinesisRecord(b"canary", "canary")])
    trial.flush()
    assert "canary" not in f"{trial.delivery!r} {trial.actions!r} {trial.delivery} {trial.actions}"
