"""``init``: write a commented configuration to start from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from flows.runner.exit_codes import FAILED

from .exits import Failure


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path("destination.yaml"))
def init(path: Path) -> None:
    """Write a commented destination.yaml. An existing file is left alone."""
    text = (files("flows.cli") / "template.yaml").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Failure(f"{path} exists. Give another path, or move it away.", FAILED) from None
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}.", FAILED) from None
    click.echo(f"Wrote {path}. Edit it, then: profile-export check --offline -c {path}", err=True)
