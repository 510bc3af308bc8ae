"""The message: a profile's view as compact JSON, the same bytes for the same profile.

Its shape is the one the Amazon Kinesis destination exports (experience-platform.en,
help/destinations/catalog/cloud-storage/amazon-kinesis.md, "exported data"): the mapped attributes
as nested objects, ``segmentMembership``, ``identityMap``; absent things are left out. The JSON
Schema beside this file describes it.
"""

from __future__ import annotations

from hashlib import sha256

import msgspec

from flows.destination import Destination, Segment

from .instant import format_instant
from .merge import Attribute, Membership, NamespacedId, Profile
from .policy import Export

_encode = msgspec.json.Encoder().encode
_ID_BYTES = 16
"""128 bits identify a message and a partition key: no clear data, constant size."""


class MessageEncoder:
    """Writes messages by one destination's mapping and options."""

    def __init__(self, destination: Destination) -> None:
        """Prepare what does not depend on the profile: names, order, constant parts."""
        activation, options = destination.activation, destination.message
        self._name = destination.name
        self._key_namespace = destination.identities.key
        self._attributes = _AttributeTree()
        for path in activation.attributes:
            self._attributes.add(path)
        exported = destination.identities.export
        self._exported = None if exported == "all" else frozenset(exported)
        segments = () if activation.segments == "all" else activation.segments
        namespaces = list(dict.fromkeys(segment.namespace for segment in segments))
        self._ranks = {
            (segment.namespace, segment.id): (namespaces.index(segment.namespace), position)
            for position, segment in enumerate(segments)
        }
        self._namespace_ranks = {name: rank for rank, name in enumerate(namespaces)}
        self._suffixes = {
            (segment.namespace, segment.id): _suffix(
                segment, names=options.segment_names, timestamps=options.segment_timestamps
            )
            for segment in segments
        }
        self._mapped_only = activation.segments != "all" and not options.unmapped_segments
        self._metadata = options.metadata
        self._end = b"}\n" if options.newline else b"}"

    def encode(self, key: str, export: Export, time: int, ordinal: int) -> bytes:
        """Give the message of one export.

        Args:
            key: id in the key namespace.
            export: the decision, with the profile to show.
            time: microseconds UTC, of the fragment that triggered it.
            ordinal: of the fragment that triggered it.
        """
        profile = export.shown
        parts = self._attributes.write(profile.attributes)
        if memberships := self._write_memberships(profile.memberships):
            parts.append(b'"segmentMembership":{' + memberships + b"}")
        if identities := self._write_identities(profile.identities):
            parts.append(b'"identityMap":{' + identities + b"}")
        if self._metadata:
            parts.append(self._write_metadata(key, export, time, ordinal, b",".join(parts)))
        return b"{" + b",".join(parts) + self._end

    def _write_memberships(self, memberships: dict[NamespacedId, Membership]) -> bytes:
        ranks = self._ranks
        shown = [key for key in memberships if key in ranks or not self._mapped_only]
        if len(shown) > 1:
            shown.sort(key=self._rank)
        groups: dict[str, list[bytes]] = {}
        for key in shown:
            qualified, _, _, exited = memberships[key]
            entry = b'%b:{"lastQualificationTime":"%b","status":"%b"%b}' % (
                _encode(key[1]),
                format_instant(qualified).encode(),
                b"exited" if exited else b"realized",
                self._suffixes.get(key, b""),
            )
            groups.setdefault(key[0], []).append(entry)
        return _write_groups(groups)

    def _rank(self, key: NamespacedId) -> tuple[int, str, int, str]:
        """Mapped namespaces first, in order of configuration; within one, mapped segments first."""
        known = self._ranks.get(key)
        last = len(self._ranks)
        namespace = self._namespace_ranks.get(key[0], last)
        return (namespace, key[0], known[1] if known else last, key[1])

    def _write_identities(self, identities: dict[NamespacedId, int]) -> bytes:
        groups: dict[str, list[bytes]] = {}
        for namespace, id_ in identities:
            if self._exported is None or namespace in self._exported:
                groups.setdefault(namespace, []).append(b'{"id":' + _encode(id_) + b"}")
        return _write_groups(groups, b"[", b"]")

    def _write_metadata(
        self, key: str, export: Export, time: int, ordinal: int, rest: bytes
    ) -> bytes:
        version = _encode((self._name, self._key_namespace, key, time, ordinal))
        digest = sha256(version + rest).hexdigest()[: 2 * _ID_BYTES]
        return b'"_export":' + _encode(
            {"id": digest, "reasons": export.reasons, "at": format_instant(time)}
        )


class _AttributeTree:
    """The mapped paths as nested objects, in the order of first appearance."""

    def __init__(self) -> None:
        self.path: str | None = None
        self.children: dict[str, _AttributeTree] = {}

    def add(self, path: str) -> None:
        node = self
        for part in path.split("."):
            node = node.children.setdefault(part, _AttributeTree())
        node.path = path

    def write(self, attributes: dict[str, Attribute]) -> list[bytes]:
        """Give ``"name":value`` of each child that has something to show."""
        parts = []
        for name, child in self.children.items():
            if child.path is None:
                if inner := child.write(attributes):
                    parts.append(_encode(name) + b":{" + b",".join(inner) + b"}")
            elif (entry := attributes.get(child.path)) is not None:
                parts.append(_encode(name) + b":" + entry[2])
        return parts


def _write_groups(groups: dict[str, list[bytes]], opening: bytes = b"{", closing: bytes = b"}") -> bytes:
    return b",".join(
        _encode(name) + b":" + opening + b",".join(entries) + closing
        for name, entries in groups.items()
    )


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
    return b"," + _encode(present)[1:-1] if present else b""
