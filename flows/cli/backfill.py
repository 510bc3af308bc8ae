"""``backfill``: export profiles again, for a receiver that does not have them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options
from .exits import exits
from .progress import watching
from .report import end_lines
from .run import run_here

if TYPE_CHECKING:
    from flows.destination import Destination


@click.command()
@options.config
@options.overrides
@click.option("--all", "everybody", is_flag=True, help="Every profile in a mapped segment.")
@click.option("--segment", metavar="ID", help="The profiles in one mapped segment.")
@click.option("--identity", metavar="NS:ID", help="One profile, by its key identity.")
@click.option(
    "--rate",
    type=click.IntRange(min=0),
    default=1_000,
    show_default=True,
    help="Most records a second; 0 is no cap.",
)
@click.option("--replace", is_flag=True, help="Give up another backfill that is unfinished.")
def backfill(
    config: Path,
    overrides: tuple[str, ...],
    *,
    everybody: bool,
    segment: str | None,
    identity: str | None,
    rate: int,
    replace: bool,
) -> None:
    """Export profiles again: to a new stream, for a new segment, to a receiver that lost data.

    Sends the present message of each profile asked for that is in a mapped segment. Otherwise it is
    a run: it reads what is new in the inputs, and goes on where the last run stopped. What it has
    not done when it is broken off, the next run or the same backfill does.
    """
    if everybody + (segment is not None) + (identity is not None) != 1:
        raise click.UsageError("give one of --all, --segment ID and --identity NS:ID")
    with exits():
        destination = options.load_destination(config, overrides)
        key = None if identity is None else _key_of(destination, identity)
        if segment is not None:
            _require_mapped(destination, segment)
        from flows.backfill import Backfill
        from flows.place import ALONE

        asked = Backfill(segment=segment, key=key, rate=rate, replace=replace)
        with watching() as started:
            progress = run_here(destination, ALONE, fresh=False, show=started, backfill=asked)
    for line in end_lines(progress, destination.rejects.path):
        click.echo(line, err=True)
    if not progress.funnel.backfilled:
        click.echo(
            "Nothing to export again: no profile asked for is in a mapped segment.", err=True
        )


def _key_of(destination: Destination, identity: str) -> str:
    from flows.explain import NotAKey, key_of

    try:
        return key_of(destination, identity)
    except NotAKey as error:
        raise click.UsageError(str(error)) from None


def _require_mapped(destination: Destination, segment: str) -> None:
    mapped = destination.activation.mapped
    if mapped is not None and segment not in {id_ for _, id_ in mapped}:
        raise click.UsageError(
            f"no segment with the id {segment} is mapped: see `activation.segments`"
        )
