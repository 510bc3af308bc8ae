"""The command line, ``profile-export``: one verb, one file. Data on stdout, talk on stderr.

A verb's file parses, calls and prints. It imports the engine and the SDK only when it runs, so
that ``--help`` stays instant.
"""

from __future__ import annotations

import click

from . import logs
from .backfill import backfill
from .check import check
from .dead_letters import dead_letters
from .demo import demo
from .emulator import emulator
from .explain import explain
from .init import init
from .rejects import rejects
from .run import run
from .tap import tap


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="profile-export", prog_name="profile-export")
def main() -> None:
    """Deliver customer profiles and audience events to Amazon Kinesis.

    Start with `profile-export demo`, then `profile-export init`.

    Exit codes: 0 ok, 1 failed, 2 usage, 65 input rejected under --strict, 69 Kinesis unreachable,
    75 start again, 77 permission denied, 78 configuration, 130 interrupted.
    """
    logs.configure()


for verb in (demo, init, check, run, backfill, explain, tap, rejects, dead_letters, emulator):
    main.add_command(verb)
