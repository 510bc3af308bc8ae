"""``explain``: what happened to one person's fragments, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options
from .exits import Failure, exits
from .printable import printable

if TYPE_CHECKING:
    from flows.explain import Event


@click.command()
@click.argument("identity", metavar="NS:ID")
@options.config
@options.overrides
def explain(identity: str, config: Path, overrides: tuple[str, ...]) -> None:
    """Show each fragment of one person, what it did and why, and the message that went out.

    Reads the inputs from their start and leaves the recovery store alone. Inputs are read one
    after the other, in the order of the configuration; streams and topics up to their present end.
    """
    from flows.explain import NotAKey, key_of
    from flows.explain import explain as explain_key
    from flows.reread import reread

    with exits():
        destination = options.load_destination(config, overrides)
        try:
            key = key_of(destination, identity)
        except NotAKey as error:
            raise click.UsageError(str(error)) from None
        shown = 0
        for event in explain_key(destination, reread(destination), key):
            shown += 1
            click.echo(event_line(event, with_input=len(destination.inputs) > 1))
            if event.message:
                click.echo(f"    {event.message.decode().rstrip()}")
    if not shown:
        raise Failure("no fragment of that identity in the inputs")


def event_line(event: Event, *, with_input: bool = False) -> str:
    """Say one event on one line: version time, place, what it holds, decision."""
    from flows.explain import describe
    from flows.profile.instant import format_instant

    place = printable(Path(event.place).name)
    if with_input:
        place = f"{event.input:<12}  {place}"
    return (
        f"{format_instant(event.time).decode():<20}  {place:<18}  {describe(event.decision):<23}  "
        f"{printable(event.holds)}"
    )
