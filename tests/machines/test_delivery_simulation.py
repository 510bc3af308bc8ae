"""The delivery keeps its promises in thousands of simulated lives, and the judge sees when not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
import pytest

from connectors.kinesis.core.actions import Actions, Request
from connectors.kinesis.core.answer import Entry
from connectors.kinesis.core.delivery import Delivery
from connectors.kinesis.core.record import KinesisRecord
from connectors.kinesis.core.retry import Kind
from tests.machines.delivery_judge import Wrong
from tests.machines.simulation import KINDS, Simulation

REACHED_MIN = 100
"""How often each kind of fault must have been met: a fault that never came proves nothing."""

BROKEN_SEEDS = 200
"""Lives in which a broken delivery must be caught at least once."""


def test_every_life_keeps_the_promises(simulated_lives: int) -> None:
    """Nothing lost, order per key, limits kept, and all goes on without further calls."""
    reached: Counter[str] = Counter()
    for seed in range(simulated_lives):
        try:
            reached += Simulation(seed).live().reached
        except Exception as error:
            raise AssertionError(
                f"play it alone: python -m tests.machines.simulation {seed}"
            ) from error
    assert {} == {kind: reached[kind] for kind in KINDS if reached[kind] < REACHED_MIN}


def test_a_seed_plays_the_same_life_again() -> None:
    """A failing seed can be looked at alone."""
    first, second = ([], [])  # type: tuple[list[str], list[str]]
    Simulation(7, first.append).live()
    Simulation(7, second.append).live()
    assert first == second
    assert first


class TrustsTheStatus(Delivery):
    """Takes an answered request for a delivered one, as quixstreams does."""

    def answered(
        self, request: Request, entries: Sequence[Entry], now: float, now_us: int = 0
    ) -> Counter[str]:
        """Acknowledge everything."""
        return super().answered(request, [Entry("1") for _ in entries], now, now_us)


class TakesSilenceForSuccess(Delivery):
    """Takes a lost answer for a good one, as async-kinesis does with an empty one."""

    def failed(self, request: Request, kind: Kind, code: str, now: float) -> None:
        """Acknowledge everything."""
        super().answered(request, [Entry("1") for _ in request.records], now)


class HasNoTimer(Delivery):
    """Goes on only when it is called, as a sink without a timer does."""

    def poll(self, now: float) -> Actions:
        """Never ask to be asked again."""
        return msgspec.structs.replace(super().poll(now), poll_at=float("inf"))


class LosesOne(Delivery):
    """Loses a record now and then."""

    def offer(self, records: Sequence[KinesisRecord], start: int, now: float) -> int:
        """Look away at the seventh."""
        return super().offer(records, start + (start == 7), now)


class TurnsAround(Delivery):
    """Sends the newest first."""

    def offer(self, records: Sequence[KinesisRecord], start: int, now: float) -> int:
        """Take them from behind."""
        return super().offer(records[::-1], start, now)


class GivesUpRecords(Delivery):
    """Puts a record aside for any failure of a whole request."""

    def failed(self, request: Request, kind: Kind, code: str, now: float) -> None:
        """Blame the records."""
        super().failed(request, Kind.INVALID, code, now)


@pytest.mark.parametrize(
    "broken",
    [TrustsTheStatus, TakesSilenceForSuccess, HasNoTimer, LosesOne, TurnsAround, GivesUpRecords],
)
def test_a_broken_delivery_is_caught(broken: type[Delivery]) -> None:
    """The judge is no use if nothing can fail it."""

    def is_caught(seed: int) -> bool:
        try:
            Simulation(seed, delivery=broken).live()
        except Wrong:
            return True
        return False

    assert any(is_caught(seed) for seed in range(BROKEN_SEEDS))
