"""``run``: the job."""

from __future__ import annotations

from pathlib import Path

import click

from . import options
from .exits import INPUT_REJECTED, Failure, exits
from .progress import watching
from .report import end_lines


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
    for line in end_lines(progress, None if dry_run else destination.rejects.path):
        click.echo(line, err=True)
    if strict and progress.funnel.rejected:
        raise Failure(
            f"{progress.funnel.rejected.total():,} rejected, and this is a strict run",
            INPUT_REJECTED,
        )
