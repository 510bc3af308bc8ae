"""The message: a profile's view as compact JSON, the same bytes for the same profile.

Its shape is the one the Amazon Kinesis destination exports (experience-platform.en,
help/destinations/catalog/cloud-storage/amazon-kinesis.md, "exported data"): the mapped attributes
as nested objects, ``segmentMembership``, ``identityMap``; absent things are left out. The JSON
Schema beside this file describes it.

Profiles that hold the same things have the same layout, so the constant bytes around the values
are made once per layout and kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter
from typing import TypeAlias, TypeVar

import msgspec

from flows.destination import Destination, Segment

from .entry import VALUE, membership_version, read_membership, version_of
from .instant import format_instant
from .merge import NamespacedId, Profile
from .policy import Export

_encode = msgspec.json.Encoder().encode
_value = itemgetter(VALUE)

_ID_HEX_CHARS = 32
"""A message's id is 128 bits of SHA-256."""

_LAYOUTS_MAX = 4_096
"""Layouts kept of each part of a message; the least recently used goes first."""

_Key = TypeVar("_Key", str, NamespacedId)
Layout: TypeAlias = tuple[bytes, list[_Key]]
"""Constant bytes with a ``%b`` for each value, and the keys of the values in order."""


class MessageEncoder:
    """Writes messages by one destination's mapping and options."""

    def __init__(self, destination: Destination) -> None:
        """Prepare what does not depend on the profile: names, order, constant parts."""
        activation, options = destination.activation, destination.message
        self._name = destination.name
        self._key_namespace = destination.identities.key
        self._attributes = _Tree()
        for path in activation.attributes:
            self._attributes.add(path)
        exported = destination.identities.export
        self._exported = None if exported == "all" else frozenset(exported)
        segments = () if activation.segments == "all" else activation.segments
        namespaces = list(dict.fromkeys(segment.namespace for segment in segments))
        self._namespace_ranks = {name: rank for rank, name in enumerate(namespaces)}
        self._ranks = {(each.namespace, each.id): rank for rank, each in enumerate(segments)}
        self._suffixes = {
            (each.namespace, each.id): _suffix(
                each, names=options.segment_names, timestamps=options.segment_timestamps
            )
            for each in segments
        }
        self._mapped_only = activation.segments != "all" and not options.unmapped_segments
        self._metadata = options.metadata
        self._end = b"}\n" if options.newline else b"}"
        self._attribute_layout = lru_cache(_LAYOUTS_MAX)(self._lay_out_attributes)
        self._membership_layout = lru_cache(_LAYOUTS_MAX)(self._lay_out_memberships)

    def encode(
        self, key: str, export: Export, time: int, ordinal: int, dropped: tuple[str, ...] = ()
    ) -> bytes:
        """Give the message of one export.

        Args:
            key: id in the key namespace.
            export: the decision, with the profile to show.
            time: microseconds UTC, of the fragment that triggered it.
            ordinal: of the fragment that triggered it.
            dropped: paths of the attributes that the profile to show was made to lack.
        """
        profile = export.shown
        parts = []
        if attributes := self._write_attributes(profile.attributes):
            parts.append(attributes)
        if memberships := self._write_memberships(profile.memberships):
            parts.append(memberships)
        if identities := self._write_identities(profile.identities):
            parts.append(identities)
        rest = b",".join(parts)
        if self._metadata or dropped:
            parts.append(self._write_export(key, export, time, ordinal, rest, dropped))
            rest = b",".join(parts)
        return b"{" + rest + self._end

    def newest_version(self, profile: Profile) -> tuple[int, int]:
        """Give the newest version, (time, ordinal), of anything that a message would show.

        An identity has no ordinal; it counts with 0. A profile that shows nothing has no version.
        """
        _, paths = self._attribute_layout(tuple(profile.attributes))
        _, segments = self._membership_layout(tuple(profile.memberships))
        versions = [version_of(profile.attributes[path]) for path in paths]
        versions += [membership_version(profile.memberships[segment]) for segment in segments]
        versions += [
            (seen, 0)
            for identity, seen in profile.identities.items()
            if self._exported is None or identity[0] in self._exported
        ]
        return max(versions)

    def _write_attributes(self, attributes: dict[str, bytes]) -> bytes:
        template, paths = self._attribute_layout(tuple(attributes))
        return template % tuple(map(_value, map(attributes.__getitem__, paths)))

    def _lay_out_attributes(self, held: tuple[str, ...]) -> Layout[str]:
        paths: list[str] = []
        return self._attributes.lay_out(frozenset(held), paths), paths

    def _write_memberships(self, memberships: dict[NamespacedId, bytes]) -> bytes:
        template, keys = self._membership_layout(tuple(memberships))
        values: list[bytes] = []
        for entry in map(memberships.__getitem__, keys):
            qualified, exited = read_membership(entry)
            values.append(format_instant(qualified))
            values.append(b"exited" if exited else b"realized")
        return template % tuple(values)

    def _lay_out_memberships(self, held: tuple[NamespacedId, ...]) -> Layout[NamespacedId]:
        ranks = self._ranks
        keys = sorted(
            (key for key in held if key in ranks or not self._mapped_only), key=self._rank
        )
        groups: dict[str, list[bytes]] = {}
        for key in keys:
            entry = b'%b:{"lastQualificationTime":"%%b","status":"%%b"%b}' % (
                _literal(key[1]),
                self._suffixes.get(key, b""),
            )
            groups.setdefault(key[0], []).append(entry)
        if not groups:
            return b"", []
        inner = b",".join(
            _literal(namespace) + b":{" + b",".join(entries) + b"}"
            for namespace, entries in groups.items()
        )
        return b'"segmentMembership":{' + inner + b"}", keys

    def _rank(self, key: NamespacedId) -> tuple[int, str, int, str]:
        """Mapped namespaces first, in order of configuration; within one, mapped segments first."""
        last = len(self._ranks)
        namespace = self._namespace_ranks.get(key[0], last)
        return (namespace, key[0], self._ranks.get(key, last), key[1])

    def _write_identities(self, identities: Iterable[NamespacedId]) -> bytes:
        """Write identities in key order, so that those of a namespace stand together."""
        exported = self._exported
        parts: list[bytes] = []
        last = None
        for namespace, id_ in identities:
            if exported is None or namespace in exported:
                if namespace == last:
                    parts.append(b'},{"id":')
                else:
                    before = b"}]," if parts else b'"identityMap":{'
                    parts.append(before + _encode(namespace) + b':[{"id":')
                    last = namespace
                parts.append(_encode(id_))
        if parts:
            parts.append(b"}]}")
        return b"".join(parts)

    def _write_export(
        self,
        key: str,
        export: Export,
        time: int,
        ordinal: int,
        rest: bytes,
        dropped: tuple[str, ...],
    ) -> bytes:
        said: dict[str, object] = {}
        if self._metadata:
            version = _encode((self._name, self._key_namespace, key, time, ordinal))
            said["id"] = sha256(version + rest).hexdigest()[:_ID_HEX_CHARS]
            said["reasons"] = export.reasons
            said["at"] = format_instant(time).decode()
        if dropped:
            said["dropped"] = dropped
        return b'"_export":' + _encode(said)


class _Tree:
    """Paths as nested objects, in the order of first appearance."""

    def __init__(self) -> None:
        self.path: str | None = None
        self.children: dict[str, _Tree] = {}

    def add(self, path: str) -> None:
        node = self
        for part in path.split("."):
            node = node.children.setdefault(part, _Tree())
        node.path = path

    def lay_out(self, held: frozenset[str], paths: list[str]) -> bytes:
        """Give the fields of this level that hold something, without braces around them.

        The paths of their values are appended to ``paths``.
        """
        fields = []
        for name, child in self.children.items():
            if child.path is None:
                if inner := child.lay_out(held, paths):
                    fields.append(_literal(name) + b":{" + inner + b"}")
            elif child.path in held:
                fields.append(_literal(name) + b":%b")
                paths.append(child.path)
        return b",".join(fields)


def _literal(text: str) -> bytes:
    """Give a JSON string as it stands in a layout, where a percent sign is doubled."""
    return _encode(text).replace(b"%", b"%%")


def _suffix(segment: Segment, *, names: bool, timestamps: bool) -> bytes:
    """Give what the two toggles add to a membership: epoch milliseconds, then the name."""
    added: dict[str, str | int | None] = {}
    if timestamps:
        added = {
            "createdAt": segment.created_at,
            "updatedAt": segment.updated_at,
            "mappingCreatedAt": segment.mapping_created_at,
            "mappingUpdatedAt": segment.mapping_updated_at,
        }
    if names:
        added["name"] = segment.name
    present = {field: value for field, value in added.items() if value is not None}
    return b"," + _encode(present)[1:-1].replace(b"%", b"%%") if present else b""
