"""One execution: the dataflow from resume to the end of its inputs, on its store or dry."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

from bytewax.recovery import RecoveryConfig
from bytewax.testing import run_main
from msgspec import Struct

from connectors.kinesis import DeliveryStats
from flows.backfill import Backfill
from flows.destination import Destination
from flows.funnel import Funnel, Unbalanced
from flows.profile_export import get_flow, kinesis_sink, rejects_sink
from flows.runner.dry import NoRejects, StdoutSink
from flows.runner.engine_talk import engine_talk_held_back
from flows.runner.store import open_store, require_store

COLLECTOR_THRESHOLD = 100_000
"""New objects between two looks of Python's collector. Profiles are bytes, which it does not track,
and no step makes cycles, so its usual 700 only cost time (5 % of the join)."""

_NO_BACKUP = timedelta(0)
"""Rows of past epochs go at once: the store is for resuming, not for history."""


class Progress(Struct, frozen=True):
    """What an execution counts, while it runs and when it ended.

    Attributes:
        funnel: where each fragment ended.
        delivery: what the sink did; None in a dry run.
        resumed: whether an earlier execution left something to go on from.
    """

    funnel: Funnel
    delivery: DeliveryStats | None = None
    resumed: bool = False

    def require_balance(self) -> None:
        """Check that all that went in came out.

        Raises:
            Unbalanced: with both sides.
        """
        self.funnel.require_balance()
        sent = self.delivery
        if sent is None:
            return
        ended = sent.acknowledged + sent.dead_lettered + sent.superseded
        if self.funnel.exported != ended:
            raise Unbalanced(f"exported {self.funnel.exported}, but {ended} ended in delivery")


Started: TypeAlias = Callable[[Progress], None]
"""Called once before the first line is read, to watch the counts from another thread."""


def run(
    destination: Destination, *, fresh: bool, started: Started, backfill: Backfill | None = None
) -> Progress:
    """Run to the end of the inputs, on the destination's recovery store.

    Args:
        destination: what to run.
        fresh: move an existing store aside first.
        started: is handed the counts.
        backfill: profiles of an existing store to export again, besides what the inputs bring.

    Raises:
        StoreLocked, StoreMismatch, StoreMissing: the state directory is not to be used now.
        BackfillUnfinished: another backfill has to end first.
        KinesisError, JsonlError: the far end or a file cannot be used; nothing is lost.
        Unbalanced: a defect of this program.
    """
    if backfill is not None:
        require_store(destination)
    with open_store(destination, fresh=fresh) as store:
        sink = kinesis_sink(destination)
        progress = Progress(Funnel(), sink.stats, store.resumed)
        started(progress)
        flow = get_flow(
            destination,
            deliver=sink,
            reject=rejects_sink(destination, store.id),
            funnel=progress.funnel,
            backfill=backfill,
        )
        gc.set_threshold(COLLECTOR_THRESHOLD)
        with engine_talk_held_back():
            run_main(
                flow,
                epoch_interval=timedelta(seconds=destination.state.epoch_s),
                recovery_config=RecoveryConfig(store.path, _NO_BACKUP),
            )
    progress.require_balance()
    return progress


def run_dry(destination: Destination, *, started: Started) -> Progress:
    """Run to the end of the inputs, messages to standard output, and leave nothing behind.

    Raises:
        JsonlError: an input cannot be read.
        Unbalanced: a defect of this program.
    """
    progress = Progress(Funnel())
    started(progress)
    flow = get_flow(destination, deliver=StdoutSink(), reject=NoRejects(), funnel=progress.funnel)
    with engine_talk_held_back():
        run_main(flow)
    progress.require_balance()
    return progress
