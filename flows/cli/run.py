"""``run``: the job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options
from .exits import INPUT_REJECTED, Failure, exits
from .progress import watching
from .report import funnel_lines, health_lines

if TYPE_CHECKING:
    from flows.runner.execution import Progress


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
def run(
    config: Path, overrides: tuple[str, ...], *, dry_run: bool, strict: bool, fresh: bool
) -> None:
    """Read the inputs to their end and deliver what they change.

    Goes on where the last run stopped. What was not committed when a run ended is sent again.
    """
    if dry_run and fresh:
        raise click.UsageError("--dry-run touches no recovery store, so --fresh has nothing to do")
    with exits():
        destination = options.load_destination(config, overrides)
        from flows.runner import execution

        with watching() as started:
            if dry_run:
                progress = execution.run_dry(destination, started=started)
            else:
                progress = execution.run(destination, fresh=fresh, started=started)
    _report(progress, destination.rejects.path, dry_run=dry_run)
    if strict and progress.funnel.rejected:
        raise Failure(
            f"{progress.funnel.rejected.total():,} rejected, and this is a strict run",
            INPUT_REJECTED,
        )


def _report(progress: Progress, rejects_path: str, *, dry_run: bool) -> None:
    for line in (*funnel_lines(progress), *health_lines(progress)):
        click.echo(line, err=True)
    if progress.funnel.rejected and not dry_run:
        click.echo(f"rejects are kept in {rejects_path}", err=True)
    if progress.resumed and not progress.funnel.received:
        click.echo(
            "Nothing new: the inputs end where the last run stopped. `run --fresh` reads them "
            "from the start.",
            err=True,
        )
