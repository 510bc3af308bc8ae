"""``dead-letters``: the records that Kinesis could never accept, to look at and to send again."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import options
from .exits import Failure, exits
from .printable import printable

if TYPE_CHECKING:
    from connectors.kinesis.dead_letter_file import DeadLetterFile
    from flows.destination import Destination

_WAY_OUT = (
    "A replay must not meet a job that may send newer messages of the same people. Stop the job "
    "or wait for its end, then try again."
)
_LIST = "`profile-export dead-letters list` shows their ids"
_STILL_REFUSED = (
    "can still not be accepted and stay dead letters. Larger records need a stream that takes them "
    "(aws kinesis update-max-record-size, up to 10 MiB); `delivery.oversize: {drop: [...]}` makes "
    "later messages fit."
)


@click.group("dead-letters")
def dead_letters() -> None:
    """Show the records that Kinesis could never accept, and send them again.

    A letter is open until it was replayed, or until a later message of its person, which shows the
    whole profile, was acknowledged: then it is superseded.
    """


@dead_letters.command("list")
@options.config
@options.overrides
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--keys", is_flag=True, help="Show partition keys, which may name persons.")
def list_(config: Path, overrides: tuple[str, ...], *, as_json: bool, keys: bool) -> None:
    """List the dead letters, one line each; never what they hold."""
    from msgspec import structs

    with exits():
        file = _file(options.load_destination(config, overrides))
        states: Counter[str] = Counter()
        for kept in file.letters():
            states[kept.state] += 1
            about = {
                name: value
                for name, value in structs.asdict(kept.letter).items()
                if name not in {"text", "base64", "explicit_hash_key"}
                and (keys or name != "partition_key")
            }
            about |= {"size_bytes": len(kept.letter.record.data), "state": kept.state}
            click.echo(json.dumps(about) if as_json else _line(about))
    counts = ", ".join(f"{states[state]:,} {state}" for state in ("open", "superseded", "replayed"))
    click.echo(f"{file.path}: {counts}", err=True)


@dead_letters.command()
@click.argument("letter", metavar="ID")
@options.config
@options.overrides
def show(letter: str, config: Path, overrides: tuple[str, ...]) -> None:
    """Show one dead letter whole, with the data of its record, as JSON."""
    from msgspec import to_builtins

    with exits():
        letters = _file(options.load_destination(config, overrides)).letters()
        kept = next((kept for kept in letters if kept.letter.id == letter), None)
    if kept is None:
        raise Failure(f"no dead letter {printable(letter)}; {_LIST}")
    whole: dict[str, Any] = to_builtins(kept.letter)
    del whole["kind"]
    click.echo(json.dumps(whole | {"state": kept.state}, indent=1))  # all but ASCII is escaped


@dead_letters.command()
@options.config
@options.overrides
@click.option(
    "--all-states",
    is_flag=True,
    help="Superseded and replayed ones, too, though the stream may have newer messages.",
)
@click.option(
    "--rate",
    type=click.IntRange(min=0),
    default=1000,
    show_default=True,
    metavar="N",
    help="Send at most N records a second; 0 for no cap.",
)
@click.option("--id", "ids", multiple=True, metavar="ID", help="Only this letter; may be repeated.")
def replay(
    config: Path, overrides: tuple[str, ...], *, all_states: bool, rate: int, ids: tuple[str, ...]
) -> None:
    """Send open dead letters to the stream again, in their order.

    What is acknowledged is marked as replayed. If this is broken off, the letters that were on
    their way are sent once more by the next replay. What is refused again stays a dead letter.
    """
    from connectors.kinesis import DeadLetters
    from connectors.kinesis.replay import replay as replay_letters
    from flows.profile_export import kinesis_sink
    from flows.runner.state_directory import hold_state

    replayed = refused = 0
    with exits():
        destination = options.load_destination(config, overrides)
        folder = destination.dead_letters
        with hold_state(destination, _WAY_OUT):
            file = _file(destination)
            chosen = _chosen(file, ids, all_states=all_states)
            outcomes = replay_letters(
                (kept.letter for kept in file.letters() if kept.letter.id in chosen),
                lambda keeper: kinesis_sink(destination, keeper),
                DeadLetters(folder.path, folder.max_bytes),
                rate=rate,
            )
            try:
                for outcome in outcomes:
                    if outcome.refusal is None:
                        replayed += 1
                    else:
                        refused += 1
                        click.echo(f"{outcome.id} refused: {printable(outcome.refusal)}", err=True)
            finally:
                click.echo(f"replayed {replayed:,}, refused again {refused:,}", err=True)
    if refused:
        raise Failure(f"{refused:,} {_STILL_REFUSED}")


def _file(destination: Destination) -> DeadLetterFile:
    from connectors.kinesis.dead_letter_file import DeadLetterFile

    return DeadLetterFile(destination.dead_letters.path)


def _line(about: dict[str, Any]) -> str:
    columns = (
        about["id"],
        about["at"],
        f"{about['state']:<10}",
        f"{about['size_bytes']:>10,} bytes",
        f"attempts {about['attempts']}",
        about["code"] or "-",
        *([about["partition_key"]] if "partition_key" in about else []),
        about["cause"],
    )
    return printable("  ".join(columns))


def _chosen(file: DeadLetterFile, ids: tuple[str, ...], *, all_states: bool) -> set[str]:
    """Give the ids of the letters to send.

    Raises:
        Failure: one that was asked for is not there, or needs nobody any more.
    """
    states = file.states()
    for id_ in ids:
        if id_ not in states:
            raise Failure(f"no dead letter {printable(id_)}; {_LIST}")
        if states[id_] != "open" and not all_states:
            raise Failure(f"{id_} is {states[id_]} already; --all-states sends it all the same")
    return {id_ for id_ in ids or states if all_states or states[id_] == "open"}
