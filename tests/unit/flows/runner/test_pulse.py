"""The pulse of a cluster, over real sockets of this machine: what is heard, and by whom."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from flows.place import Place
from flows.runner.pulse import Beat, Peers
from tests.support.started import addresses
from tests.support.waiting import wait_until


@pytest.fixture
def listed() -> tuple[str, ...]:
    """Three addresses of this machine that nobody has."""
    return tuple(addresses(3).split(","))


@pytest.fixture
def peers(listed: tuple[str, ...]) -> Iterator[list[Peers]]:
    """Three processes that can hear each other."""
    with ExitStack() as opened:
        found = [opened.enter_context(closing(Peers(Place(n, listed)))) for n in range(3)]
        for process, each in enumerate(found):
            each.exchange(beat(process))
        for each in found:
            each.exchange(beat(0))  # so that what was said at the start is over
        yield found


def beat(process: int, moves: int = 0, *, is_draining: bool = False, waits: bool = False) -> Beat:
    """Give a beat."""
    return Beat(process, moves, is_draining=is_draining, waits=waits)


def heard(peers: Peers, own: Beat, count: int) -> list[Beat]:
    """Exchange until so many beats have come."""
    found: list[Beat] = []

    def enough() -> bool:
        found.extend(peers.exchange(own))
        return len(found) >= count

    wait_until(enough)
    return found


def udp(address: str) -> socket.socket:
    """Open a socket at an address, which a process would have."""
    host, _, port = address.rpartition(":")
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind((host, int(port)))
    opened.settimeout(10)
    return opened


def test_each_hears_the_others_as_they_are(listed: tuple[str, ...]) -> None:
    """All that a beat says arrives, even the largest count; nobody hears itself."""
    said = [
        beat(0, 1 << 63, waits=True),
        beat(1, 7, is_draining=True),
        beat(2, 0),
    ]
    with ExitStack() as opened:
        peers = [opened.enter_context(closing(Peers(Place(n, listed)))) for n in range(3)]
        for process in range(3):  # those that open later did not hear the first ones
            peers[process].exchange(said[process])
        for process in range(3):
            peers[process].exchange(said[process])
        for process in range(3):
            others = {each.process: each for each in said if each.process != process}
            found = heard(peers[process], said[process], 2)
            assert others == {each.process: each for each in found}


def has_ipv6() -> bool:
    """Whether this machine has the address ::1."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as tried:
        try:
            tried.bind(("::1", 0))
        except OSError:
            return False
    return True


@pytest.mark.skipif(
    not (socket.has_ipv6 and has_ipv6()),
    reason="no IPv6 loopback on this machine",
)
def test_an_ipv6_address_stands_in_brackets(listed: tuple[str, ...]) -> None:
    """As Bytewax takes it."""
    sixes = tuple(f"[::1]:{address.rpartition(':')[2]}" for address in listed)
    with (
        closing(Peers(Place(0, sixes))) as first,
        closing(Peers(Place(1, sixes))) as second,
    ):
        first.exchange(beat(0))
        second.exchange(beat(1, 3))
        assert [beat(1, 3)] == heard(first, beat(0), 1)


def test_nobody_there_is_silence(listed: tuple[str, ...]) -> None:
    """No port is open at the other addresses, and one is no address at all."""
    place = Place(0, (listed[0], listed[1], "no-such-host.invalid:1", "neither:host"))
    with closing(Peers(place)) as peers:
        assert [[], [], []] == [peers.exchange(beat(0, moves)) for moves in range(3)]


def test_a_port_that_is_taken_is_silence_until_it_is_free(listed: tuple[str, ...]) -> None:
    """It is tried again at each beat."""
    with (
        closing(Peers(Place(0, listed))) as first,
        closing(Peers(Place(1, listed))) as second,
    ):
        with closing(udp(listed[0])):
            assert [] == first.exchange(beat(0))
            second.exchange(beat(1))
            assert [] == first.exchange(beat(0))
        first.exchange(beat(0))
        second.exchange(beat(1, 5))
        assert [beat(1, 5)] == heard(first, beat(0), 1)


def test_what_is_not_of_this_cluster_is_not_heard(listed: tuple[str, ...]) -> None:
    """Another cluster's beat, one cut short or too long, one of ourselves, one of no process."""
    with closing(udp(listed[1])) as other, closing(Peers(Place(0, listed))) as peers:
        peers.exchange(beat(0, 7))
        data, origin = other.recvfrom(100)
        process = data.index(b"\x00\x00", 8)
        for wrong in (
            b"",
            data[:-1],
            data + b"\x00",
            bytes([data[0] ^ 1]) + data[1:],
            data,  # as if we had said it
            data[:process] + b"\x00\x03" + data[process + 2 :],  # there are 0, 1 and 2
            b"x" * 1_000,
        ):
            other.sendto(wrong, origin)
        other.sendto(data[:process] + b"\x00\x02" + data[process + 2 :], origin)
        assert [beat(2, 7)] == heard(peers, beat(0), 1)


def test_another_list_of_addresses_is_another_cluster(listed: tuple[str, ...]) -> None:
    """Two jobs may come to use a port one after the other."""
    with (
        closing(Peers(Place(0, listed))) as ours,
        closing(Peers(Place(1, (listed[0], listed[2])))) as theirs,
        closing(Peers(Place(1, listed))) as peer,
    ):
        ours.exchange(beat(0))
        theirs.exchange(beat(1, 1))
        peer.exchange(beat(1, 2))
        assert [beat(1, 2)] == heard(ours, beat(0), 1)


def test_who_is_closed_is_heard_no_more(peers: list[Peers], listed: tuple[str, ...]) -> None:
    """Its port is free, and a second close does no harm."""
    peers[1].close()
    peers[1].close()
    with closing(udp(listed[1])) as opened:
        peers[0].exchange(beat(0))
        assert opened.recv(100)
    peers[2].exchange(beat(2, 9))
    assert [beat(2, 9)] == heard(peers[0], beat(0), 1)
