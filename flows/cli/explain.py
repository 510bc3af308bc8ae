"""``explain``: what happened to one person's fragments, and why."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options
from .exits import Failure, exits
from .printable import printable

if TYPE_CHECKING:
    from flows.destination import Destination
    from flows.explain import Event, Line


_IDLE_S = 0.01
"""Between two looks at a standard input that has nothing yet."""


@click.command()
@click.argument("identity", metavar="NS:ID")
@options.config
@options.overrides
def explain(identity: str, config: Path, overrides: tuple[str, ...]) -> None:
    """Show each fragment of one person, what it did and why, and the message that went out.

    Reads the inputs from their start and leaves the recovery store alone. Inputs are read one
    after the other, in the order of the configuration.
    """
    from flows.explain import NotAKey, key_of
    from flows.explain import explain as explain_key

    with exits():
        destination = options.load_destination(config, overrides)
        try:
            key = key_of(destination, identity)
        except NotAKey as error:
            raise click.UsageError(str(error)) from None
        shown = 0
        for event in explain_key(destination, read_lines(destination), key):
            shown += 1
            click.echo(event_line(event))
            if event.message:
                click.echo(f"    {event.message.decode().rstrip()}")
    if not shown:
        raise Failure("no fragment of that identity in the inputs")


def read_lines(destination: Destination) -> Iterator[Line]:
    """Give every line of the inputs, one input after the other, as the job reads them."""
    from connectors.jsonl import JsonlSource
    from flows.explain import Line
    from flows.retry import RETRY, inputs

    for each in inputs(destination):
        source = JsonlSource(
            each.name,
            each.jsonl.path,
            optional=each.name == RETRY,
            line_bytes=destination.limits.line_bytes,
        )
        part = source.build_part("explain", each.name, None)
        try:
            while True:
                try:
                    batches = part.next_batch()
                except StopIteration:
                    break
                if not batches and each.jsonl.path == "-":
                    time.sleep(_IDLE_S)
                for batch in batches:
                    for number, raw in enumerate(batch.lines):
                        place = f"{batch.file}:{batch.line + number}"
                        yield Line(place, batch.arrival, batch.ordinal + number, raw)
        finally:
            part.close()


def event_line(event: Event) -> str:
    """Say one event on one line: version time, place, what it holds, decision."""
    from flows.explain import describe
    from flows.profile.instant import format_instant

    place = printable(Path(event.place).name)
    return (
        f"{format_instant(event.time).decode():<20}  {place:<18}  {describe(event.decision):<23}  "
        f"{printable(event.holds)}"
    )
