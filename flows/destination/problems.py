"""What is wrong with a configuration: one `Problem` each, raised together.

Promise: a problem says where it is, what is wrong and what to do, in one line that is safe to print
on a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

Path = tuple[str | int, ...]
"""The keys and list indices that lead to a value."""


def dotted(path: Path) -> str:
    """Write a path for people, as in `inputs[0].name`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


class Problem(Struct, frozen=True):
    """One thing that is wrong, and the way out.

    Attributes:
        file: the file as it was named, or what else the value came from: an environment variable,
            or `--set` with its key.
        line: 1-based line in the file; None where there is none.
        path: the key, as in `inputs[0].name`; empty for a problem of the whole file.
        what: what is wrong, without a full stop.
        todo: what to do, in whole sentences.
    """

    file: str
    line: int | None
    path: str
    what: str
    todo: str

    def __str__(self) -> str:
        """Return the one line for people, with control characters escaped."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        # `--set stream.name` has named the key already.
        path = "" if not self.path or place == f"--set {self.path}" else f"{self.path}: "
        return _printable(f"{place}: {path}{self.what}. {self.todo}")


class ConfigurationError(Exception):
    """The configuration cannot be used; its text has one line for each problem.

    Attributes:
        problems: everything found, those of the file first and in the order of its lines.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in the order of their lines."""
        self.problems = sorted(
            problems, key=lambda problem: (problem.line is None, problem.line or 0)
        )
        super().__init__(self.problems)

    def __str__(self) -> str:
        """Return one line for each problem."""
        return "\n".join(map(str, self.problems))


def _printable(text: str) -> str:
    """Escape what a terminal would obey or could not show: controls, line breaks, surrogates."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )
