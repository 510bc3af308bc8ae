"""Rows: flat JSON objects, whose columns are mapped, read as the XDM that they stand for.

A row gives what ``form`` gives for an XDM entity with those identities, attributes, membership and
time, so ``fragment`` judges both by the same rules. One line is one row: columns may have any name,
``messages``, ``header`` and ``body`` among them. Columns that are not mapped are checked to be JSON
and skipped.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from flows.destination import Fields, SegmentFields

from .deletion import DELETION
from .form import ABSENT, FormReader, Header, Named, Operations, encode, not_json, open_object
from .identity import IdentityItem, IdentityMap
from .instant import MS_TEXT, parse_ms
from .merge import NamespacedId
from .reject import Rejected

_ID = frozenset({str, int})
_TIME = _ID | {float}
_WORD = _TIME | {bool}
_ANY = _WORD | {list, dict}

_DELETE = Header(operations=Operations("delete"))


class RowMembership(Struct, frozen=True, gc=False):
    """A ``MembershipItem`` whose time may be an instant already."""

    lastQualificationTime: str | int | None  # noqa: N815 - as in XDM
    status: str


_Memberships = dict[str, dict[str, RowMembership]]


class Row(Struct, frozen=True, gc=False):
    """A row as an XDM entity: the fields of one that are read, and the columns as they came."""

    identityMap: IdentityMap  # noqa: N815 - as in XDM
    segmentMembership: _Memberships | None  # noqa: N815 - as in XDM
    timestamp: str | int | None
    columns: tuple[Any, ...]
    extSourceSystemAudit: None = None  # noqa: N815 - as in XDM, where it goes before timestamp


class _Columns:
    """The columns to read. One that is used twice holds what both uses take."""

    def __init__(self) -> None:
        self._types: dict[str, frozenset[type]] = {}

    def use(self, column: str, types: frozenset[type]) -> int:
        """Read a column, and give its place in what will be decoded."""
        self._types[column] = self._types.get(column, types) & types
        return list(self._types).index(column)

    def decoder(self) -> msgspec.json.Decoder[Struct]:
        """Make the typed decoder, of a struct with a field for each column, in their order."""
        names = {f"at_{position}": column for position, column in enumerate(self._types)}
        fields = [
            (name, reduce(or_, self._types[column], None), None) for name, column in names.items()
        ]
        return msgspec.json.Decoder(
            msgspec.defstruct("Columns", fields, rename=names, frozen=True, gc=False)
        )


class _TimeReader:
    """Reads a column that holds a time, as XDM writes one or in milliseconds."""

    def __init__(self, column: str, columns: _Columns) -> None:
        self._at = columns.use(column, _TIME)
        self.named = f"column {column}"

    def read(self, columns: tuple[Any, ...]) -> str | int | None:
        """Give text as it is, and milliseconds as an instant."""
        value = columns[self._at]
        if value is None:
            return None
        if isinstance(value, str) and (value.endswith("Z") or not MS_TEXT.fullmatch(value)):
            return value  # nearly all end in Z, which is quicker to see
        try:
            return parse_ms(value)
        except ValueError as error:
            raise Rejected("bad_time", f"{self.named} is {error}") from None


class _SegmentReader:
    """Reads the membership that a row tells of."""

    def __init__(self, segment: SegmentFields, columns: _Columns) -> None:
        self._namespace = segment.namespace
        self._id = columns.use(segment.id, _ID)
        self._status = columns.use(segment.status, _WORD)
        self._time = _TimeReader(segment.time, columns) if segment.time else None
        self._statuses = dict.fromkeys(segment.realized, "realized")
        self._statuses |= dict.fromkeys(segment.exited, "exited")

    def read(self, columns: tuple[Any, ...]) -> _Memberships | None:
        id_ = columns[self._id]
        if id_ is None or id_ == "":
            return None
        status = self._statuses.get(_word(columns[self._status]), "")  # "" is unknown
        time = self._time.read(columns) if self._time else None
        return {self._namespace: {str(id_): RowMembership(time, status)}}


class RowReader:
    """Decodes rows; a form reader as ``FormReader`` is one."""

    def __init__(self, fields: Fields, attributes: Iterable[str] = ()) -> None:
        """Build the decoder.

        Args:
            fields: which column means what.
            attributes: the paths to keep of those that ``fields`` maps.
        """
        columns, segment, delete = _Columns(), fields.segment, fields.delete
        self._identities = [(ns, columns.use(at, _ID)) for ns, at in fields.identity.items()]
        self._attributes = [
            (path, columns.use(fields.attributes[path], _ANY))
            for path in attributes
            if path in fields.attributes
        ]
        self._time = _TimeReader(fields.time, columns) if fields.time else None
        self._segment = _SegmentReader(segment, columns) if segment else None
        self._delete = columns.use(delete.column, _WORD) if delete else None
        self._deletes = frozenset(delete.values if delete else ())
        self._decode = columns.decoder().decode
        self._deletions = FormReader((), {}, memberships=True)
        self.named = _named(fields)

    def read(self, raw: bytes) -> tuple[Header | None, Any]:
        """Give the header that says delete, if the row does, and the entity: a `Row`.

        Where a record had no value there is no row, and what stands for it is read as XDM.

        Raises:
            Rejected: ``not_json``, ``not_an_object``, ``bad_value``, or ``bad_time`` for a number.
        """
        if raw.startswith(DELETION):
            return self._deletions.read(raw)
        try:
            columns = astuple(self._decode(raw))
        except msgspec.ValidationError as error:
            open_object(raw)  # a fault of form goes before one of a value
            raise Rejected("bad_value", str(error)) from None
        except msgspec.DecodeError as error:
            raise not_json(error) from None
        identities: IdentityMap = {}
        for namespace, at in self._identities:
            id_ = columns[at]
            if id_ is not None and id_ != "":
                identities[namespace] = [IdentityItem(str(id_))]
        time = self._time.read(columns) if self._time else None
        if self._delete is not None and _word(columns[self._delete]) in self._deletes:
            return _DELETE, Row(identities, None, time, columns)
        memberships = self._segment.read(columns) if self._segment else None
        return None, Row(identities, memberships, time, columns)

    def attributes(self, entity: Row, version: bytes) -> dict[str, bytes]:
        """Give the entries of the mapped attributes that are present and not empty."""
        columns, found = entity.columns, {}
        for path, at in self._attributes:
            value = columns[at]
            if value is not None:
                encoded = encode(value)
                if encoded not in ABSENT:
                    found[path] = version + encoded
        return found

    def identities(self, _entity: Row) -> list[NamespacedId]:
        """Give no more identities: those of a row are all in its ``identityMap``."""
        return []


def _named(fields: Fields) -> Named:
    segment = fields.segment
    if segment is None:
        return Named(time=f"column {fields.time}")
    known = ", ".join((*segment.realized, *segment.exited))
    return Named(
        time=f"column {fields.time}",
        qualified=f"column {segment.time}",
        status=f"column {segment.status} is none of {known}",
    )


def _word(value: float | str | None) -> str:
    """Give a text as it is, and a number or a boolean as JSON writes it."""
    if isinstance(value, str):
        return value
    return "" if value is None else encode(value).decode()
