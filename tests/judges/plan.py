"""A destination's plain dict, settled: defaults filled in, identity namespaces in lower case.

Promises that a judge sees every setting once and in one form. Leaves out checking: a judge is
given destinations that are valid. Imports nothing of the project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Pair = tuple[str, str]
"""(namespace, id): an identity or a segment."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "identities": {"fields": {}, "hash": {}, "export": "all"},
    "activation": {"segments": "all", "attributes": [], "keep_unmapped": False},
    "triggers": {"unchanged_attributes": False},
    "message": {
        "segment_names": False,
        "segment_timestamps": False,
        "unmapped_segments": False,
        "metadata": False,
        "newline": False,
    },
    "limits": {
        "line_bytes": 1_048_576,
        "depth": 32,
        "identities": 100,
        "id_chars": 1024,
        "future_h": 24,
    },
    "stream": {"partition_key": "hashed"},
    "delivery": {"oversize": "dead_letter"},
}

SEGMENT_TIMES = {
    "created_at": "createdAt",
    "updated_at": "updatedAt",
    "mapping_created_at": "mappingCreatedAt",
    "mapping_updated_at": "mappingUpdatedAt",
}
"""A configured segment's keys (epoch milliseconds) and the names they have in a message, in the
order of Adobe's published sample."""


@dataclass(frozen=True)
class Segment:
    """One mapped segment: `name` and `times` are what the two message toggles may show."""

    pair: Pair
    name: str | None
    times: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Plan:
    """The settings a judge reads. `segments` None means all, `export` None means all.

    `drop` are the attributes that an oversize message can do without, the first to go first.
    """

    name: str
    key: str
    fields: tuple[tuple[str, str], ...]
    hash: Mapping[str, str]
    export: frozenset[str] | None
    segments: tuple[Segment, ...] | None
    attributes: tuple[str, ...]
    keep_unmapped: bool
    unchanged_attributes: bool
    message: Mapping[str, bool]
    limits: Mapping[str, int]
    clear_partition_key: bool
    drop: tuple[str, ...]

    def maps(self, segment: Pair) -> bool:
        """Whether a segment is mapped to the destination."""
        return self.segments is None or any(segment == each.pair for each in self.segments)

    def exports(self, namespace: str) -> bool:
        """Whether identities of a namespace are shown: a clear, hashed value only if named."""
        if self.export is None:
            return namespace not in self.hash
        return namespace in self.export


def settle(destination: Mapping[str, Any]) -> Plan:
    """The plan of a destination given as the parsed form of its YAML."""
    part = {
        name: {**defaults, **(destination.get(name) or {})} for name, defaults in DEFAULTS.items()
    }
    identities, activation = part["identities"], part["activation"]
    export, segments = identities["export"], activation["segments"]
    oversize = part["delivery"]["oversize"]
    return Plan(
        name=destination["name"],
        key=identities["key"].lower(),
        fields=tuple((space.lower(), path) for space, path in identities["fields"].items()),
        hash={source.lower(): target.lower() for source, target in identities["hash"].items()},
        export=None if export == "all" else frozenset(space.lower() for space in export),
        segments=None if segments == "all" else tuple(_segment(each) for each in segments),
        attributes=tuple(activation["attributes"]),
        keep_unmapped=activation["keep_unmapped"],
        unchanged_attributes=part["triggers"]["unchanged_attributes"],
        message=part["message"],
        limits=part["limits"],
        clear_partition_key=part["stream"]["partition_key"] == "identity",
        drop=() if isinstance(oversize, str) else tuple(oversize["drop"]),
    )


def _segment(entry: Mapping[str, Any]) -> Segment:
    times = tuple((shown, entry[key]) for key, shown in SEGMENT_TIMES.items() if entry.get(key))
    return Segment((entry.get("namespace") or "ups", entry["id"]), entry.get("name"), times)
