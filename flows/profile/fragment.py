"""One decoded input: what it says of one key identity, with its version.

A fragment's content is a small ``Profile``, ready to be merged. Its version is (time, ordinal):
the time it carries (or its arrival), and its place in its source, so that reading the same input
again gives the same fragments.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from flows.destination import Destination, Fields

from .entry import membership, pack_version
from .form import FormReader, Header, MembershipItem
from .identity import IdentityReader
from .instant import US_PER_H, parse_instant, parse_ms
from .line import is_blank, split_line
from .merge import NEVER, NamespacedId, Profile
from .reject import Rejected
from .rows import RowMembership, RowReader

STATUSES = {"realized": False, "existing": False, "exited": True}
"""Membership statuses and whether they mean exited. ``existing`` was given up for ``realized`` on
15 May 2023 (experience-platform.en, help/release-notes/2023/april-2023.md)."""

OPERATIONS = {"create", "merge", "delete"}
"""``header.operations.data`` (experience-platform.en, help/data-prep/upserts.md)."""

_NOTHING_SAID = MembershipItem()
"""A membership with neither status nor time is as absent as an empty one."""


class Fragment(Struct, frozen=True, gc=False):
    """One input of one key identity.

    Attributes:
        key: id in the key namespace.
        time: microseconds UTC, of the version.
        ordinal: place in the source partition, of the version.
        content: what it says, as a profile to merge.
    """

    key: str
    time: int
    ordinal: int
    content: Profile


class FragmentReader:
    """Decodes fragments by a destination's mapping. Pure, and never raises but ``Rejected``."""

    def __init__(self, destination: Destination, fields: Fields | None = None) -> None:
        """Build the typed decoders.

        Args:
            destination: the rules.
            fields: which column means what, where a line is a row; None where it is XDM.
        """
        activation, identities = destination.activation, destination.identities
        self._identities = IdentityReader(identities, destination.limits)
        self._keys_only: FormReader | RowReader
        self._whole: FormReader | RowReader
        if fields is None:
            self._keys_only = FormReader((), identities.fields, memberships=False)
            self._whole = FormReader(activation.attributes, identities.fields, memberships=True)
        else:
            self._keys_only = RowReader(Fields(identity=fields.identity))
            self._whole = RowReader(fields, activation.attributes)
        self._named = self._whole.named
        self._may_be_batch = fields is None
        self._key_in_map = fields is not None or not identities.fields
        self._kept_segments = None if activation.keep_unmapped else activation.mapped
        self._future = destination.limits.future_h * US_PER_H
        self._future_h = destination.limits.future_h

    def split(self, line: bytes) -> list[bytes]:
        """Give the bytes of a checked line's fragments: none of a blank one, several of a batch.

        Raises:
            Rejected: it is not a JSON object, or its ``messages`` are no batch. A row is not
                looked into.
        """
        if self._may_be_batch:
            return split_line(line)
        return [] if is_blank(line) else [line]

    def key(self, raw: bytes) -> str:
        """Give the id a fragment is keyed by, reading nothing but its identities.

        Raises:
            Rejected: it does not parse, or its identities break a rule.
        """
        _, entity = self._keys_only.read(raw)
        if self._key_in_map and entity.identityMap:
            key = self._identities.only_key(entity.identityMap)
            if key:
                return key
        return self._checked_key(entity)

    def _checked_key(self, entity: Any) -> str:
        fields = self._keys_only.identities(entity)
        return self._identities.read(entity.identityMap or {}, fields)[0]

    def read(self, raw: bytes, arrival: int, ordinal: int) -> Fragment:
        """Decode one fragment.

        Args:
            raw: one JSON object, not a ``messages`` batch.
            arrival: microseconds UTC; the version's time if the fragment carries none.
            ordinal: place in the source partition.

        Raises:
            Rejected: with the first reason that holds.
        """
        try:
            header, entity = self._whole.read(raw)
        except Rejected:
            self._checked_key(self._keys_only.read(raw)[1])  # an identity at fault is named first
            raise
        fields = () if self._key_in_map else self._whole.identities(entity)
        key, identities = self._identities.read(entity.identityMap or {}, fields)
        deleted = header is not None and _is_delete(header)
        time = self._time(header, entity, arrival)
        latest = arrival + self._future
        held = None if deleted else entity.segmentMembership
        if time > latest and not held:
            raise self._in_future()
        if deleted:
            return Fragment(key, time, ordinal, Profile(time, {}, {}, {}))
        version = pack_version(time, ordinal)
        content = Profile(
            NEVER,
            self._whole.attributes(entity, version),
            self._read_memberships(held, time, version, latest) if held else {},
            dict.fromkeys(identities, time),
        )
        return Fragment(key, time, ordinal, content)

    def _read_memberships(
        self,
        found: Mapping[str, Mapping[str, MembershipItem | RowMembership | None] | None],
        time: int,
        version: bytes,
        latest: int,
    ) -> dict[NamespacedId, bytes]:
        """Read all before refusing any, so that the first reason that holds is named."""
        memberships: dict[NamespacedId, bytes] = {}
        kept = self._kept_segments
        in_future, unknown = time > latest, False
        for namespace, segments in found.items():
            for id_, item in (segments or {}).items():
                if item is None:
                    continue
                at = time
                qualified = item.lastQualificationTime
                if qualified is not None and qualified != "":
                    at = _instant(qualified, self._named.qualified)
                    in_future = in_future or at > latest
                exited = STATUSES.get(item.status or "")
                if exited is None:
                    unknown = unknown or item != _NOTHING_SAID
                elif kept is None or (namespace, id_) in kept:
                    memberships[namespace, id_] = membership(at, version, exited=exited)
        if in_future:
            raise self._in_future()
        if unknown:
            raise Rejected("unknown_status", self._named.status)
        return memberships

    def _time(self, header: Header | None, entity: Any, arrival: int) -> int:
        audit = entity.extSourceSystemAudit
        if audit is not None and audit.lastUpdatedDate:
            return _instant(audit.lastUpdatedDate, "extSourceSystemAudit.lastUpdatedDate")
        if entity.timestamp is not None and entity.timestamp != "":
            return _instant(entity.timestamp, self._named.time)
        if header is not None and header.createdAt is not None and header.createdAt != "":
            return _created_at(header.createdAt)
        return arrival

    def _in_future(self) -> Rejected:
        """Refuse what one wrong clock says, which would stand against all that comes later."""
        return Rejected("time_in_future", f"a time is over {self._future_h} h after arrival")


def _instant(text: str | int, field: str) -> int:
    if isinstance(text, int):  # a number in a row, which has been read already
        return text
    try:
        return parse_instant(text)
    except ValueError:
        raise Rejected("bad_time", f"{field} is not an ISO 8601 date-time with an offset") from None


def _is_delete(header: Header) -> bool:
    if header.operations is None or not header.operations.data:
        return False
    operation = header.operations.data
    if operation not in OPERATIONS:
        known = ", ".join(sorted(OPERATIONS))
        raise Rejected("unknown_operation", f"header.operations.data is none of {known}")
    return operation == "delete"


def _created_at(value: float | str) -> int:
    try:
        return parse_ms(value)
    except ValueError as error:
        raise Rejected("bad_time", f"header.createdAt is {error}") from None
