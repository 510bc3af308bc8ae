"""A paced source gives out what its inner source does; only when is another matter."""

from __future__ import annotations

import ctypes
import threading
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.lockstep import Lockstep
from connectors.paced import LOOK_S, PacedSource, Pacing, pin_thread
from tests.support.engine import Clock, Engine, run
from tests.support.numbers import Numbers, after, paced

FIVE_S = Lockstep(5.0, 1_000_000)
ANY_BYTES = 1 << 40
EPOCHS = timedelta(seconds=5)

lives = st.lists(st.tuples(st.floats(0.1, 30), st.booleans()), max_size=5)
"""How long each execution lives, seconds, and whether it is stopped then, or killed."""


@given(
    lives=lives,
    batches=st.lists(st.integers(0, 50), min_size=1, max_size=5).filter(any),
    lockstep=st.none() | st.builds(Lockstep, st.floats(0.5, 6), st.integers(1, 1_000)),
    total=st.integers(0, 60),
    wait_s=st.none() | st.floats(0.01, 1),
    step_s=st.floats(0.01, 1),
)
def test_all_is_given_out_once_and_in_order_whatever_stops_and_holds(
    *,
    lives: list[tuple[float, bool]],
    batches: list[int],
    lockstep: Lockstep | None,
    total: int,
    wait_s: float | None,
    step_s: float,
) -> None:
    """What committed executions gave out, one after the other, is what the source holds."""
    clock = Clock()
    source = Numbers(clock, batches, total=total)
    if wait_s is not None:
        source.awake = after(clock, wait_s)
    interval = lockstep.engine_interval if lockstep else EPOCHS
    kept, state = list[int](), 0
    for lived_s, stopped in [*lives, (1_000, False)]:
        pacing = Pacing(lockstep=lockstep, clock=clock)
        engine = Engine(paced(source, pacing, state, lambda _: 10), interval, clock, step_s)
        run([engine], clock.now + lived_s)
        if stopped:
            pacing.stop.set()
            run([engine], clock.now + 10)
            assert engine.ended
        if engine.states:
            state = engine.states[-1]
            kept += engine.given[: state - len(kept)]
        assert kept == list(range(state))
        assert engine.states == sorted(engine.states)
    assert list(range(total)) == kept


def test_a_stop_ends_a_partition_and_leaves_its_state() -> None:
    """After the flag is set nothing more is given out, and the state counts just what was."""
    clock = Clock()
    pacing = Pacing(clock=clock)
    source = Numbers(clock, [3])
    part = paced(source, pacing)
    assert [0, 1, 2] == list(part.next_batch())
    pacing.stop.set()
    with pytest.raises(StopIteration):
        part.next_batch()
    assert part.snapshot() == 3
    part.close()
    assert source.closed == 1


def test_the_first_call_reaches_the_source_after_a_stop() -> None:
    """An execution that was stopped before it began gives out the first batch, then ends."""
    clock = Clock()
    pacing = Pacing(lockstep=FIVE_S, clock=clock)
    pacing.stop.set()
    pacing.given_bytes = FIVE_S.bytes_per_epoch  # others gave all that this process may
    part = paced(Numbers(clock, [240]), pacing)
    assert len(list(part.next_batch())) == 240
    with pytest.raises(StopIteration):
        part.next_batch()


@pytest.mark.parametrize("lockstep", [None, FIVE_S])
def test_a_waiting_partition_looks_at_the_stop_but_does_not_wake_its_source(
    lockstep: Lockstep | None,
) -> None:
    """A source that wants to be left alone for an hour is, and a stop ends it all the same."""
    clock = Clock()
    source = Numbers(clock, [1])
    part = paced(source, pacing := Pacing(lockstep=lockstep, clock=clock))
    interval = lockstep.engine_interval if lockstep else EPOCHS
    engine = Engine(part, interval, clock)
    start = clock.now
    engine.activate()
    source.awake = lambda: datetime.fromtimestamp(start + 3600, timezone.utc)
    engine.activate()
    run([engine], start + 60)
    assert [start, start] == source.asked_at
    pacing.stop.set()
    run([engine], start + 3600)
    assert engine.ended
    assert engine.calls[-1] - (start + 60) <= LOOK_S


def test_a_source_that_was_never_due_ends_with_the_stop() -> None:
    """A source whose first time lies far ahead cannot keep an execution from ending."""
    clock = Clock()
    pacing = Pacing(clock=clock)
    source = Numbers(clock, [1])
    source.awake = after(clock, 3600)
    part = paced(source, pacing)
    part.next_awake()
    pacing.stop.set()
    with pytest.raises(StopIteration):
        part.next_batch()
    assert source.asked_at == []


def test_without_lockstep_a_source_is_asked_when_it_asks() -> None:
    """Neither a bound nor a grid holds back a source whose process runs alone."""
    clock = Clock()
    source = Numbers(clock, [1])
    part = paced(source, Pacing(clock=clock), size_of=lambda _: ANY_BYTES)
    assert part.next_awake() is None
    assert [[0], [1], [2]] == [list(part.next_batch()) for _ in range(3)]
    source.awake = after(clock, 0.25)
    assert part.next_awake() == datetime.fromtimestamp(clock.now + 0.25, timezone.utc)


def test_the_wait_between_epochs_is_measured() -> None:
    """It runs from a snapshot to the next call, of if any: the newest, and the sum."""
    clock = Clock()
    pacing = Pacing(clock=clock)
    part = paced(Numbers(clock, [1, 0]), pacing)
    part.next_batch()
    for wait_s in (0.5, 0.25):
        part.snapshot()
        clock.now += wait_s
        part.next_batch()
        clock.now += 3
        part.next_batch()
    assert (0.25, 0.75) == (pacing.epoch_wait_s, pacing.epoch_waits_s)
    assert (3, 2) == (pacing.batches, pacing.epochs)
    part.snapshot()
    clock.now -= 3600
    part.next_batch()
    assert (0.0, 0.75) == (pacing.epoch_wait_s, pacing.epoch_waits_s)


def test_an_idle_partition_does_not_count_as_waiting() -> None:
    """The wait begins when the partition wants to be called."""
    clock = Clock()
    source = Numbers(clock, [1])
    source.awake = after(clock, 0.375)
    part = paced(source, pacing := Pacing(clock=clock))
    part.next_batch()
    part.next_awake()
    part.snapshot()
    clock.now += 0.5
    part.next_batch()
    assert pacing.epoch_wait_s == 0.125


def test_only_what_is_offered_is_listed() -> None:
    """A process that does not offer a source lists none of its partitions."""
    source, pacing = Numbers(Clock(), [1]), Pacing()
    assert ["a", "b"] == PacedSource(source, pacing).list_parts()
    assert [] == PacedSource(source, pacing, offered=False).list_parts()


def test_a_thread_is_pinned_once_and_the_main_thread_never(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The state of a worker's thread is taken at the first list of partitions, for each thread."""
    pinned: list[int] = []
    monkeypatch.setattr(
        ctypes.pythonapi, "PyGILState_Ensure", lambda: pinned.append(threading.get_ident())
    )
    source = PacedSource(Numbers(Clock(), [1]), Pacing(lockstep=FIVE_S))
    source.list_parts()
    pin_thread()
    for _ in range(2):
        thread = threading.Thread(target=lambda: (source.list_parts(), source.list_parts()))
        thread.start()
        thread.join()
    assert len(pinned) == 2
    assert threading.get_ident() not in pinned
