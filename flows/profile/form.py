"""The forms an XDM input takes, and the typed decoder that reads them.

Told apart in this order (AdobeDocs/experience-platform.en): ``messages: [...]``, a batch of
streaming ingestion (help/ingestion/tutorials/streaming-multiple-messages.md); ``header`` with
``body``, one streaming-ingestion record (``body.xdmEntity``,
help/ingestion/tutorials/streaming-record-data.md) or one upsert (``body`` itself,
help/data-prep/upserts.md); else the bare entity.

Only what the given paths and options name is decoded; the rest is checked to be JSON and skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from .identity import IdentityMap
from .merge import NamespacedId
from .reject import Rejected

_NULL = b"null"


class Operations(Struct, frozen=True, gc=False):
    """``header.operations`` of an upsert."""

    data: str | None = None


class Header(Struct, frozen=True, gc=False):
    """The part of a ``header`` that is read."""

    createdAt: int | float | str | None = None  # noqa: N815 - the field's name in the input
    operations: Operations | None = None


class AnyHeader(Struct, frozen=True, gc=False):
    """A ``header`` of which only its being there is read."""


class Audit(Struct, frozen=True, gc=False):
    """The part of ``extSourceSystemAudit`` that is read."""

    lastUpdatedDate: str | None = None  # noqa: N815 - the field's name in the input


class MembershipItem(Struct, frozen=True, gc=False):
    """One entry of ``segmentMembership.<namespace>``."""

    lastQualificationTime: str | None = None  # noqa: N815 - the field's name in the input
    status: str | None = None


class Named(Struct, frozen=True):
    """What the detail of a reject calls a field at fault, or says of it."""

    time: str = "timestamp"
    qualified: str = "lastQualificationTime"
    status: str = "a status is none of realized, existing, exited"


class _Messages(Struct, frozen=True, gc=False):
    """Whether an object is a batch."""

    messages: Raw = Raw()


ABSENT = {b'""', b"{}", b"[]"}
"""XDM takes no empty values (help/xdm/schema/composition.md): they mean absent, as null does."""

encode = msgspec.json.Encoder().encode


class _Node:
    """One level of the tree of paths to read."""

    def __init__(self) -> None:
        self.attribute: str | None = None
        self.identity: str | None = None
        self.children: dict[str, _Node] = {}
        self.attributes: list[tuple[str, str | None, _Node]] = []
        self.identities: list[tuple[str, str | None, _Node]] = []

    def at(self, path: str) -> _Node:
        node = self
        for part in path.split("."):
            node = node.children.setdefault(part, _Node())
        return node

    def struct(self, extra: Sequence[tuple[str, Any]] = ()) -> type[Struct]:
        """Make the typed decoder's class of this level, with ``extra`` fields beside."""
        names = {name: name for name, _ in extra}
        fields: list[tuple[str, Any, Any]] = [(name, kind | None, None) for name, kind in extra]
        for position, (part, child) in enumerate(self.children.items()):
            name = f"at_{position}"
            names[name] = part
            fields.append((name, child.struct() | None if child.children else Any, None))
            if child.attribute is not None or child.attributes:
                self.attributes.append((name, child.attribute, child))
            if child.identity is not None or child.identities:
                self.identities.append((name, child.identity, child))
        return msgspec.defstruct("Entity", fields, rename=names, frozen=True, gc=False)

    def read_attributes(self, value: Any, version: bytes, found: dict[str, bytes]) -> None:
        for name, path, child in self.attributes:
            inner = getattr(value, name)
            if inner is None:
                continue
            if path is None:
                child.read_attributes(inner, version, found)
            else:
                encoded = encode(inner)
                if encoded not in ABSENT:
                    found[path] = version + encoded

    def read_identities(self, value: Any, found: list[NamespacedId]) -> None:
        for name, namespace, child in self.identities:
            inner = getattr(value, name)
            if inner is None or inner == "":
                continue
            if namespace is None:
                child.read_identities(inner, found)
            elif isinstance(inner, bool) or not isinstance(inner, (str, int)):
                where = f"the field of identity {namespace}"
                raise Rejected("bad_value", f"Expected `str | int` - at {where}")
            else:
                found.append((namespace, str(inner)))


class FormReader:
    """Decodes the entity of one fragment, and its header if it has one."""

    def __init__(
        self, attributes: Iterable[str], identities: Mapping[str, str], *, memberships: bool
    ) -> None:
        """Build the decoders.

        Args:
            attributes: dotted paths of attributes to decode; none lies inside another.
            identities: dotted paths of fields that hold an identity, by namespace.
            memberships: whether the memberships, the times and the operation are decoded too.
        """
        tree = _Node()
        for path in attributes:
            tree.at(path).attribute = path
        for namespace, path in identities.items():
            tree.at(path).identity = namespace
        self._tree = tree
        self.named = Named()
        read: list[tuple[str, Any]] = [("identityMap", IdentityMap)]
        if memberships:
            read.append(("segmentMembership", dict[str, dict[str, MembershipItem | None] | None]))
            read.append(("extSourceSystemAudit", Audit))
            read.append(("timestamp", str))
        entity = tree.struct(read)
        body = msgspec.defstruct("Body", [("xdmEntity", entity | None, None)], bases=(entity,))
        header = Header if memberships else AnyHeader
        line = msgspec.defstruct(
            "Line",
            [
                ("messages", Raw, Raw()),
                ("header", header | None, None),
                ("body", body | None, None),
            ],
            bases=(entity,),
        )
        # The classes are made here, so what they decode to is Any to the type checker.
        self._header = msgspec.json.Decoder(header).decode
        self._line: Callable[[bytes], Any] = msgspec.json.Decoder(line).decode
        self._entity: Callable[[bytes], Any] = msgspec.json.Decoder(entity).decode
        self._body: Callable[[bytes | Raw], Any] = msgspec.json.Decoder(body).decode

    def attributes(self, entity: Any, version: bytes) -> dict[str, bytes]:
        """Give the entries of the mapped attributes that are present and not empty."""
        found: dict[str, bytes] = {}
        self._tree.read_attributes(entity, version, found)
        return found

    def identities(self, entity: Any) -> list[NamespacedId]:
        """Give the identities that fields hold.

        Raises:
            Rejected: ``bad_value``, for one that is neither text nor an integer.
        """
        found: list[NamespacedId] = []
        self._tree.read_identities(entity, found)
        return found

    def read(self, raw: bytes) -> tuple[Any, Any]:
        """Give the header, if the form has one, and the entity.

        Raises:
            Rejected: ``not_json``, ``not_an_object``, ``bad_value``, or ``bad_batch`` for a batch.
        """
        try:
            line = self._line(raw)
        except msgspec.MsgspecError:
            return self._read_form_first(raw)
        if line.messages:
            raise _nested()
        if line.header is not None and line.body is not None:
            return line.header, line.body.xdmEntity or line.body
        return None, line

    def _read_form_first(self, raw: bytes) -> tuple[Any, Any]:
        """Read what did not decode in one go: say why, or overlook what its form does not read."""
        parts = open_object(raw)
        if "messages" in parts:
            raise _nested()
        try:
            if "header" in parts and "body" in parts:
                body = self._body(parts["body"])
                return self._header(parts["header"]), body.xdmEntity or body
            return None, self._entity(raw)
        except msgspec.ValidationError as error:
            raise Rejected("bad_value", str(error)) from None


_decode_object = msgspec.json.Decoder(dict[str, Raw]).decode
_check_syntax = msgspec.json.Decoder(Raw).decode
_decode_array = msgspec.json.Decoder(list[Raw]).decode
_decode_messages = msgspec.json.Decoder(_Messages).decode


def open_object(raw: bytes) -> dict[str, Raw]:
    """Give the fields of a JSON object that are not null, undecoded.

    Raises:
        Rejected: ``not_json`` or ``not_an_object``.
    """
    try:
        fields = _decode_object(raw)
    except msgspec.ValidationError:
        raise _no_object(raw) from None
    except msgspec.DecodeError as error:
        raise not_json(error) from None
    return {name: value for name, value in fields.items() if value != _NULL}


def _nested() -> Rejected:
    return Rejected("bad_batch", "`messages` inside `messages`")


def _no_object(raw: bytes) -> Rejected:
    """Say whether a line that does not begin as an object is at least JSON."""
    try:
        _check_syntax(raw)
    except msgspec.DecodeError as error:
        return not_json(error)
    return Rejected("not_an_object", "the line is JSON, but not an object")


def not_json(error: msgspec.DecodeError) -> Rejected:
    """Give the reject of a line that is not JSON."""
    return Rejected("not_json", str(error))


def split_batch(raw: bytes) -> list[bytes] | None:
    """Give the fragments of a ``messages`` batch as they stand, or None if it is no batch.

    Raises:
        Rejected: ``not_json``, ``not_an_object``, ``bad_batch`` or ``empty_batch``.
    """
    try:
        messages = _decode_messages(raw).messages
    except msgspec.ValidationError:
        raise _no_object(raw) from None
    except msgspec.DecodeError as error:
        raise not_json(error) from None
    if not messages:
        return None
    try:
        fragments = [bytes(each) for each in _decode_array(messages)]
        nested = any(_decode_messages(each).messages for each in fragments)
    except msgspec.ValidationError:
        raise Rejected("bad_batch", "`messages` is not an array of objects") from None
    if nested:
        raise _nested()
    if not fragments:
        raise Rejected("empty_batch", "`messages` is empty")
    return fragments
