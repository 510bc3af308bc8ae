"""``rejects``: the input that could not be read, to look at and to read again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from flows.profile.reject import Reason

from . import options
from .exits import exits
from .printable import printable

if TYPE_CHECKING:
    from flows.destination import Destination
    from flows.rejects import Reject

_WAY_OUT = "Stop the job or wait for its end, then try again."


@click.group()
def rejects() -> None:
    """Show the input that could not be read, and put it back once the cause is mended."""


@rejects.command("list")
@options.config
@options.overrides
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--lines", is_flag=True, help="Each reject with its place and detail.")
def list_(config: Path, overrides: tuple[str, ...], *, as_json: bool, lines: bool) -> None:
    """Count the rejects by input, origin and reason; never what they hold."""
    with exits():
        destination = options.load_destination(config, overrides)
        for about in _each(destination) if lines else _counts(destination):
            click.echo(json.dumps(about) if as_json else _line(about))


@rejects.command()
@options.config
@options.overrides
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    type=click.Choice(get_args(Reason)),
    metavar="REASON",
    help="Only those with this reason; may be repeated.",
)
@click.option(
    "--input", "names", multiple=True, metavar="NAME", help="Only those of this input; as --reason."
)
def retry(
    config: Path, overrides: tuple[str, ...], *, reasons: tuple[str, ...], names: tuple[str, ...]
) -> None:
    """Put rejects back as input, to be read by the next run; each only once.

    A fragment that names no time of its own counts as new now. If this is broken off, the next
    retry may put some back once more, which changes no profile.
    """
    from flows.retry import retry as put_back
    from flows.runner.state_directory import hold_state

    def wanted(reject: Reject) -> bool:
        return reject.reason in (reasons or (reject.reason,)) and (
            reject.input in (names or (reject.input,))
        )

    with exits():
        destination = options.load_destination(config, overrides)
        with hold_state(destination, _WAY_OUT):
            done = put_back(destination, wanted)
    if done.truncated:
        click.echo(
            f"{done.truncated:,} cannot be put back, as only their beginning was kept: send them "
            "to the input again, with a larger `limits.line_bytes`",
            err=True,
        )
    if done.folder is None:
        click.echo("nothing to put back", err=True)
    else:
        click.echo(f"{done.retried:,} put back in {done.folder}/; `run` reads them next", err=True)


def _counts(destination: Destination) -> Iterator[dict[str, Any]]:
    from msgspec import structs

    from flows.retry import count, kept_rejects

    kept, retried = count(kept_rejects(destination))
    for group, number in kept.items():
        yield structs.asdict(group) | {"count": number, "retried": retried[group]}


def _each(destination: Destination) -> Iterator[dict[str, Any]]:
    from msgspec import structs

    from flows.retry import kept_rejects

    for each in kept_rejects(destination):
        about = structs.asdict(each.reject)
        del about["text"], about["base64"]
        yield about | {"place": each.reject.place, "retried": each.retried}


def _line(about: dict[str, Any]) -> str:
    if "count" in about:
        retried = f"  {about['retried']:,} retried" if about["retried"] else ""
        text = f"{about['count']:>7,}  {about['reason']:<19}  {about['input']}  {about['origin']}"
        return printable(text + retried)
    place = about["place"] + (f"[{about['index']}]" if about["index"] else "")
    retried = "retried  " if about["retried"] else ""
    return printable(f"{place}  {about['reason']}  {retried}{about['detail']}")
