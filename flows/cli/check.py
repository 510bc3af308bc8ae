"""``check``: is this configuration ready to run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.runner.exit_codes import CONFIGURATION

from . import options
from .exits import Failure, exits

if TYPE_CHECKING:
    from flows.destination import Destination


@click.command()
@options.config
@options.overrides
@click.option("--offline", is_flag=True, required=True, help="Ask nothing of AWS (required yet).")
def check(config: Path, overrides: tuple[str, ...], *, offline: bool) -> None:
    """Check the configuration, the inputs and the folders, one line each, and give a verdict."""
    del offline  # the only way to check in this version
    with exits():
        destination = options.load_destination(config, overrides)
    click.echo(f"ok    {config}: {destination.name}")
    problems = 0
    for what, problem in (*_inputs(destination), *_folders(destination), _store(destination)):
        problems += problem is not None
        click.echo(f"ok    {what}" if problem is None else f"FAIL  {problem}")
    for each in destination.inputs:
        if each.jsonl is None:
            click.echo(f"-     input {each.name}: {each.place} was not asked")
    click.echo("-     AWS was not asked")
    if problems:
        raise Failure(f"{problems} to mend before this can run", CONFIGURATION)
    click.echo("ready: profile-export run --dry-run shows the messages, run sends them")


def _inputs(destination: Destination) -> Iterator[tuple[str, str | None]]:
    from connectors.jsonl import JsonlError, JsonlSource

    for each in destination.inputs:
        if each.jsonl is None:
            continue
        what = f"input {each.name}: {each.place}"
        source = JsonlSource(each.name, each.jsonl.path, follow=each.jsonl.follow)
        try:
            source.build_part("check", each.name, None).close()
        except JsonlError as error:
            yield what, f"input {each.name}: {error}"
        else:
            yield what, None


def _folders(destination: Destination) -> Iterator[tuple[str, str | None]]:
    import os

    folders = {
        "state": destination.state.path,
        "rejects": destination.rejects.path,
        "dead letters": destination.dead_letters.path,
    }
    for name, folder in folders.items():
        existing = Path(folder)
        while not existing.exists():
            existing = existing.parent
        if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
            yield f"{name}: {folder}", None
        else:
            why = f"{existing} is no folder this user may write to"
            yield name, f"{name}: {folder}: {why}. Change the path or the permissions."


def _store(destination: Destination) -> tuple[str, str | None]:
    from flows.runner.state_directory import StoreUnusable
    from flows.runner.store import StoreMismatch, require_matching

    try:
        require_matching(destination)
    except (StoreMismatch, StoreUnusable) as error:
        return "recovery store", str(error)
    return "recovery store: none yet, or made for this configuration", None
