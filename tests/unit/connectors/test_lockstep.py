"""With lockstep, all workers' epochs end together, and what they hold is bounded."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest

from connectors.lockstep import Epoch, Lockstep
from connectors.paced import LOOK_S, Pacing
from tests.support.engine import Clock, Engine, run
from tests.support.numbers import Numbers, after, paced

FIVE_S = Lockstep(5.0, 1_000_000)
ANY_BYTES = 1 << 40


def workers(clock: Clock, lockstep: Lockstep | None, *steps_s: float) -> list[Engine]:
    """Start workers whose batches take these times behind the source, each in its process."""
    return [
        Engine(
            paced(Numbers(clock, [1]), Pacing(lockstep=lockstep, clock=clock)),
            lockstep.engine_interval if lockstep else timedelta(seconds=1),
            clock,
            step_s,
        )
        for step_s in steps_s
    ]


def leads(one: Engine, other: Engine) -> list[float]:
    """How much sooner one worker ended each epoch than the other, seconds."""
    return [b - a for a, b in zip(one.ends, other.ends, strict=False)]


@pytest.mark.parametrize("steps_s", [(0.001, 0.08), (0.01, 0.3), (0.05, 0.08), (0.08, 0.08)])
def test_no_worker_gets_far_ahead(steps_s: tuple[float, float]) -> None:
    """Its lead stays below what it may be, and a step of each; the slow one never waits."""
    clock = Clock()
    fast, slow = workers(clock, FIVE_S, *steps_s)
    run([fast, slow], clock.now + 200)
    assert len(fast.ends) > 200 / 5.6
    assert max(map(abs, leads(fast, slow))) < 0.25 + sum(steps_s)
    assert len(slow.calls) * slow.step_s >= 0.97 * 200


def test_a_worker_that_hangs_once_does_not_slow_the_others_for_long() -> None:
    """A lead that it left the others with goes by a second an epoch."""
    clock = Clock()
    fast, slow = workers(clock, FIVE_S, 0.01, 0.01)
    run([fast, slow], clock.now + 4.9)
    slow.step_s = 3.0
    run([fast, slow], clock.now + 0.05)
    slow.step_s = 0.01
    run([fast, slow], clock.now + 40)
    assert [2.9, 1.9, 0.9] == [round(lead, 1) for lead in leads(fast, slow)[:3]]
    assert max(leads(fast, slow)[3:]) < 0.3


def test_an_idle_source_keeps_in_step_too() -> None:
    """One that wants to be called every 0.7 s is, and neither waits long nor makes others wait."""
    clock = Clock()
    idle, slow = workers(clock, FIVE_S, 0.0, 0.08)
    source = Numbers(clock, [1])
    source.awake = after(clock, 0.7)
    idle.part = paced(source, Pacing(lockstep=FIVE_S, clock=clock))
    run([idle, slow], clock.now + 200)
    assert max(map(abs, leads(idle, slow))) < 0.25 + 0.08
    assert len(source.asked_at) > 200 / 0.7 * 0.8


@pytest.mark.parametrize(("lockstep", "kept"), [(None, False), (Lockstep(1.0, ANY_BYTES), True)])
def test_workers_of_different_speed_keep_theirs(lockstep: Lockstep | None, *, kept: bool) -> None:
    """With lockstep the fast worker is asked as often at the end as at first; without, hardly."""
    clock = Clock()
    fast, slow = workers(clock, lockstep, 0.001, 0.08)
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


def test_a_clock_put_back_does_not_freeze_a_partition() -> None:
    """After an hour back one that gave all it may gives a batch again at once, then each period."""
    clock = Clock()
    pacing = Pacing(lockstep=FIVE_S, clock=clock)
    part = paced(Numbers(clock, [1]), pacing, size_of=lambda _: ANY_BYTES)
    assert [1, 0] == [len(list(part.next_batch())) for _ in range(2)]
    clock.now -= 3600
    gave = [clock.now]
    for _ in range(2_700):
        if list(part.next_batch()):
            gave.append(clock.now)
        clock.now += 0.01
    assert [0, 5, 5, 5, 5, 5] == [round(later - earlier) for earlier, later in pairwise(gave)]


@pytest.mark.parametrize(
    ("wait_s", "held_s"), [(0.0, 0.0), (0.35, 0.0), (0.85, 0.5), (1.35, 1.0), (60.0, 1.0)]
)
def test_what_is_made_up_for(wait_s: float, held_s: float) -> None:
    """All of a wait but a twentieth of the period and a round of the worker; a second at most."""
    epoch = Epoch(FIVE_S, 0.0)
    assert not epoch.holds(1.0, 0.1, full=False)
    epoch.begin(6.0)
    epoch.waited(wait_s)
    assert epoch.due == 11.0
    assert epoch.end == pytest.approx(11.0 + held_s)
