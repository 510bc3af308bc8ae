r"""Does what a page of documentation shows, in its order, and compares what comes out.

The convention, for fenced blocks:

* ```console: a line that starts with `$ ` is a command, continued on the next line after a `\`.
  The lines below it are its output, both streams as on a terminal. They are checked if there are
  any; a line `...` stands for any lines, and `...` within a line for any text.
* ```sh: the whole block is one script.
* ```python: the whole block is one program.

Whatever is run must end with exit code 0. All commands and scripts share one shell. Other blocks
are for reading alone.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import NamedTuple

from typing_extensions import Self

TIMEOUT_S = 60
_MARK = "--- end of a command ---"


class Step(NamedTuple):
    """One thing a page does.

    Attributes:
        line: number of its first line in the page, from 1.
        script: what the shell is given.
        expected: the lines of output that the page shows; none means that any will do.
    """

    line: int
    script: str
    expected: list[str]


def steps(page: str) -> Iterator[Step]:
    """Give what a page does, from top to bottom."""
    fence = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for block in fence.finditer(page):
        language, text = block.groups()
        line = page.count("\n", 0, block.start(2)) + 1
        if language == "console":
            yield from _console(line, text.splitlines())
        elif language == "sh":
            yield Step(line, text, [])
        elif language == "python":
            yield Step(line, f"python -c {shlex.quote(text)}", [])


def _console(first: int, lines: list[str]) -> Iterator[Step]:
    step: Step | None = None
    for number, line in enumerate(lines, first):
        if step is not None and step.script.endswith("\\"):
            step = step._replace(script=f"{step.script}\n{line}")
        elif line.startswith("$ "):
            if step is not None:
                yield step
            step = Step(number, line[2:], [])
        elif step is None:
            raise ValueError(f"line {number}: a console block starts with a command")
        else:
            step.expected.append(line)
    if step is not None:
        yield step


def matches(expected: list[str], shown: str) -> bool:
    """Whether an output is what a page shows of it; white space at the end of lines is ignored."""
    if not expected:
        return True
    pattern = ""
    for line in expected:
        literal = re.escape(line.rstrip()).replace(re.escape("..."), ".*")
        pattern += r"(.*\n)*" if line.strip() == "..." else f"{literal} *\n"
    return re.fullmatch(pattern, shown.rstrip() + "\n") is not None


class Shell:
    """One shell within a `with` block; what it started ends with the block."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        """Start in a folder, with nothing but these variables."""
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # so that all of it can be ended at once
        )

    def __enter__(self) -> Self:
        """Give this shell."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the shell and what runs in its background."""
        self._kill()
        self._process.communicate()

    def run(self, script: str) -> tuple[int, str]:
        """Run a script; returns its exit code, and both its streams as a terminal shows them."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        watchdog = Timer(TIMEOUT_S, self._kill)
        watchdog.start()
        try:
            # Without a standard input of its own the script would read the next one.
            self._process.stdin.write(
                f"{{\n{script}\n}} </dev/null\nprintf '\\n%s %d\\n' '{_MARK}' $?\n"
            )
            self._process.stdin.flush()
            shown: list[str] = []
            for line in self._process.stdout:
                if line.startswith(_MARK):
                    return int(line.split()[-1]), "".join(shown).rstrip("\n")
                shown.append(line)
        finally:
            watchdog.cancel()
        raise RuntimeError(
            f"the shell ended or took over {TIMEOUT_S} s: {script}\n{''.join(shown)}"
        )

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # all of it has ended
            os.killpg(self._process.pid, signal.SIGKILL)
