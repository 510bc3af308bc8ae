"""YAML text as a tree in which every value knows where it stands.

Promise: only plain data comes out: mappings, lists and scalars of one document, at most `MAX_DEPTH`
deep. Aliases, anchors and tags are refused, so a small file cannot grow into a large tree and no
Python object is ever built. Whatever the text, the only error is `ConfigurationError`.

Left out: what the values mean. That is the business of `flows.destination.shape`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

import yaml

from flows.destination.problems import ConfigurationError, Path, Problem, dotted

MAX_DEPTH = 20
"""Nesting of lists and mappings; the deepest key of `destination.yaml` stands at 4."""


class Place(NamedTuple):
    """Where a value stands: a file with a line, or a variable or option without."""

    file: str
    line: int | None


class Scalar(NamedTuple):
    """A single value, as it was written and as YAML reads it."""

    text: str
    value: bool | int | float | str | None


@dataclass
class Node:
    """A value with its place. For a member of a mapping, that is the place of its key."""

    place: Place
    content: dict[str, Node] | list[Node] | Scalar

    @property
    def empty(self) -> bool:
        """Whether nothing is written here, or null."""
        return isinstance(self.content, Scalar) and self.content.value is None


def parse(text: str, source: str, *, path: Path = (), numbered: bool = True) -> Node:
    """Read one YAML document.

    Args:
        text: the document; nothing at all is null.
        source: the name of the file, variable or option, for the places.
        path: where the document belongs in the whole tree.
        numbered: whether `source` has lines worth naming.

    Raises:
        ConfigurationError: the text is not YAML, holds more than plain data, or gives a key twice.
    """
    builder = _Builder(source, numbered=numbered)
    root = builder.compose(text, path)
    if builder.problems:
        raise ConfigurationError(builder.problems)
    return root


def put(root: Node, path: Sequence[str], value: Node) -> None:
    """Set one key of the tree, making the mappings on the way.

    Raises:
        ConfigurationError: the path leads through something that is not a mapping.
    """
    node = root
    for depth, part in enumerate(path):
        if node.empty:
            node.content = {}
        if not isinstance(node.content, dict):
            outer = dotted(tuple(path[:depth]))
            what = f"`{outer}` is not a mapping, so nothing inside it can be set"
            problem = Problem(*value.place, dotted(tuple(path)), what, f"Set `{outer}` as a whole.")
            raise ConfigurationError([problem])
        if depth == len(path) - 1:
            node.content.pop(part, None)  # what is set last stands last
            node.content[part] = value
        else:
            node = node.content.setdefault(part, Node(value.place, {}))


class _PlainLoader(yaml.SafeLoader):
    """Composes plain data, and refuses the rest before it is built or recursed into."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it open
        if self.depth == MAX_DEPTH and isinstance(event, yaml.CollectionStartEvent):
            what = f"nested deeper than {MAX_DEPTH} levels"
            self._refuse(event, what, "Check the brackets; no key needs that.")
        if event.anchor is not None:
            what = "anchors and aliases (`&`, `*`) are not used here"
            self._refuse(event, what, "Write the value out, or put the text in quotes.")
        if event.tag is not None:
            what = "tags (`!`) are not used here"
            self._refuse(event, what, "Remove the tag, or put the text in quotes.")
        if isinstance(event, yaml.ScalarEvent) and _has_surrogate(event.value):
            what = "half of a surrogate pair, which is no character"
            self._refuse(event, what, "Write the character itself.")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def _refuse(self, event: Any, what: str, todo: str) -> NoReturn:
        raise yaml.MarkedYAMLError(problem=what, problem_mark=event.start_mark, note=todo)


class _Builder:
    """Turns one text into a tree, collecting the problems that do not stop it."""

    def __init__(self, source: str, *, numbered: bool) -> None:
        self.source = source
        self.numbered = numbered
        self.problems: list[Problem] = []

    def compose(self, text: str, path: Path) -> Node:
        try:
            root = self._compose(text)
        except yaml.MarkedYAMLError as error:
            raise self._not_yaml(error) from error
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position)
            what = f"not YAML: the control character {error.character:#04x} stands here"
            raise self._fatal(line, what, "Remove it.") from error
        if root is None:
            return Node(self._place(0), Scalar("", None))
        return self._node(root, self._place(root.start_mark.line), path)

    def _compose(self, text: str) -> yaml.Node | None:
        loader = _PlainLoader(text)
        try:
            return loader.get_single_node()
        except (ValueError, OverflowError) as error:
            # PyYAML lets these through for escapes beyond Unicode and absurd version numbers.
            what = "not YAML: an escape or number is out of range"
            raise self._fatal(loader.line, what, "Correct it.") from error

    def _node(self, node: yaml.Node, place: Place, path: Path) -> Node:
        if isinstance(node, yaml.MappingNode):
            return Node(place, self._members(node, path))
        if isinstance(node, yaml.SequenceNode):
            items = (
                self._node(item, self._place(item.start_mark.line), (*path, index))
                for index, item in enumerate(node.value)
            )
            return Node(place, list(items))
        return Node(place, _scalar(node))

    def _members(self, mapping: yaml.MappingNode, path: Path) -> dict[str, Node]:
        members: dict[str, Node] = {}
        for key, value in mapping.value:
            place = self._place(key.start_mark.line)
            if not isinstance(key, yaml.ScalarNode):
                what = "a list or mapping stands where a key should"
                self._add(place, path, what, "Put it in quotes if it is meant as text.")
            elif key.value in members:
                what = f"given twice{self._first(members[key.value])}"
                self._add(place, (*path, key.value), what, "Keep one of the two.")
            else:
                members[key.value] = self._node(value, place, (*path, key.value))
        return members

    def _first(self, node: Node) -> str:
        return f", first in line {node.place.line}" if self.numbered else ""

    def _place(self, line: int) -> Place:
        return Place(self.source, line + 1 if self.numbered else None)

    def _add(self, place: Place, path: Path, what: str, todo: str) -> None:
        self.problems.append(Problem(*place, dotted(path), what, todo))

    def _fatal(self, line: int, what: str, todo: str) -> ConfigurationError:
        return ConfigurationError([Problem(*self._place(line), "", what, todo)])

    def _not_yaml(self, error: yaml.MarkedYAMLError) -> ConfigurationError:
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        problem = error.problem or "unreadable"
        if error.note:
            return self._fatal(line, problem, error.note)
        if "another document" in problem:
            return self._fatal(line, "a second document", "Keep one document, without `---`.")
        if r"'\t'" in problem:
            todo = "Indent with spaces, never with tabs."
        elif "sequence entries are not allowed" in problem:
            todo = 'Put a list on lines of its own; write a lone dash as "-".'
        elif "mapping values are not allowed" in problem:
            todo = "Check the indentation; put text that holds `: ` in quotes."
        elif "cannot start any token" in problem:
            todo = "Put the text in quotes."
        else:
            todo = "Check brackets, quotes and indentation, here and in the line before."
        return self._fatal(line, f"not YAML: {problem}", todo)


def _scalar(node: yaml.Node) -> Scalar:
    """Read a scalar by YAML's own rules; a number that Python cannot hold stays text."""
    kind = node.tag.rpartition(":")[2]
    if kind == "null":
        return Scalar(node.value, None)
    if kind in ("bool", "int", "float"):
        try:
            return Scalar(node.value, yaml.constructor.SafeConstructor().construct_object(node))
        except ValueError:
            return Scalar(node.value, node.value)
    return Scalar(node.value, node.value)


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)
