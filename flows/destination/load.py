"""Reading `destination.yaml` into a `Destination`.

Promise: the result is sound, or there is one `ConfigurationError` with every problem that could be
found. Precedence: the file, then environment variables such as `PROFILE_EXPORT_STREAM__NAME` (two
underscores step into a section), then overrides such as `stream.name=leads`. A value given later
replaces the earlier one whole. Relative paths start at the folder of the file.

Left out: the process environment, which is the caller's to hand over, and interpolation, which
could carry a secret into the configuration.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import structs

from flows.destination import Destination, rules, shape
from flows.destination.problems import ConfigurationError, Problem, dotted
from flows.destination.yaml_tree import Node, Place, Scalar, parse, put

__all__ = ["ConfigurationError", "Problem", "load"]

ENVIRONMENT_PREFIX = "PROFILE_EXPORT_"
MAX_BYTES = 1_048_576
"""Size of the file: a thousand segments with names and times take a fifth of it."""

_INIT = "`profile-export init` writes an example"


def load(
    path: Path, *, environment: Mapping[str, str], overrides: Sequence[str] = ()
) -> Destination:
    """Read a destination.

    Args:
        path: the file; problems show it as it is given here.
        environment: variables; those that start with `PROFILE_EXPORT_` set keys.
        overrides: `key.key=value` each, the value being YAML.

    Returns:
        The destination, with absolute paths; `-` stays.

    Raises:
        ConfigurationError: with every problem, those of the file in the order of its lines.
    """
    file = str(path)
    root = parse(_read(path), file)
    if root.empty:
        raise _whole_file(file, "the file is empty", f"Fill it in; {_INIT}.")
    if not isinstance(root.content, dict):
        what = "the file does not hold keys and values at its top level"
        raise _whole_file(file, what, f"Start with lines like `name: leads`; {_INIT}.")
    problems = _override(root, environment, overrides)
    sections, places, wrong = shape.read(root)
    _resolve(sections, path.absolute().parent)
    problems += wrong
    problems += _broken(sections, places)
    if problems:
        raise ConfigurationError(problems)
    return Destination(**sections)


def _read(path: Path) -> str:
    file = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        todo = f"Check the path, or start one: {_INIT}."
        raise _whole_file(file, "there is no such file", todo) from error
    except IsADirectoryError as error:
        todo = "Name the file in it, such as `destination.yaml`."
        raise _whole_file(file, "this is a folder", todo) from error
    except OSError as error:
        todo = "Make it readable for this user, or name another file."
        raise _whole_file(file, f"cannot be read ({error.strerror})", todo) from error
    if len(content) > MAX_BYTES:
        what = f"larger than {MAX_BYTES} bytes"
        raise _whole_file(file, what, "Check that this is the right file.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"not UTF-8, from byte {error.start} on"
        raise _whole_file(file, what, "Save it as UTF-8.") from error


def _override(
    root: Node, environment: Mapping[str, str], overrides: Sequence[str]
) -> list[Problem]:
    """Set what environment and overrides say; return what is wrong with their form."""
    problems = []
    for source, keys, text in (*_variables(environment), *_options(overrides)):
        if not all(keys):
            todo = "Name a key, as in `PROFILE_EXPORT_STREAM__NAME` or `--set stream.name=leads`."
            problems.append(Problem(source, None, "", "this names no key", todo))
            continue
        try:
            # A lone dash is standard input to us, but an empty list to YAML.
            dash = Node(Place(source, None), Scalar("-", "-"))
            value = dash if text == "-" else parse(text, source, path=keys, numbered=False)
            put(root, keys, value)
        except ConfigurationError as error:
            problems += error.problems
    return problems


def _variables(environment: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield name, keys and value of each variable, a section before its members."""
    for variable in sorted(environment):
        if variable.startswith(ENVIRONMENT_PREFIX):
            keys = variable.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
            yield variable, tuple(keys), environment[variable]


def _options(overrides: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield name, keys and value of each override; without `=` it has no keys."""
    for override in overrides:
        key, equals, value = override.partition("=")
        yield f"--set {key}", tuple(key.split(".")) if equals else ("",), value


def _resolve(sections: dict[str, Any], folder: Path) -> None:
    """Let relative paths start at the folder of the file."""

    def absolute(path: str) -> str:
        return path if path == "-" else os.path.normpath(folder / path)

    for name in {"rejects", "dead_letters", "state"} & sections.keys():
        section = sections[name]
        sections[name] = structs.replace(section, path=absolute(section.path))
    sources = []
    for source in sections.get("inputs", ()):
        jsonl = source.jsonl
        if jsonl is not None:
            jsonl = structs.replace(jsonl, path=absolute(jsonl.path))
        sources.append(structs.replace(source, jsonl=jsonl))
    if "inputs" in sections:
        sections["inputs"] = tuple(sources)


def _broken(
    sections: Mapping[str, Any], places: Mapping[tuple[str | int, ...], Place]
) -> Iterator[Problem]:
    """Check the rules, and say where each broken one stands."""
    for path, what, todo in rules.broken(sections):
        # What the file leaves out has no place of its own; its section has.
        lengths = range(len(path), 0, -1)
        place = next(places[path[:length]] for length in lengths if path[:length] in places)
        yield Problem(*place, dotted(path), what, todo)


def _whole_file(file: str, what: str, todo: str) -> ConfigurationError:
    return ConfigurationError([Problem(file, None, "", what, todo)])
