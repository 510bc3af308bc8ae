"""The watchdog: when nothing moved for too long, and what it does then. Times are handed in."""

from __future__ import annotations

import math
from collections.abc import Iterable
from queue import Queue

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from connectors.kinesis import DeliveryStats
from flows.funnel import Funnel
from flows.place import ALONE, Place
from flows.runner.progress import Progress
from flows.runner.pulse import Beat
from flows.runner.watchdog import Stillness, Watchdog
from tests.support.program import TIMEOUT_S
from tests.support.started import addresses
from tests.support.waiting import wait_until

LOOK_S = 0.5
THREE = Place(0, ("a:1", "b:1", "c:1"))
NO_LINE = "no line was read, no lane worked and no epoch ended"


class Looking:
    """Looks twice a second at a process that moves when it is told to."""

    def __init__(
        self, place: Place = ALONE, *, epoch_s: float = 5, give_up_s: float = 900, moves: int = 1
    ) -> None:
        """Begin with so many moves done."""
        self.stillness = Stillness(place, epoch_s=epoch_s, give_up_s=give_up_s)
        self.moves = moves
        self.waits = False

    def look(self, *heard: Beat) -> str | None:
        """Look once."""
        own = Beat(0, self.moves, is_draining=False, waits=self.waits)
        return self.stillness.reason(own, heard, LOOK_S)

    def move(self, *heard: Beat) -> None:
        """Move, and be seen to."""
        self.moves += 1
        assert self.look(*heard) is None

    def ends_after(self, *heard: Beat) -> tuple[float, str]:
        """Stand still: how long until it is too long, in seconds, and what is said."""
        for looks in range(1, 100_000):
            if (reason := self.look(*heard)) is not None:
                return looks * LOOK_S, reason
        raise AssertionError("it went on for ever")


def beat(process: int, moves: int = 1, *, waits: bool = False) -> Beat:
    """Give what another process says."""
    return Beat(process, moves, is_draining=False, waits=waits)


def test_fifteen_seconds_without_a_move_are_too_long() -> None:
    """With the default epoch; the reason says how long, and what did not happen."""
    looking = Looking()
    looking.move()

    assert (15, f"nothing moved for 15 s: {NO_LINE}") == looking.ends_after()


def test_any_move_begins_anew() -> None:
    """However little it is."""
    looking = Looking()
    looking.move()
    for _ in range(29):
        assert looking.look() is None
    looking.move()
    for _ in range(29):
        assert looking.look() is None
    looking.move()


def test_three_epochs_are_not_too_long() -> None:
    """A job without input moves once an epoch."""
    looking = Looking(epoch_s=60)
    looking.move()

    assert (180, f"nothing moved for 180 s: {NO_LINE}") == looking.ends_after()


def test_four_times_the_longest_stillness_is_not_too_long() -> None:
    """A commit that took ten seconds may take forty."""
    looking = Looking()
    looking.move()
    for still_s in (10, 4):
        for _ in range(int(still_s / LOOK_S)):
            assert looking.look() is None
        looking.move()

    assert (40, f"nothing moved for 40 s: {NO_LINE}") == looking.ends_after()


def test_a_start_may_take_ten_minutes() -> None:
    """Peers come up and profiles are read back before the first move; it is no measure of later."""
    looking = Looking(moves=0)
    assert (600, "nothing moved for 600 s: the dataflow did not begin") == looking.ends_after()

    looking = Looking(moves=0)
    for _ in range(1_000):
        assert looking.look() is None
    looking.move()
    assert 15 == looking.ends_after()[0]


def test_a_start_may_take_three_epochs() -> None:
    """If those are longer than ten minutes."""
    assert 900 == Looking(epoch_s=300, moves=0).ends_after()[0]


def test_records_that_wait_for_kinesis_have_the_time_of_the_sink() -> None:
    """It gives up by itself before."""
    looking = Looking(give_up_s=100)
    looking.waits = True
    looking.move()

    words = "nothing moved for 115 s: records wait for Kinesis, and no request was made"
    assert (115, words) == looking.ends_after()


def test_a_job_that_is_throttled_is_never_ended() -> None:
    """Each answer is a move, whatever it says: an hour of them."""
    looking = Looking(give_up_s=1)
    looking.waits = True
    for _ in range(720):
        looking.move()
        for _ in range(9):
            assert looking.look() is None


def test_a_peer_that_falls_silent_is_gone_after_ten_seconds() -> None:
    """Though this process moves all the while; it is named with its address."""
    looking = Looking(THREE)
    looking.move(beat(1), beat(2))
    for _ in range(19):
        looking.move(beat(2))
    assert [] == looking.stillness.silent_peers()

    looking.moves += 1
    assert "process 1 (b:1) was not heard for 10 s: it is stopped, gone or out of reach" == (
        looking.look(beat(2))
    )
    assert [1] == looking.stillness.silent_peers()


def test_a_peer_that_is_heard_again_in_time_is_no_matter() -> None:
    """Datagrams get lost."""
    looking = Looking(THREE)
    for moves in range(100):
        if moves % 15 == 0:
            looking.move(beat(1, moves), beat(2, moves))
        else:
            looking.move()


def test_a_peer_that_moves_is_reason_to_wait() -> None:
    """It is busy with what this process waits for."""
    looking = Looking(THREE)
    for moves in range(200):
        assert looking.look(beat(1), beat(2, moves)) is None

    assert 15 == looking.ends_after(beat(1), beat(2, 199))[0]


def test_a_peer_that_waits_for_kinesis_is_reason_to_wait_as_long_as_its_sink() -> None:
    """All wait for it at the end of an epoch."""
    looking = Looking(THREE, give_up_s=100)
    looking.move(beat(1), beat(2, waits=True))

    words = "nothing moved for 115 s: records wait for Kinesis, and no request was made"
    assert (115, words) == looking.ends_after(beat(1), beat(2, waits=True))


def test_a_peer_that_was_never_heard_may_wait_for_kinesis() -> None:
    """Where UDP is not let through this is all that can be known, and it is said."""
    looking = Looking(THREE, give_up_s=100)
    looking.move(beat(1))

    words = f"nothing moved for 115 s: {NO_LINE} (1 processes are not heard; is UDP let through?)"
    assert (115, words) == looking.ends_after(beat(1))


GAPS = st.lists(st.integers(0, 29), max_size=30)


@given(gaps=GAPS, waits=st.booleans())
def test_whatever_moves_within_the_limit_goes_on(gaps: list[int], *, waits: bool) -> None:
    """Looks without a move, up to 14.5 seconds of them at a time, end nothing."""
    looking = Looking(give_up_s=0)
    looking.waits = waits
    for gap in gaps:
        looking.move()
        for _ in range(gap):
            assert looking.look() is None


@given(GAPS, st.integers(0, 1_000))
def test_whatever_moves_no_more_is_ended_in_time(gaps: list[int], give_up_s: int) -> None:
    """After 15 s or four times the longest stillness, and the sink's time only if it waits."""
    expected = max(15, 4 * LOOK_S * max([0, *gaps]))
    for waits in (False, True):
        looking = Looking(give_up_s=give_up_s)
        looking.waits = waits
        for gap in gaps:
            looking.move()
            for _ in range(gap):
                looking.look()
        looking.move()
        assert (
            math.ceil((expected + give_up_s * waits) / LOOK_S) * LOOK_S == (looking.ends_after()[0])
        )


class Scripted(Stillness):
    """Finds nothing wrong with a process a few times, and then something."""

    def __init__(self, looks: int) -> None:
        """Take how many times."""
        super().__init__(ALONE, epoch_s=1, give_up_s=1)
        self.seen: list[Beat] = []
        self._looks = looks

    @override
    def reason(self, own: Beat, heard: Iterable[Beat], passed_s: float) -> str | None:
        self.seen.append(own)
        return None if len(self.seen) < self._looks else f"{passed_s} s passed"


def counted() -> Progress:
    """Give the counts of a process that has read, and has a record on its way."""
    progress = Progress(Funnel(), DeliveryStats(offered=3, acknowledged=2, requests=1))
    progress.pacing.batches, progress.pacing.epochs = 5, 7
    progress.funnel.taken, progress.funnel.snapshots = 11, 13
    return progress


def test_a_process_in_which_nothing_moves_is_ended_once() -> None:
    """With the reason; it is seen by what its sources, lanes, epochs and answers count."""
    ends: Queue[str] = Queue()
    stillness = Scripted(looks=2)
    watchdog = Watchdog(counted(), ALONE, stillness, ends.put)

    assert "0.5 s passed" == ends.get(timeout=TIMEOUT_S)
    watchdog.close()
    assert ends.empty()
    moves = 5 + 7 + 11 + 13 + 2 + 1
    assert [Beat(0, moves, is_draining=False, waits=True)] * 2 == stillness.seen


def test_a_watchdog_that_is_closed_ends_nothing() -> None:
    """Its thread is gone."""
    ends: Queue[str] = Queue()
    stillness = Scripted(looks=1)
    Watchdog(counted(), ALONE, stillness, ends.put).close()

    assert ([], True) == (stillness.seen, ends.empty())


def test_a_process_that_is_told_to_stop_takes_the_others_along() -> None:
    """Each hears that another one drains, and stops its own sources."""
    listed = tuple(addresses(3).split(","))
    processes = [counted() for _ in listed]
    ends: Queue[str] = Queue()
    watchdogs = [
        Watchdog(
            progress,
            place := Place(number, listed),
            Stillness(place, epoch_s=5, give_up_s=900),
            ends.put,
        )
        for number, progress in enumerate(processes)
    ]
    processes[1].pacing.stop.set()
    wait_until(lambda: all(each.pacing.stop.is_set() for each in processes))
    for watchdog in watchdogs:
        watchdog.close()
    assert ends.empty()


@pytest.mark.parametrize("delivery", [None, DeliveryStats()])
def test_a_process_that_has_not_begun_has_not_moved(delivery: DeliveryStats | None) -> None:
    """Dry or not."""
    assert (0, 0) == ((progress := Progress(Funnel(), delivery)).moves, progress.unsettled)
