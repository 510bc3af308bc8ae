"""One execution: the dataflow from resume to the end of its inputs, on its store or dry."""

from __future__ import annotations

import gc
from datetime import timedelta
from threading import Event

from bytewax.dataflow import Dataflow
from bytewax.recovery import InconsistentPartitionsError, RecoveryConfig
from bytewax.testing import cluster_main, run_main

from connectors.lockstep import Lockstep
from connectors.paced import Pacing
from flows.backfill import Backfill
from flows.destination import Destination
from flows.funnel import Funnel
from flows.place import ALONE, Place
from flows.profile_export import get_flow, kinesis_sink, read_all, rejects_sink
from flows.runner.dry import NoRejects, StdoutSink
from flows.runner.engine_talk import engine_talk_held_back
from flows.runner.progress import Progress, Started
from flows.runner.store import Store, StorePartsWrong, open_store, require_store
from flows.runner.witness import Witness

COLLECTOR_THRESHOLD = 100_000
"""New objects between two looks of Python's collector. Profiles are bytes, which it does not track,
and no step makes cycles, so its usual 700 only cost time (5 % of the join)."""

BYTES_PER_EPOCH = 256 * 1_048_576
"""Most input that a process of a cluster reads in an epoch, as all of it may come to wait before
one that is slower. At 440 bytes a line and 5 s an epoch it is 120,000 lines a second."""

_NO_BACKUP = timedelta(0)
"""Rows of past epochs go at once: the store is for resuming, not for history."""


class PeerLost(RuntimeError):
    """The engine gave up without a word: another process has ended, so this one cannot go on."""


def run(
    destination: Destination,
    *,
    fresh: bool,
    started: Started,
    backfill: Backfill | None = None,
    stop: Event | None = None,
    place: Place = ALONE,
) -> Progress:
    """Run to the end of the inputs, on the destination's recovery store.

    Args:
        destination: what to run.
        fresh: move an existing store aside first.
        started: is handed the counts.
        backfill: profiles of an existing store to export again, besides what the inputs bring.
        stop: set it to end as if the inputs had ended; the next run goes on from there.
        place: this process among those that run the job.

    Raises:
        StoreLocked, StoreMismatch, StorePartsWrong, StoreMissing: the state directory is not to be
            used now.
        BackfillUnfinished: another backfill has to end first.
        KinesisError, JsonlError: the far end or a file cannot be used; nothing is lost.
        PeerLost: another process has ended.
        Unbalanced: a defect of this program.
    """
    if backfill is not None:
        require_store(destination)
    with open_store(destination, place, fresh=fresh) as store:
        return run_on(
            store, destination, started=started, backfill=backfill, stop=stop, place=place
        )


def run_on(
    store: Store,
    destination: Destination,
    *,
    started: Started,
    backfill: Backfill | None = None,
    stop: Event | None = None,
    place: Place = ALONE,
) -> Progress:
    """Run as `run` does, on a store that is open."""
    epoch_s = destination.state.epoch_s
    lockstep = Lockstep(epoch_s, BYTES_PER_EPOCH) if place.is_cluster else None
    sink = kinesis_sink(destination)
    pacing = Pacing(stop, lockstep=lockstep)
    readings = read_all(destination, began=store.made_at)
    reads = {name: each.stats for name, each in readings.items() if each.stats is not None}
    progress = Progress(Funnel(), sink.stats, store.resumed, pacing, sink.levels, reads)
    started(progress)
    flow = get_flow(
        destination,
        deliver=sink,
        reject=rejects_sink(destination, store.id),
        funnel=progress.funnel,
        backfill=backfill,
        pacing=pacing,
        place=place,
        readings=readings,
    )
    gc.set_threshold(COLLECTOR_THRESHOLD)
    recovery = RecoveryConfig(store.path, _NO_BACKUP)
    with engine_talk_held_back(stdout=place.is_cluster):
        if lockstep is None:
            _run_alone(flow, timedelta(seconds=epoch_s), recovery)
        else:
            _run_with_peers(flow, progress, place, lockstep, recovery)
    progress.require_balance()
    if not place.is_cluster:
        progress.funnel.require_arrival()
    return progress


def _run_alone(flow: Dataflow, epoch: timedelta, recovery: RecoveryConfig) -> None:
    try:
        run_main(flow, epoch_interval=epoch, recovery_config=recovery)
    except InconsistentPartitionsError as error:
        raise StorePartsWrong(
            f"the parts of the recovery store do not belong together: {error} Put back the parts "
            "that were lost or replaced, or start anew with `run --fresh`."
        ) from None


def _run_with_peers(
    flow: Dataflow,
    progress: Progress,
    place: Place,
    lockstep: Lockstep,
    recovery: RecoveryConfig,
) -> None:
    witness = Witness(flow)
    try:
        cluster_main(
            flow,
            list(place.addresses),
            place.process,
            epoch_interval=lockstep.engine_interval,
            recovery_config=recovery,
        )
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as panic:  # of a class that cannot be imported, and it says nothing
        if witness.error is not None:
            raise witness.error from None
        if progress.moves:
            why = "another process of the job has ended, so this one ends too; nothing was lost"
        else:
            why = (
                "the job did not begin: another process ended, and says why, or the parts of the "
                "recovery store that the processes keep do not belong together. If it stays so, "
                "put back the parts that were lost, or start anew with `run --fresh` everywhere."
            )
        raise PeerLost(why) from panic


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
