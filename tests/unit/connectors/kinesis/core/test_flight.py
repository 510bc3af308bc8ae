"""Requests under way, and the halves of those that were refused."""

from __future__ import annotations

import pytest

from connectors.kinesis.core.actions import Request
from connectors.kinesis.core.flight import Flight
from connectors.kinesis.core.unsettled import Unaccounted
from tests.unit.connectors.kinesis.core.made import names, records


def test_requests_and_records_are_counted_from_begin_to_end() -> None:
    """Under way is what was sent and has not ended."""
    flight = Flight(9)
    first, second = Request(records("a1 b1"), 0.0), Request(records("c1"), 0.0)
    flight.begin(first)
    flight.begin(second)
    assert (2, 3) == (len(flight), flight.records)
    flight.end(first)
    assert (1, 1) == (len(flight), flight.records)
    flight.end(second)
    assert (0, 0) == (len(flight), flight.records)


def test_no_more_requests_begin_than_may_be_under_way() -> None:
    """It is full at the most, and not any more as soon as one has ended."""
    flight = Flight(2)
    first, second = Request(records("a1"), 0.0), Request(records("b1"), 0.0)
    flight.begin(first)
    assert not flight.is_full
    flight.begin(second)
    assert flight.is_full
    flight.end(first)
    assert not flight.is_full


def test_an_answer_to_nothing_is_a_defect() -> None:
    """A request ends once, and only if it began; an equal one is another one."""
    flight = Flight(9)
    request = Request(records("a1"), 0.0)
    flight.begin(request)
    with pytest.raises(Unaccounted, match="not under way"):
        flight.end(Request(request.records, 0.0))
    flight.end(request)
    with pytest.raises(Unaccounted, match="not under way"):
        flight.end(request)


def test_a_refused_request_comes_back_in_halves() -> None:
    """Both halves are sent alone, in order, and count as records under way until then."""
    flight = Flight(9)
    request = Request(records("a1 b1 c1"), 5.0, {"shard": 3})
    flight.begin(request)
    flight.end(request)
    assert flight.halve(request, 6.0)
    assert (0, 3) == (len(flight), flight.records)
    parts = [flight.next_suspect(7.0), flight.next_suspect(8.0)]
    assert ["a1", "b1 c1"] == [names(part.records) for part in parts]
    assert [7.0, 8.0] == [part.sent_at for part in parts]
    assert [6.0, 6.0] == [part.refused_at for part in parts]
    assert [{}, {}] == [part.drawn for part in parts]
    assert not flight.suspects


def test_halves_of_halves_remember_the_first_refusal() -> None:
    """The time a record is under suspicion since does not move as the search goes on."""
    flight = Flight(9)
    flight.halve(Request(records("a1 b1 c1 d1"), 1.0), 2.0)
    part = flight.next_suspect(3.0)
    flight.halve(part, 4.0)
    found = [flight.next_suspect(5.0) for _ in range(3)]
    assert ["c1 d1", "a1", "b1"] == [names(each.records) for each in found]
    assert [2.0, 2.0, 2.0] == [each.refused_at for each in found]


def test_one_record_is_not_halved() -> None:
    """A request of one record shows which one is refused."""
    flight = Flight(9)
    assert not flight.halve(Request(records("a1"), 0.0), 1.0)
    assert not flight.suspects


def test_a_search_goes_on_until_the_last_part_has_ended() -> None:
    """As long as a part of a refused request waits or is under way, more may be learnt."""
    flight = Flight(9)
    other = Request(records("z1"), 0.0)
    flight.begin(other)
    assert not flight.is_searching
    flight.halve(Request(records("a1 b1"), 0.0), 1.0)
    parts: list[Request] = []
    for _ in range(2):
        assert flight.is_searching
        parts.append(flight.next_suspect(2.0))
        flight.begin(parts[-1])
    assert flight.is_searching
    flight.end(parts[0])
    assert flight.is_searching
    flight.end(parts[1])
    assert not flight.is_searching
