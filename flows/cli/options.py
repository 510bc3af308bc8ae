"""Options that several verbs take, and the destination they lead to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flows.destination import Destination

config = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    default=Path("destination.yaml"),
    show_default=True,
    help="The destination to use.",
)
overrides = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key, as in stream.name=leads. Goes before PROFILE_EXPORT_STREAM__NAME, which "
    "goes before the file.",
)


def load_destination(path: Path, overrides: tuple[str, ...]) -> Destination:
    """Read the destination, with the environment and ``--set`` laid over it.

    Raises:
        ConfigurationError: with every problem found.
    """
    from flows.destination.load import load

    return load(path, environment=os.environ, overrides=overrides)
