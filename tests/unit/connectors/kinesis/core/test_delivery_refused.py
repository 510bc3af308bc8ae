"""Records that Kinesis can never accept: they are found, put aside, and hold up nobody."""

from __future__ import annotations

import math
from typing import Any

import pytest

from connectors.kinesis import KinesisRecord
from connectors.kinesis.core.actions import Aside, Superseded
from connectors.kinesis.core.retry import Kind
from tests.unit.connectors.kinesis.core.made import failed, names, record, taken
from tests.unit.connectors.kinesis.core.trial import Trial

INVALID = "ValidationException"
TOO_LARGE = "data and partition key have 11 bytes, more than 10"
CAUSE = f"Kinesis refuses the record ({INVALID}), and accepts others"


def sent(listed: str, **changes: Any) -> Trial:
    """Send the first records of these at 0 s; nothing lingers."""
    trial = Trial(linger_s=0.0, **changes)
    trial.offer(listed)
    return trial


def worked(**changes: Any) -> Trial:
    """Have one record acknowledged at 0 s; it is 1 s now."""
    trial = sent("z0", **changes)
    trial.answer("z0")
    trial.now = 1.0
    return trial


def test_an_impossible_record_is_put_aside_unsent() -> None:
    """It is told with its cause, and the next record of its key goes at once."""
    trial = Trial(linger_s=0.0, max_record_bytes=10)
    large = KinesisRecord(bytes(10), "a")
    assert ["b1 a1"] == trial.hand_in([large, record("a1"), record("b1")])
    assert [Aside(large, TOO_LARGE, since=0.0)] == trial.asides
    assert 1 == trial.stats.dead_lettered
    trial.answer("b1 a1")
    assert trial.delivery.is_empty
    assert 0 == trial.stats.unsettled


def test_an_impossible_record_waits_its_turn() -> None:
    """It is put aside after the earlier record of its key was acknowledged: news are in order."""
    trial = Trial(linger_s=0.0, max_record_bytes=10)
    large = KinesisRecord(bytes(10), "a")
    trial.hand_in([record("a1"), large, record("a2")])
    assert [] == trial.asides
    trial.now = 2.0
    assert ["a2"] == trial.answer("a1")
    assert [Aside(large, TOO_LARGE, since=2.0)] == trial.asides


def test_a_record_put_aside_is_superseded_by_the_next_acknowledged_one() -> None:
    """That one shows all that is known of the key; it is told once."""
    trial = Trial(linger_s=0.0, max_record_bytes=10)
    large = KinesisRecord(bytes(10), "a")
    trial.hand_in([large, record("a1"), record("a2")])
    trial.answer("a1", a1="InternalFailure")
    assert 1 == len(trial.asides)
    trial.at(0.05)
    trial.answer("a1")
    trial.answer("a2")
    assert [Aside(large, TOO_LARGE, since=0.0), Superseded("a")] == trial.asides


def test_what_earlier_executions_put_aside_is_superseded_too() -> None:
    """By the first record of that key only."""
    trial = Trial(aside_keys=["a", "c"], linger_s=0.0)
    trial.offer("a1 b1 a2")
    trial.answer("a1 b1")
    trial.answer("a2")
    assert [Superseded("a")] == trial.asides


def test_ten_thousand_impossible_records_of_one_key_are_no_trouble() -> None:
    """They are put aside one after the other, and not one inside the other."""
    trial = Trial(linger_s=0.0, max_record_bytes=10)
    large = KinesisRecord(bytes(10), "a")
    assert ["a1"] == trial.hand_in([*[large] * 10_000, record("a1")])
    assert 10_000 == trial.stats.dead_lettered == len(trial.asides)


def test_ten_thousand_records_of_one_key_refused_by_the_service_are_no_trouble() -> None:
    """Each is refused beside one that is accepted."""
    trial = Trial(linger_s=0.0)
    trial.hand_in([KinesisRecord(b"%d" % number, "a") for number in range(10_000)])
    other = iter(range(10_000))
    while trial.under_way:
        trial.hand_in([KinesisRecord(b"x", f"key-{next(other)}")])
        second, first = trial.under_way.pop(), trial.under_way.pop()
        trial.answer_with(second, [taken()])
        trial.answer_with(first, [failed(INVALID)])
    assert (10_000, 0) == (trial.stats.dead_lettered, trial.stats.unsettled)


def test_a_record_refused_beside_accepted_ones_is_put_aside() -> None:
    """The same answer accepts others, so the fault is the record's; its next one goes at once."""
    trial = Trial(linger_s=60.0)
    trial.offer("a1 b1 a2")
    trial.at(60.0)
    assert ["a2"] == trial.answer("a1 b1", a1=INVALID)
    aside = Aside(record("a1"), CAUSE, since=60.0, code=INVALID, attempts=1)
    assert [aside] == trial.asides
    trial.answer("a2")
    assert trial.delivery.is_empty


def test_trouble_with_what_is_settled_is_forgotten() -> None:
    """After a refused record was put aside and nothing is left, idle time is not counted."""
    trial = sent("a1 b1", give_up_s=10.0)
    trial.answer("a1 b1", b1=INVALID)
    assert trial.delivery.is_empty
    assert math.inf == trial.actions.poll_at
    trial.now = 9.0
    trial.offer("c1")
    trial.at(11.0)
    assert not trial.actions.gave_up


def test_records_that_are_all_refused_are_not_put_aside() -> None:
    """Something else may be wrong with the request, so they are sent again, after a pause."""
    trial = sent("a1 b1")
    trial.answer("a1 b1", a1=INVALID, b1=INVALID)
    assert [] == trial.asides
    assert ["a1 b1"] == trial.at(0.05)
    trial.answer("a1 b1")
    assert [] == trial.asides


def test_a_lone_refused_record_is_put_aside_once_others_were_accepted() -> None:
    """Proof is a record that was accepted after it was refused first, not one before that."""
    trial = worked()
    trial.offer("a1 a2")
    assert [] == trial.fail("a1", Kind.INVALID, INVALID)
    assert ["a1"] == trial.at(1.05)
    assert [] == trial.fail("a1", Kind.INVALID, INVALID)
    assert [] == trial.asides
    assert ["b1"] == trial.offer("b1")
    trial.answer("b1")
    assert ["a1"] == trial.at(1.2)
    assert ["a2"] == trial.fail("a1", Kind.INVALID, INVALID)
    aside = Aside(record("a1"), CAUSE, since=1.0, code=INVALID, attempts=3)
    assert [aside] == trial.asides


def test_a_lone_refused_record_stops_the_job_at_last() -> None:
    """Without proof against it nothing is dropped, and after give_up_s it is over."""
    trial = worked(give_up_s=60.0)
    trial.offer("a1")
    while trial.under_way:
        trial.fail("a1", Kind.INVALID, INVALID)
        trial.at(trial.actions.poll_at)
    assert (61.0, True, []) == (trial.now, trial.actions.gave_up, trial.asides)
    assert 1 == trial.stats.unsettled


def test_before_the_first_acknowledgement_a_request_refused_throughout_ends_it() -> None:
    """It is halved first: only if none of its records is accepted, the set-up is wrong."""
    trial = sent("a1 b1 c1", max_in_flight=1)
    answered = []
    for listed in ("a1 b1 c1", "a1", "b1 c1", "b1", "c1"):
        assert not trial.actions.gave_up
        answered += trial.fail(listed, Kind.INVALID, INVALID)
    assert ["a1", "b1 c1", "b1", "c1"] == answered
    assert trial.actions.gave_up


def test_a_refused_record_in_the_first_request_of_all_does_not_end_it() -> None:
    """Not even if its half is answered before the one that is accepted."""
    trial = sent("a1 b1")
    assert ["a1", "b1"] == trial.fail("a1 b1", Kind.INVALID, INVALID)
    trial.fail("a1", Kind.INVALID, INVALID)
    trial.answer("b1")
    assert ["a1"] == trial.at(0.05)
    trial.fail("a1", Kind.INVALID, INVALID)
    assert [Aside(record("a1"), CAUSE, since=0.0, code=INVALID, attempts=2)] == trial.asides
    assert trial.delivery.is_empty


def test_a_refused_request_is_sent_in_halves() -> None:
    """At once, each half alone and ahead of what else is due; what is accepted is done with."""
    trial = worked(max_in_flight=1)
    trial.offer("a1 b1 c1 a2")
    trial.offer("d1")
    assert ["a1"] == trial.fail("a1 b1 c1", Kind.INVALID, INVALID)
    assert ["b1 c1"] == trial.answer("a1")
    assert ["b1"] == trial.fail("b1 c1", Kind.INVALID, INVALID)
    assert ["c1"] == trial.answer("b1")
    assert ["d1 a2"] == trial.fail("c1", Kind.INVALID, INVALID)
    aside = Aside(record("c1"), CAUSE, since=1.0, code=INVALID, attempts=1)
    assert [aside] == trial.asides


def test_halves_keep_to_the_pause_of_others() -> None:
    """While the service is down, no half of a refused request is sent either."""
    trial = worked(max_in_flight=2)
    trial.offer("a1 b1")
    trial.offer("c1")
    trial.fail("c1", Kind.UNAVAILABLE)
    assert [] == trial.fail("a1 b1", Kind.INVALID, INVALID)
    assert 1.05 == trial.actions.poll_at
    assert ["a1", "b1"] == trial.at(1.05)
    assert ["c1"] == trial.answer("a1")


def test_a_half_that_fails_for_another_reason_starts_over() -> None:
    """Its records go again with others; nothing is put aside for a network that broke."""
    trial = worked()
    trial.offer("a1 b1")
    trial.fail("a1 b1", Kind.INVALID, INVALID)
    trial.fail("a1", Kind.UNAVAILABLE)
    assert ["a1"] == trial.at(1.05)
    trial.answer("a1")
    trial.answer("b1")
    assert [] == trial.asides
    assert trial.delivery.is_empty


@pytest.mark.parametrize("max_in_flight", [1, 4])
@pytest.mark.parametrize(
    ("count", "poison"),
    [(1, {0}), (2, {1}), (7, {3}), (500, {0}), (500, {499}), (500, {17, 18, 400}), (500, set())],
)
def test_a_search_ends_with_exactly_the_poison_put_aside(
    count: int, poison: set[int], max_in_flight: int
) -> None:
    """Whatever is refused with a request: all others are acknowledged, and few requests do it."""
    trial = worked(max_in_flight=max_in_flight)
    trial.hand_in([KinesisRecord(b"%d" % number, f"key-{number}") for number in range(count)])
    trial.offer("y1")  # one more, without which a lone record could not be told to be at fault
    bad = {str(number) for number in poison}
    while not trial.delivery.is_empty:
        assert trial.stats.requests < 100
        if not trial.under_way:
            trial.at(trial.actions.poll_at)
            continue
        request = trial.under_way[0]
        listed = names(request.records)
        trial.now += 0.01
        if bad.intersection(listed.split()):
            trial.fail(listed, Kind.INVALID, INVALID)
        else:
            trial.answer(listed)
    found = {aside.record.data.decode() for aside in trial.asides if isinstance(aside, Aside)}
    assert bad == found
    assert (len(bad), count + 2 - len(bad)) == (
        trial.stats.dead_lettered,
        trial.stats.acknowledged,
    )
