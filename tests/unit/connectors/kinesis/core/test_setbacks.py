"""What is remembered of records that failed."""

from __future__ import annotations

import math

from connectors.kinesis.core.retry import Backoff
from connectors.kinesis.core.setbacks import Setbacks
from tests.unit.connectors.kinesis.core.made import names, record


def setbacks_of(random: float = 1.0) -> Setbacks:
    """Remember nothing yet."""
    return Setbacks(Backoff(lambda: random))


def test_the_pause_grows_with_the_failures_of_the_record() -> None:
    """50, 100, 200 ms at most after the first, second and third failure; another starts anew."""
    setbacks, a1, b1 = setbacks_of(), record("a1"), record("b1")
    due_at = []
    for each in (a1, a1, a1, b1):
        setbacks.failed(each)
        setbacks.wait(each, 10.0)
        due_at.append(setbacks.next_at)
        list(setbacks.due(99.0))
    assert [10.05, 10.1, 10.2, 10.05] == due_at
    assert (3, 1) == (setbacks.attempts(a1), setbacks.attempts(b1))


def test_records_come_back_at_their_time_and_in_their_order() -> None:
    """Only those whose pause is over come back, the earliest first, equal ones as they came."""
    setbacks = setbacks_of()
    for name, now in (("d1", 2.0), ("b1", 1.0), ("a1", 1.0), ("c1", 3.0)):
        setbacks.failed(record(name))
        setbacks.wait(record(name), now)
    assert (4, 1.05) == (len(setbacks), setbacks.next_at)
    assert [] == list(setbacks.due(1.0))
    assert "b1 a1 d1" == names(list(setbacks.due(2.5)))
    assert (1, 3.05) == (len(setbacks), setbacks.next_at)
    assert "c1" == names(list(setbacks.due(3.05)))
    assert (0, math.inf) == (len(setbacks), setbacks.next_at)


def test_what_is_settled_is_forgotten() -> None:
    """The next record of the key starts with a clean record."""
    setbacks, a1, a2 = setbacks_of(), record("a1"), record("a2")
    setbacks.failed(a1)
    assert 1.0 == setbacks.refused_at(a1, 1.0)
    assert "a" in setbacks
    setbacks.settled("a")
    assert "a" not in setbacks
    assert 0 == setbacks.attempts(a2)
    assert 7.0 == setbacks.refused_at(a2, 7.0)


def test_the_first_refusal_counts() -> None:
    """What was accepted since a record was first refused speaks against it, later ones do not."""
    setbacks, a1 = setbacks_of(), record("a1")
    assert [3.0, 3.0] == [setbacks.refused_at(a1, since) for since in (3.0, 9.0)]


def test_settling_a_key_that_never_failed_is_nothing() -> None:
    """Most keys never fail."""
    setbacks = setbacks_of()
    setbacks.settled("a")
    assert "a" not in setbacks
