"""The verbs of the program as they are typed, those within a group too."""

from __future__ import annotations

import click

from flows.cli import main


def verbs() -> dict[str, click.Command]:
    """Give each verb by what is typed for it; a group stands beside the verbs within it."""
    found: dict[str, click.Command] = {}
    for name, verb in main.commands.items():
        found[name] = verb
        if isinstance(verb, click.Group):
            found |= {f"{name} {inner}": each for inner, each in verb.commands.items()}
    return found
