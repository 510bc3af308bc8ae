"""With lockstep, epochs end together on the wall clock's grid, and what they hold is bounded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest

from connectors.paced import LOOK_S, Lockstep, Pacing
from tests.support.engine import Clock, Engine, run
from tests.support.numbers import Numbers, after, paced

FIVE_S = Lockstep(5.0, 1_000_000)
ANY_BYTES = 1 << 40


@pytest.mark.parametrize("step_s", [0.001, 0.08, 0.3])
@pytest.mark.parametrize("start_s", [0.0, 0.1])
def test_epochs_end_on_the_grid(step_s: float, start_s: float) -> None:
    """Each ends at a multiple of the period, whatever a batch takes behind the source."""
    clock = Clock()
    clock.now += start_s
    part = paced(Numbers(clock, [1]), Pacing(lockstep=FIVE_S, clock=clock))
    engine = Engine(part, FIVE_S.engine_interval, clock, step_s)
    run([engine], clock.now + 61)
    assert [0.0] * 12 == [round(end % 5, 3) for end in engine.ends[:12]]


def test_an_epoch_that_began_late_is_made_up_for_without_idling() -> None:
    """Two seconds late, epochs last a twentieth less than the period until the grid is reached."""
    clock = Clock()
    clock.now += 2
    part = paced(Numbers(clock, [1]), Pacing(lockstep=FIVE_S, clock=clock))
    engine = Engine(part, FIVE_S.engine_interval, clock, 0.001)
    run([engine], clock.now + 60)
    late = [1.75, 1.5, 1.25, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0, 0.0, 0.0]
    assert late == [round(end % 5, 2) for end in engine.ends[:11]]
    assert len(engine.calls) > 55_000


def test_an_epoch_that_ended_too_soon_moves_the_next_hold_forward() -> None:
    """After an end 0.2 s before the grid, the hold begins 0.2 s sooner, and lasts to the grid."""
    clock = Clock()
    part = paced(Numbers(clock, [1]), Pacing(lockstep=FIVE_S, clock=clock))
    start = clock.now
    clock.now = start + 4.8
    part.snapshot()
    gave: list[float] = []
    while clock.now < start + 10:
        clock.now = round(clock.now + 0.01, 2)
        if list(part.next_batch()):
            gave.append(round(clock.now - start, 2))
    assert [4.81, 9.52, 10.0] == [gave[0], gave[-2], gave[-1]]


def test_an_idle_source_ends_its_epochs_on_the_grid_too() -> None:
    """One that wants to be called every 0.7 s makes nobody wait for it at an epoch's end."""
    clock = Clock()
    source = Numbers(clock, [1])
    source.awake = after(clock, 0.7)
    part = paced(source, Pacing(lockstep=FIVE_S, clock=clock))
    engine = Engine(part, FIVE_S.engine_interval, clock)
    run([engine], clock.now + 61)
    assert [0.0] * 12 == [round(end % 5, 3) for end in engine.ends]
    assert len(source.asked_at) > 61 / 0.7 * 0.9


@pytest.mark.parametrize(("lockstep", "kept"), [(None, False), (Lockstep(1.0, ANY_BYTES), True)])
def test_workers_of_different_speed_keep_theirs(lockstep: Lockstep | None, *, kept: bool) -> None:
    """With lockstep the fast worker is asked as often at the end as at first; without, hardly."""
    clock = Clock()
    interval = lockstep.engine_interval if lockstep else timedelta(seconds=1)
    fast, slow = (
        Engine(
            paced(Numbers(clock, [1]), Pacing(lockstep=lockstep, clock=clock)),
            interval,
            clock,
            step_s,
        )
        for step_s in (0.001, 0.08)
    )
    start = clock.now
    run([fast, slow], start + 40)
    first = sum(start <= called < start + 10 for called in fast.calls)
    last = sum(start + 30 <= called for called in fast.calls)
    assert kept == (last >= 0.8 * first)
    assert kept == (last > 0.2 * first)


def test_what_a_process_reads_in_an_epoch_is_bounded() -> None:
    """Partitions share the bound; a snapshot gives back what its partition gave out."""
    clock = Clock()
    pacing = Pacing(lockstep=Lockstep(5.0, 1_000), clock=clock)
    one, two = (paced(Numbers(clock, [4]), pacing, size_of=lambda _: 100) for _ in range(2))
    assert [4, 4, 4] == [len(list(part.next_batch())) for part in (one, two, one)]
    assert [0, 0] == [len(list(part.next_batch())) for part in (one, two)]
    assert one.next_awake() == datetime.fromtimestamp(clock.now + LOOK_S, timezone.utc)
    one.snapshot()
    assert [4, 4, 0] == [len(list(part.next_batch())) for part in (one, one, two)]
    one.snapshot()
    two.snapshot()
    assert pacing.given_bytes == 0


def test_each_partition_gives_something_in_each_epoch() -> None:
    """A partition whose turn comes when the bound is reached still gives one batch."""
    clock = Clock()
    pacing = Pacing(lockstep=Lockstep(5.0, 1), clock=clock)
    greedy, last = (paced(Numbers(clock, [4]), pacing, size_of=lambda _: 100) for _ in range(2))
    for _ in range(3):
        assert [4, 4, 0] == [len(list(part.next_batch())) for part in (greedy, last, last)]
        last.snapshot()
        greedy.snapshot()


def test_a_partition_that_is_held_back_looks_at_the_stop() -> None:
    """One that gave out all it may for the epoch ends as soon as any other."""
    clock = Clock()
    pacing = Pacing(lockstep=Lockstep(5.0, 1), clock=clock)
    part = paced(Numbers(clock, [4]), pacing, size_of=lambda _: 100)
    engine = Engine(part, FIVE_S.engine_interval, clock, 0.01)
    run([engine], clock.now + 2.3)
    pacing.stop.set()
    stopped = clock.now
    run([engine], stopped + 60)
    assert engine.given == [0, 1, 2, 3]
    assert engine.ends[-1] - stopped <= LOOK_S


@pytest.mark.parametrize("size_of", [None, lambda _: ANY_BYTES])
def test_a_clock_put_back_does_not_freeze_a_partition(
    size_of: Callable[[int], int] | None,
) -> None:
    """After an hour back a partition that is asked gives something in each two periods.

    The bound on what it gives holds still.
    """
    clock = Clock()
    part = paced(Numbers(clock, [1]), Pacing(lockstep=FIVE_S, clock=clock), size_of=size_of)
    while list(part.next_batch()):
        clock.now += 0.01
    clock.now -= 3600
    gave: list[float] = []
    for _ in range(3_000):
        if list(part.next_batch()):
            gave.append(clock.now)
        clock.now += 0.01
    assert len(gave) >= 4
    assert all(later - earlier < 10 for earlier, later in pairwise(gave))
    assert (size_of is None) == (len(gave) > 10)


@pytest.mark.parametrize(("period_s", "interval_s"), [(1.0, 0.95), (5.0, 4.75), (60.0, 59.75)])
def test_the_engine_may_end_an_epoch_a_little_before_the_period(
    period_s: float, interval_s: float
) -> None:
    """A twentieth sooner, and a quarter of a second at most."""
    assert timedelta(seconds=interval_s) == Lockstep(period_s, 1).engine_interval
