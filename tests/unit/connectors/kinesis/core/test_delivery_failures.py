"""What the delivery makes of records and requests that were not written, and when it gives up."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest

from connectors.kinesis.core.answer import Entry
from connectors.kinesis.core.retry import Kind
from tests.unit.connectors.kinesis.core.made import SHARD, taken
from tests.unit.connectors.kinesis.core.trial import Trial

BUSY = "InternalFailure"
NEED_PERSON = (
    *(Kind.CREDENTIALS, Kind.DENIED, Kind.NO_KEY, Kind.NOT_FOUND),
    *(Kind.INVALID, Kind.REFUSED),
)


def sent(listed: str, **changes: Any) -> Trial:
    """Send the first records of these; nothing lingers."""
    trial = Trial(linger_s=0.0, **changes)
    trial.offer(listed)
    return trial


def worked(listed: str, **changes: Any) -> Trial:
    """Send these after a record that was acknowledged."""
    trial = sent("z0", **changes)
    trial.answer("z0")
    trial.now = 1.0
    trial.offer(listed)
    return trial


@pytest.mark.parametrize("name", ["a1", "b1", "c1"])
def test_only_the_failed_record_is_sent_again(name: str) -> None:
    """After a pause it goes alone; the others are done with."""
    trial = sent("a1 b1 c1")
    assert [] == trial.answer("a1 b1 c1", **{name: BUSY})
    assert Counter({BUSY: 1}) == trial.failures
    assert (2, 1, 0) == (trial.stats.acknowledged, trial.stats.retried, trial.stats.throttled)
    assert 0.05 == trial.actions.poll_at
    assert [name] == trial.at(0.05)
    trial.answer(name)
    assert trial.delivery.is_empty


def test_later_records_of_a_failed_key_wait_and_other_keys_go_on() -> None:
    """One record that fails holds up its own key only."""
    trial = sent("a1 a2 b1 b2 b3")
    assert ["b2"] == trial.answer("a1 b1", a1=BUSY)
    assert ["b3"] == trial.answer("b2")
    assert [] == trial.answer("b3")
    assert ["a1"] == trial.at(0.05)
    assert ["a2"] == trial.answer("a1")


def test_a_record_pauses_longer_each_time_it_fails() -> None:
    """Whatever is acknowledged meanwhile: its own failures count, until it is written."""
    trial = sent("a1 a2")
    pauses = []
    for _ in range(4):
        trial.answer("a1", a1=BUSY)
        pauses.append(trial.actions.poll_at - trial.now)
        trial.at(trial.actions.poll_at)
    assert [0.05, 0.1, 0.2, 0.4] == pytest.approx(pauses)
    assert ["a2"] == trial.answer("a1")
    trial.answer("a2", a2=BUSY)
    assert 0.05 == pytest.approx(trial.actions.poll_at - trial.now)


def test_a_record_that_failed_does_not_linger_again() -> None:
    """Neither when its pause is over, nor does the one that waited behind it."""
    trial = Trial(linger_s=60.0)
    trial.offer("a1 a2")
    trial.at(60.0)
    trial.answer("a1", a1=BUSY)
    assert ["a1"] == trial.at(60.05)
    assert ["a2"] == trial.answer("a1")


def test_an_entry_in_doubt_is_not_acknowledged() -> None:
    """Without a sequence number, or with an error code beside it, a record is sent again."""
    trial = sent("a1 b1 c1")
    entries = [Entry(shard_id=SHARD), Entry("1", SHARD, BUSY), taken()]
    trial.answer_with(trial.under_way.pop(), entries)
    assert Counter({"NoSequenceNumber": 1, BUSY: 1}) == trial.failures
    assert ["a1 b1"] == trial.at(0.05)


@pytest.mark.parametrize("kind", [Kind.UNAVAILABLE, Kind.THROTTLED, Kind.EXPIRED])
def test_a_failed_request_goes_again_as_it_was(kind: Kind) -> None:
    """After a pause its records go first and in their order, with what came meanwhile."""
    trial = sent("a1 b1 a2")
    assert [] == trial.fail("a1 b1", kind)
    assert 0.05 == trial.actions.poll_at
    assert [] == trial.offer("c1 a3")
    assert ["a1 b1 c1"] == trial.at(0.05)
    assert 2 == trial.stats.retried
    assert ["a2"] == trial.answer("a1 b1 c1")


def test_in_a_pause_nothing_at_all_is_sent() -> None:
    """A service that is down is left alone, whatever there is to send."""
    trial = sent("a1")
    trial.fail("a1", Kind.UNAVAILABLE)
    assert [] == trial.offer(" ".join(f"{chr(0x100 + n)}1" for n in range(600)))
    assert [] == trial.flush()
    assert 0.05 == trial.actions.poll_at
    assert [500, 101] == [len(each.split()) for each in trial.at(0.05)]


def test_requests_that_fail_together_pause_once() -> None:
    """Those under way when the pause began do not make it longer, the next failure does."""
    trial = sent("a1")
    trial.offer("b1")
    trial.now = 1.0
    trial.fail("a1", Kind.UNAVAILABLE)
    trial.fail("b1", Kind.UNAVAILABLE)
    assert ["b1 a1"] == trial.at(1.05)
    trial.fail("b1 a1", Kind.UNAVAILABLE)
    assert 1.15 == pytest.approx(trial.actions.poll_at)


def test_without_any_progress_it_gives_up() -> None:
    """So long after the first failed request was sent: exactly then, and no earlier."""
    trial = sent("a1", give_up_s=0.5)
    trial.now = 0.125
    trial.fail("a1", Kind.UNAVAILABLE)
    while trial.actions.poll_at < 0.5:
        assert ["a1"] == trial.at(trial.actions.poll_at)
        trial.fail("a1", Kind.UNAVAILABLE)
        assert not trial.actions.gave_up
    assert 0.5 == trial.actions.poll_at
    trial.at(0.5)
    assert trial.actions.gave_up


def test_a_silent_service_is_given_up_too() -> None:
    """While all requests are unanswered, it is still asked at the end of the time."""
    trial = sent("a1", give_up_s=10.0, max_in_flight=1)
    trial.fail("a1", Kind.UNAVAILABLE)
    assert ["a1"] == trial.at(0.05)
    assert 10.0 == trial.actions.poll_at
    trial.at(10.0)
    assert trial.actions.gave_up


def test_after_giving_up_nothing_is_sent() -> None:
    """Neither what comes, nor what is flushed, nor what is due; and there is no time to ask at."""
    trial = sent("a1 a2", give_up_s=0.0)
    trial.fail("a1", Kind.UNAVAILABLE)
    assert (True, math.inf) == (trial.actions.gave_up, trial.actions.poll_at)
    assert [[], [], []] == [trial.offer("b1"), trial.flush(), trial.at(99.0)]
    assert trial.actions.gave_up


@pytest.mark.parametrize("kind", [Kind.UNAVAILABLE, Kind.INVALID])
def test_it_stays_over_whatever_is_answered_late(kind: Kind) -> None:
    """Requests were under way when it ended, and may fail in another way."""
    trial = worked("a1", give_up_s=5.0)
    trial.offer("b1")
    trial.fail("a1", Kind.DENIED)
    trial.at(99.0)
    assert trial.actions.gave_up
    assert [] == trial.fail("b1", kind)
    assert trial.actions.gave_up


def test_a_mistake_in_the_set_up_stays_one() -> None:
    """Though another request, under way at the same time, fails for a reason that passes."""
    trial = sent("a1")
    trial.offer("b1")
    trial.fail("a1", Kind.DENIED)
    trial.fail("b1", Kind.UNAVAILABLE)
    assert trial.actions.gave_up


def test_one_acknowledged_record_puts_the_end_off() -> None:
    """Its time counts from the next failure."""
    trial = sent("a1", give_up_s=10.0)
    trial.offer("b1")
    trial.fail("a1", Kind.UNAVAILABLE)
    trial.now = 9.0
    assert ["a1"] == trial.answer("b1")
    assert math.inf == trial.actions.poll_at
    trial.now = 12.0
    trial.fail("a1", Kind.UNAVAILABLE)
    trial.at(12.05)
    trial.at(18.9)
    assert not trial.actions.gave_up
    trial.at(19.0)
    assert trial.actions.gave_up


def test_a_key_that_fails_beside_others_that_do_not_is_no_standstill() -> None:
    """A slow shard is not an unreachable stream: there is always progress somewhere."""
    trial = sent("b1 a1", give_up_s=10.0)
    for number in range(2, 12):
        trial.answer(f"b{number - 1} a1", a1=BUSY)
        trial.now += 9.0
        assert [f"b{number} a1"] == trial.offer(f"b{number}")
        assert not trial.actions.gave_up


def test_a_request_that_hangs_while_others_are_acknowledged_is_no_standstill() -> None:
    """It fails later than give_up_s after it was sent, and the job goes on."""
    trial = sent("a1", give_up_s=5.0)
    trial.offer("b1")
    trial.now = 9.0
    trial.answer("b1")
    trial.now = 10.0
    trial.fail("a1", Kind.UNAVAILABLE)
    assert (False, 10.05) == (trial.actions.gave_up, trial.actions.poll_at)
    trial.at(10.05)
    trial.at(13.9)
    assert not trial.actions.gave_up
    trial.at(14.0)
    assert trial.actions.gave_up


@pytest.mark.parametrize("kind", NEED_PERSON, ids=lambda kind: kind.name)
def test_what_needs_a_person_ends_it_at_once_before_the_first_acknowledgement(kind: Kind) -> None:
    """A mistake in the set-up is told by the first answer."""
    trial = sent("a1")
    trial.fail("a1", kind)
    assert trial.actions.gave_up


@pytest.mark.parametrize("kind", NEED_PERSON, ids=lambda kind: kind.name)
def test_what_needs_a_person_is_waited_for_once_it_has_worked(kind: Kind) -> None:
    """Somebody may mend it, so it is tried again, for as long as anything is."""
    trial = worked("a1", give_up_s=1.0)
    for _ in range(3):
        trial.fail("a1", kind)
        assert not trial.actions.gave_up
        assert ["a1"] == trial.at(trial.actions.poll_at)
    trial.answer("a1")
    assert trial.delivery.is_empty
