"""Runs the program as its user does: as a child process that inherits nothing of this one.

The installed script is run if it stands next to the interpreter, else `main` of this source tree.
Left out: anything that knows what the program does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shutil import which
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 60
"""How long a child may take before the test fails: it takes a second or two on a free machine."""

MAIN = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
    "from flows.cli import main; main(prog_name='profile-export')"
)
_ANY_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}


class Ended(NamedTuple):
    """What a child that has ended left: its exit code and what it said."""

    code: int
    out: str
    err: str


def command(*arguments: str) -> list[str]:
    """Give the command line that starts the program."""
    script = Path(sys.executable).with_name("profile-export")
    if script.exists():
        return [str(script), *arguments]
    return python(MAIN, *arguments)


def python(code: str, *arguments: str) -> list[str]:
    """Give the command line that runs code in a process whose path holds no folder of a user."""
    return [sys.executable, "-I", "-c", code, *arguments]


def environment(home: Path, **variables: str) -> dict[str, str]:
    """Give all variables of a child: credentials that any emulator takes, and nothing of ours.

    Args:
        home: a folder without AWS's files, which is where temporary files go, too.
        variables: added, or put in the place of a variable; an empty one is left out.
    """
    found = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",  # else a search for credentials leaves the machine
        **_ANY_CREDENTIALS,
        **variables,
    }
    return {name: value for name, value in found.items() if value}


def run(
    line: list[str], *, cwd: Path, env: dict[str, str], stdin: bytes = b"", umask: int = 0o022
) -> Ended:
    """Run a command line to its end."""
    ended = subprocess.run(
        line,
        cwd=cwd,
        env=env,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=TIMEOUT_S,
        umask=umask,
    )
    return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def start(line: list[str], *, cwd: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a command line with pipes for all that goes in and out."""
    pipe = subprocess.PIPE
    return subprocess.Popen(line, cwd=cwd, env=env, stdin=pipe, stdout=pipe, stderr=pipe)


def has_program(name: str) -> bool:
    """Whether a program of the machine is there."""
    return which(name) is not None
