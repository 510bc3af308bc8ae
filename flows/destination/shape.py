"""A YAML tree read by the types of `flows.destination`.

Promise: every unknown key, missing key and value of the wrong form is found in one pass, each with
its place. What is sound is handed over by section, so that rules between sections can still be
checked when another section is broken.

Text is taken as it is written: where the types ask for text, `no`, `0123` and `2020-03-03` are not
turned into something else first, as YAML 1.1 would.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, UNSET, Meta, Struct, structs

from flows.destination import Destination
from flows.destination.problems import Path, Problem, dotted
from flows.destination.values import Namespace
from flows.destination.yaml_tree import Node, Place, Scalar

_SECRET = re.compile(r"secret|passw|token|credential|(access|private|api)[-_]?key", re.IGNORECASE)
_OWN_NAMES = (
    ("identities", "fields"),
    ("identities", "hash"),
    ("inputs", "fields", "identity"),
    ("inputs", "fields", "attributes"),
)
"""Mappings whose keys are the user's own names, so that one of `token` asks for no secret."""

_WORDS = {bool: "true or false", NoneType: "null", tuple: "a list", dict: "a mapping"}
_SHOWN_CHARS = 60


class Reading(NamedTuple):
    """What a tree holds.

    Attributes:
        sections: the sound members of `Destination`, defaults included.
        places: where each value stands, by its path; namespaces in lower case.
        problems: everything that is wrong with keys and single values.
    """

    sections: dict[str, Any]
    places: dict[Path, Place]
    problems: list[Problem]


def read(root: Node) -> Reading:
    """Read a tree as a `Destination`, section by section."""
    reader = _Reader()
    reader.refuse_secrets(root, ())
    sections = reader.members(root, Destination, ())
    return Reading(sections, reader.places, reader.problems)


class _Reader:
    """Walks types and tree together. A value that is not sound is returned as UNSET."""

    def __init__(self) -> None:
        self.places: dict[Path, Place] = {}
        self.problems: list[Problem] = []

    def refuse_secrets(self, node: Node, path: Path) -> None:
        """Take every key that asks for a secret out of the tree, and report it."""
        if isinstance(node.content, list):
            for index, item in enumerate(node.content):
                self.refuse_secrets(item, (*path, index))
        elif isinstance(node.content, dict) and _names(path) not in _OWN_NAMES:
            for key, member in list(node.content.items()):
                if _SECRET.search(key):
                    del node.content[key]
                    what = "credentials do not belong in the configuration"
                    todo = (
                        "Remove it: they come from AWS's own chain (environment, profile, role); "
                        "`account.profile` chooses a profile."
                    )
                    self._add(member.place, (*path, key), what, todo)
                else:
                    self.refuse_secrets(member, (*path, key))

    def members(self, node: Node, struct: type[Struct], path: Path) -> dict[str, Any]:
        """Read a mapping by a struct; an empty section has the defaults."""
        given = {} if node.empty else node.content
        if not isinstance(given, dict):
            self._wrong(node, "a mapping", "Write its keys below it, one a line, indented.", path)
            return {}
        fields = structs.fields(struct)
        meant = self._unknown_keys(given, [field.name for field in fields], path)
        values = {}
        for field in fields:
            at = (*path, field.name)
            if field.name in given:
                value = self.value(given[field.name], field.type, at, field.default)
            elif field.name in meant:
                value = UNSET  # its misspelt key has been reported
            elif _struct(field.type):
                value = self.value(Node(node.place, {}), field.type, at, NODEFAULT)
            elif field.required:
                section = f"under `{dotted(path)}`" if path else "at the top level"
                line = _line(at, field.type, field.default)
                self._add(node.place, at, "missing", f"Add `{line}` {section}.")
                value = UNSET
            else:
                has_factory = field.default_factory is not NODEFAULT
                value = field.default_factory() if has_factory else field.default
            values[field.name] = value
        return {name: value for name, value in values.items() if value is not UNSET}

    def _unknown_keys(self, given: dict[str, Node], valid: list[str], path: Path) -> set[str]:
        """Report the keys that do not exist; return those that were probably meant."""
        meant: set[str] = set()
        for key, node in given.items():
            if key not in valid:
                close = get_close_matches(key[:64].lower(), valid, n=1)
                meant.update(close)
                guess = f"Did you mean `{close[0]}`? " if close else ""
                todo = f"{guess}Valid keys: {', '.join(valid)}."
                self._add(node.place, (*path, key), "unknown key", todo)
        return meant

    def value(self, node: Node, type_: Any, path: Path, default: Any = NODEFAULT) -> Any:
        """Read a value of any type that `flows.destination` uses."""
        self.places[path] = node.place
        struct = _struct(type_)
        if struct:
            members = self.members(node, struct, path)
            whole = len(members) == len(struct.__struct_fields__)
            return struct(**members) if whole else UNSET
        for kind in map(_plain, _alternatives(type_)):
            if _struct(kind) and isinstance(node.content, dict):
                return self.value(node, kind, path)
            if get_origin(kind) is tuple and isinstance(node.content, list):
                items = [
                    self.value(item, get_args(kind)[0], (*path, index))
                    for index, item in enumerate(node.content)
                ]
                return UNSET if any(item is UNSET for item in items) else tuple(items)
            if get_origin(kind) is dict and (node.empty or isinstance(node.content, dict)):
                return self._mapping(node, get_args(kind), path)
        return self._single(node, type_, path, default)

    def _mapping(self, node: Node, types: tuple[Any, ...], path: Path) -> Any:
        """Read a mapping; keys that are namespaces compare without case."""
        key_type, value_type = types
        as_compared = str.lower if key_type == Namespace else str
        members: dict[str, Node] = {}
        for key, member in node.content.items() if isinstance(node.content, dict) else ():
            earlier = members.get(as_compared(key))
            if earlier and earlier.place.file == member.place.file:
                todo = "Keep one of the two: namespaces compare without case."
                self._add(member.place, (*path, key), "given twice", todo)
                continue
            members[as_compared(key)] = member
            try:
                msgspec.convert(key, key_type)
            except msgspec.ValidationError:
                what = f"the key is not {_expected(key_type)}"
                self._add(member.place, (*path, key), what, "Correct the key.")
        values = {
            key: self.value(member, value_type, (*path, key)) for key, member in members.items()
        }
        return UNSET if any(value is UNSET for value in values.values()) else values

    def _single(self, node: Node, type_: Any, path: Path, default: Any) -> Any:
        if isinstance(node.content, Scalar):
            takes_text = any(_takes_text(kind) for kind in _alternatives(type_))
            text, value = node.content
            try:
                return msgspec.convert(text if takes_text and value is not None else value, type_)
            except msgspec.ValidationError:
                pass  # reported below, as for lists and mappings
        todo = f"Write for example `{_line(path, type_, default)}`."
        self._wrong(node, _expected(type_), todo, path)
        return UNSET

    def _wrong(self, node: Node, expected: str, todo: str, path: Path) -> None:
        self._add(node.place, path, f"expected {expected}, got {_given(node)}", todo)

    def _add(self, place: Place, path: Path, what: str, todo: str) -> None:
        self.problems.append(Problem(*place, dotted(path), what, todo))


def _names(path: Path) -> Path:
    """Leave out the places in lists."""
    return tuple(part for part in path if isinstance(part, str))


def _plain(type_: Any) -> Any:
    """Take the annotations off a type."""
    return get_args(type_)[0] if get_origin(type_) is Annotated else type_


def _struct(type_: Any) -> type[Struct] | None:
    """Return the struct that a type stands for, if it does."""
    plain = _plain(type_)
    return plain if get_origin(plain) is None and issubclass(plain, Struct) else None


def _alternatives(type_: Any) -> tuple[Any, ...]:
    """Take a union apart; any other type is its only alternative."""
    plain = _plain(type_)
    return get_args(plain) if get_origin(plain) in (Union, UnionType) else (type_,)


def _takes_text(type_: Any) -> bool:
    plain = _plain(type_)
    return plain is str or get_origin(plain) is Literal


def _metas(type_: Any) -> list[Meta]:
    return [meta for meta in getattr(type_, "__metadata__", ()) if isinstance(meta, Meta)]


def _expected(type_: Any) -> str:
    """Say in words what a type takes."""
    described = [meta.description for meta in _metas(type_) if meta.description]
    if described:
        return described[-1]  # the outermost, which is the most precise
    if _struct(type_):
        return "a mapping"
    kinds = _alternatives(type_)
    if len(kinds) > 1:
        return " or ".join(map(_expected, kinds))
    plain = _plain(type_)
    if get_origin(plain) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(plain))
    return _WORDS[get_origin(plain) or plain]


def _line(path: Path, type_: Any, default: Any) -> str:
    """Write a line of YAML that would be right: the type's own example, else the default."""
    examples = [
        example
        for kind in (type_, *_alternatives(type_))
        for meta in _metas(kind)
        for example in meta.examples or ()
    ]
    value = examples[-1] if examples else msgspec.json.encode(default).decode().strip('"')
    return f"- {value}" if isinstance(path[-1], int) else f"{path[-1]}: {value}"


def _given(node: Node) -> str:
    """Say in words what stands there, without showing what may be long or a user and password."""
    if isinstance(node.content, dict):
        return "a mapping"
    if isinstance(node.content, list):
        return "a list"
    text, value = node.content
    if value is None:
        return "nothing"
    kind = "the text " if isinstance(value, str) else ""
    if not text or len(text) > _SHOWN_CHARS or "@" in text:
        return "a text not shown here" if text else "an empty text"
    return f"{kind}`{text}`"
