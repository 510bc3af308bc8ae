"""``run``: the job."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.runner.exit_codes import INPUT_REJECTED

from . import logs, options
from .exits import Failure, exits
from .progress import watching
from .report import end_lines

if TYPE_CHECKING:
    from flows.backfill import Backfill
    from flows.destination import Destination
    from flows.place import Place
    from flows.runner.progress import Progress, Started


@click.command()
@options.config
@options.overrides
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print each message on a line of stdout instead of sending it; leave no state.",
)
@click.option("--strict", is_flag=True, help="Exit with 65 if any input was rejected.")
@click.option(
    "--fresh", is_flag=True, help="Move the recovery store aside and read from the start."
)
@click.option(
    "-p",
    "--processes",
    type=int,
    metavar="N",
    help="Run in N processes on this machine, and start all again when one ends badly.",
)
@click.option(
    "--process",
    type=int,
    metavar="I",
    help="Run as process I of the --addresses, from 0; each has a state directory of its own.",
)
@click.option(
    "--addresses",
    metavar="HOST:PORT,...",
    help="Where the processes of the job reach each other, the same list for all.",
)
@click.option(
    "--log-level",
    type=click.Choice(logs.LEVELS),
    default="warning",
    show_default=True,
    help="Least level of the events on stderr; JSON lines where that is no terminal.",
)
def run(
    config: Path,
    overrides: tuple[str, ...],
    *,
    dry_run: bool,
    strict: bool,
    fresh: bool,
    processes: int | None,
    process: int | None,
    addresses: str | None,
    log_level: str,
) -> None:
    """Read the inputs to their end and deliver what they change.

    Goes on where the last run stopped. What was not committed when a run ended is sent again.
    SIGTERM or Ctrl-C lets it deliver what it has read, commit, and exit with 0; a second one ends
    it at once. Exit code 75 says: start me again.
    """
    if dry_run and (fresh or processes or process is not None or addresses):
        raise click.UsageError(
            "--dry-run runs in one process and touches no recovery store: leave out --fresh, -p, "
            "--process and --addresses"
        )
    logs.configure(log_level)
    place = _place(process, addresses, processes)
    with exits(at_once=place.is_cluster):
        destination = options.load_destination(config, overrides)
        with watching() as show:
            if dry_run:
                from flows.runner.execution import run_dry

                progress = run_dry(destination, started=show)
            elif processes:
                progress = _run_supervised(
                    destination, processes, fresh=fresh, show=show, log_level=log_level
                )
            else:
                progress = run_here(destination, place, fresh=fresh, show=show)
    keeps_rejects = not dry_run and place.process == 0
    rejects_path = destination.rejects.path if keeps_rejects else None
    for line in end_lines(progress, rejects_path, is_all=not place.is_cluster):
        click.echo(line, err=True)
    if strict and progress.funnel.rejected:
        raise Failure(
            f"{progress.funnel.rejected.total():,} rejected, and this is a strict run",
            INPUT_REJECTED,
        )


def _place(process: int | None, addresses: str | None, processes: int | None) -> Place:
    """Give the place that the options say.

    Raises:
        click.UsageError: they contradict each other.
    """
    from flows.place import ALONE, PROCESSES, Place
    from flows.runner.store import RECOVERY_PARTS

    counts = ", ".join(map(str, PROCESSES))
    if processes is not None:
        if process is not None or addresses is not None:
            raise click.UsageError("-p is for one machine, --process and --addresses for several")
        if processes not in PROCESSES:
            raise click.UsageError(f"-p takes {counts}, so that each has as many lanes")
        return ALONE
    if (process is None) != (addresses is None):
        raise click.UsageError("--process and --addresses go together")
    if process is None or addresses is None:
        return ALONE
    listed = tuple(addresses.split(","))
    if not all(each.rpartition(":")[0] and each.rpartition(":")[2].isdigit() for each in listed):
        raise click.UsageError("--addresses takes host:port of each process, separated by commas")
    if len(listed) not in PROCESSES or len(listed) > RECOVERY_PARTS:
        raise click.UsageError(
            f"--addresses lists {len(listed)} processes; it can be 1 to {RECOVERY_PARTS}, as the "
            f"recovery store has {RECOVERY_PARTS} parts to share out"
        )
    if not 0 <= process < len(listed):
        raise click.UsageError(f"--process is {process}, not 0 to {len(listed) - 1}")
    return Place(process, listed, has_own_disk=True)


def run_here(
    destination: Destination,
    place: Place,
    *,
    fresh: bool,
    show: Started,
    backfill: Backfill | None = None,
) -> Progress:
    """Run in this process, attended, as `execution.run` does."""
    from threading import Event

    from flows.runner.attended import attended
    from flows.runner.execution import run as run_job

    stop = Event()
    with attended(destination, place, stop) as attend:

        def started(progress: Progress) -> None:
            attend(progress)
            show(progress)

        return run_job(
            destination, fresh=fresh, started=started, backfill=backfill, stop=stop, place=place
        )


def _run_supervised(
    destination: Destination, processes: int, *, fresh: bool, show: Started, log_level: str
) -> Progress:
    from flows.runner.report import Total
    from flows.runner.stop import on_signals
    from flows.runner.store import open_store
    from flows.runner.supervise import Supervisor

    if any(each.jsonl is not None and each.jsonl.path == "-" for each in destination.inputs):
        raise click.UsageError("standard input is read by one process: leave out -p")
    with open_store(destination, fresh=fresh) as store:
        total = Total(resumed=store.resumed)
        supervisor = Supervisor(destination, store, processes, total, log_level=log_level)

        def abort(number: signal.Signals) -> None:
            supervisor.kill()
            os._exit(128 + number)

        with on_signals(lambda _: supervisor.stop(), abort):
            show(total.progress)
            progress = supervisor.run()
    progress.require_balance()
    progress.funnel.require_arrival()
    return progress
