"""The witness keeps what a step raised, whatever the engine makes of it."""

from __future__ import annotations

from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from bytewax.testing import cluster_main, run_main
from typing_extensions import override

from flows.runner.engine_talk import engine_talk_held_back
from flows.runner.witness import Witness

PLACES = (
    *("source list_parts", "source build_part", "source next_batch", "source next_awake"),
    *("source snapshot", "mapper", "lane build", "lane on_batch", "lane on_eof", "lane snapshot"),
    *("sink build_part", "sink write_batch", "sink snapshot"),
)

Item = tuple[str, int]


class Faulty:
    """What raises at one of the places."""

    def __init__(self, place: str) -> None:
        """Take the place."""
        self._place = place

    def at(self, place: str) -> None:
        """Come by a place."""
        if place == self._place:
            raise ValueError(place)


class Source(FixedPartitionedSource[Item, int], Faulty):
    """Two partitions, of three batches each."""

    @override
    def list_parts(self) -> list[str]:
        self.at("source list_parts")
        return ["0", "1"]

    @override
    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> SourcePartition:
        self.at("source build_part")
        return SourcePartition(self._place, int(for_part))


class SourcePartition(StatefulSourcePartition[Item, int], Faulty):
    """Gives out numbers under its own."""

    def __init__(self, place: str, number: int) -> None:
        """Take its number."""
        super().__init__(place)
        self._number = number
        self._given = 0

    @override
    def next_batch(self) -> list[Item]:
        self.at("source next_batch")
        if self._given == 3:
            raise StopIteration
        self._given += 1
        return [(str(self._number), self._given)]

    @override
    def next_awake(self) -> None:
        self.at("source next_awake")

    @override
    def snapshot(self) -> int:
        self.at("source snapshot")
        return self._given


class Adding(StatefulBatchLogic[int, int, int], Faulty):
    """Gives out what it gets."""

    @override
    def on_batch(self, values: list[int]) -> tuple[list[int], bool]:
        self.at("lane on_batch")
        return values, StatefulBatchLogic.RETAIN

    @override
    def on_eof(self) -> tuple[list[int], bool]:
        self.at("lane on_eof")
        return [], StatefulBatchLogic.RETAIN

    @override
    def snapshot(self) -> int:
        self.at("lane snapshot")
        return 0


class Kept(FixedPartitionedSink[int, int], Faulty):
    """Keeps what comes."""

    def __init__(self, place: str, kept: list[int]) -> None:
        """Take where it keeps it."""
        super().__init__(place)
        self._kept = kept

    @override
    def list_parts(self) -> list[str]:
        return ["0", "1"]

    @override
    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> KeptPartition:
        self.at("sink build_part")
        return KeptPartition(self._place, self._kept)


class KeptPartition(StatefulSinkPartition[int, int], Faulty):
    """As its sink."""

    def __init__(self, place: str, kept: list[int]) -> None:
        """Take where it keeps it."""
        super().__init__(place)
        self._kept = kept

    @override
    def write_batch(self, values: list[int]) -> None:
        self.at("sink write_batch")
        self._kept += values

    @override
    def snapshot(self) -> int:
        self.at("sink snapshot")
        return 0


def flow_that_fails(place: str, kept: list[int]) -> Dataflow:
    """Give a dataflow with all kinds of steps that the job has."""
    faulty = Faulty(place)

    def mapper(items: list[Item]) -> list[Item]:
        faulty.at("mapper")
        return items

    def build(_: int | None) -> Adding:
        faulty.at("lane build")
        return Adding(place)

    flow = Dataflow("faulty")
    read = op.input("read", flow, Source(place))
    mapped = op.flat_map_batch("route", op.merge("merged", read), mapper)
    joined = op.stateful_batch("join", mapped, build)
    op.output("keep", op.map_value("same", joined, lambda value: value), Kept(place, kept))
    return flow


def run(flow: Dataflow, workers: int) -> Any:
    """Run a dataflow in one worker or several; give what the engine raises."""
    try:
        with engine_talk_held_back():
            if workers == 1:
                run_main(flow)
            else:
                cluster_main(flow, [], 0, worker_count_per_proc=workers)
    except BaseException as error:  # noqa: BLE001 - a panic of the engine is no Exception
        return error
    return None


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("place", PLACES)
def test_what_a_step_raised_is_kept(place: str, workers: int) -> None:
    """The exception itself, wherever it came from and however many workers there are."""
    flow = flow_that_fails(place, [])
    witness = Witness(flow)

    assert run(flow, workers) is not None
    assert (ValueError, (place,)) == (type(witness.error), witness.error and witness.error.args)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_dataflow_that_ends_well_is_as_if_nobody_had_looked(workers: int) -> None:
    """The end of a source is no error."""
    kept: list[int] = []
    flow = flow_that_fails("nowhere", kept)
    witness = Witness(flow)

    assert run(flow, workers) is None
    assert witness.error is None
    assert [1, 1, 2, 2, 3, 3] == sorted(kept)


def test_with_several_workers_the_engine_alone_would_not_say_it() -> None:
    """That is what the witness is for: once this fails it can go."""
    error = run(flow_that_fails("mapper", []), 2)

    assert "ValueError" not in repr([error, error.__cause__, error.__context__])
