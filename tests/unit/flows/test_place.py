"""A process's place: what it offers, and who is alone."""

from __future__ import annotations

import pytest

from flows.place import ALONE, PROCESSES, Place

TWO = ("h0:2101", "h1:2101")


def test_alone_is_one_process_without_peers() -> None:
    """It offers every input."""
    assert (1, 0, False, False) == (
        ALONE.processes,
        ALONE.process,
        ALONE.is_cluster,
        ALONE.has_own_disk,
    )
    assert all(ALONE.offers(number) for number in range(10))


def test_one_address_is_no_cluster() -> None:
    """Bytewax would have nobody to talk to."""
    place = Place(0, TWO[:1], has_own_disk=True)
    assert (1, False) == (place.processes, place.is_cluster)
    assert place.offers(7)


@pytest.mark.parametrize("processes", PROCESSES)
def test_each_input_is_offered_by_one_process(processes: int) -> None:
    """Inputs are dealt out in turn, so that no process has two more than another."""
    places = [
        Place(process, tuple(f"h:{port}" for port in range(processes)))
        for process in range(processes)
    ]
    assert all(place.processes == processes for place in places)
    offered = [[place.process for place in places if place.offers(n)] for n in range(2 * processes)]
    assert [[n % processes] for n in range(2 * processes)] == offered


def test_numbers_of_processes_divide_the_sink_s_partitions() -> None:
    """So that lanes and the sink partition of their records are in one process; sixty of those."""
    assert (1, 2, 3, 4, 5, 6, 10, 12) == PROCESSES
