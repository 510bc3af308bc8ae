"""What must hold between the values of a destination.

Promise: each rule is a pure function of the sections it names; it says which value breaks it, why,
and the way out. Rules see only sections whose own values are sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from flows.destination import (
    Account,
    Activation,
    DeadLetters,
    Delivery,
    Identities,
    Input,
    Limits,
    Message,
    Rejects,
    State,
    Stream,
    input_rules,
)
from flows.destination.problems import Path, dotted
from flows.destination.rule import Broken, clear_endpoint, repeated

PARTITION_KEY_CHARS = 256
"""Kinesis API reference, PutRecordsRequestEntry, PartitionKey: at most 256 characters."""

_COMPARED_CHARS = 64  # of a path that may be misspelt; the time grows with its square
_RESERVED = {
    "identityMap": "Choose identities with `identities.export` instead.",
    "segmentMembership": "Choose segments with `activation.segments` instead.",
    "_export": "Set `message.metadata: true` instead.",
    "extSourceSystemAudit": "Remove it: it only says how new a fragment is.",
    "timestamp": "Remove it: it only says how new a fragment is.",
    **dict.fromkeys(
        ("messages", "header", "body", "xdmEntity"),
        "Remove it: it is a wrapper around what is read.",
    ),
}


def broken(sections: Mapping[str, Any]) -> Iterator[Broken]:
    """Check every rule whose sections are all there.

    Args:
        sections: members of a `Destination`, by name.
    """
    for rule, names in _RULES:
        if all(name in sections for name in names):
            yield from rule(*(sections[name] for name in names))


def _endpoint(account: Account) -> Iterator[Broken]:
    yield from clear_endpoint(("account", "endpoint_url"), account.endpoint_url)


def _partition_key(stream: Stream, identities: Identities, limits: Limits) -> Iterator[Broken]:
    room = PARTITION_KEY_CHARS - len(identities.key) - len(":")
    if stream.partition_key == "identity" and limits.id_chars > room:
        what = (
            f"`{identities.key}:` and an id of {limits.id_chars} characters make more than the "
            f"{PARTITION_KEY_CHARS} that Kinesis takes"
        )
        shorter = f"Set `limits.id_chars` to {room} or less" if room > 0 else "Shorten the key"
        yield Broken(
            ("stream", "partition_key"), what, f"{shorter}, or use `partition_key: hashed`."
        )


def _hashing(identities: Identities) -> Iterator[Broken]:
    for source, target in identities.hash.items():
        path = ("identities", "hash", source)
        if source == target:
            todo = "Name another namespace for the hash, such as `email_lc_sha256`."
            yield Broken(path, "hashed into itself", todo)
        elif target in identities.hash:
            what = f"the hash goes to `{target}`, which is hashed again"
            yield Broken(path, what, "Name a target that is not hashed itself.")
        if source == identities.key != target:
            what = f"`{source}` is hashed, so its clear value is not kept and cannot be the key"
            yield Broken(("identities", "key"), what, f"Use the hash: `key: {target}`.")


def _exported_identities(identities: Identities) -> Iterator[Broken]:
    path: Path = ("identities", "export")
    if not identities.export:
        todo = "Name at least one namespace, or write `export: all`."
        yield Broken(path, "no identity would be exported", todo)
    elif not isinstance(identities.export, str):
        yield from repeated(path, identities.export, "Remove one of the two.")


def _attributes(activation: Activation, limits: Limits) -> Iterator[Broken]:
    path: Path = ("activation", "attributes")
    yield from repeated(path, activation.attributes, "Remove one of the two.")
    for index, attribute in enumerate(activation.attributes):
        parts = attribute.split(".")
        if parts[0] in _RESERVED:
            what = f"`{parts[0]}` is not an attribute"
            yield Broken((*path, index), what, _RESERVED[parts[0]])
        if len(parts) > limits.depth:
            what = f"{len(parts)} levels deep, but `limits.depth` is {limits.depth}"
            yield Broken((*path, index), what, "Raise `limits.depth`, or remove the attribute.")
        outer = (".".join(parts[:length]) for length in range(1, len(parts)))
        for container in set(outer).intersection(activation.attributes):
            what = f"`{attribute}` lies inside `{container}`, which is exported whole"
            yield Broken((*path, index), what, f"Remove it, or remove `{container}`.")


def _dropped(delivery: Delivery, activation: Activation) -> Iterator[Broken]:
    if isinstance(delivery.oversize, str):
        return
    path: Path = ("delivery", "oversize", "drop")
    drop = delivery.oversize.drop
    if not drop:
        todo = "Name what goes first, or write `oversize: dead_letter`."
        yield Broken(path, "no attribute would be dropped", todo)
    yield from repeated(path, drop, "Remove one of the two.")
    for index, attribute in enumerate(drop):
        if attribute not in activation.attributes:
            close = get_close_matches(attribute[:_COMPARED_CHARS], activation.attributes, n=1)
            guess = f"Did you mean `{close[0]}`? " if close else ""
            what = f"`{attribute}` is not a mapped attribute"
            todo = f"{guess}Name paths that stand in `activation.attributes`."
            yield Broken((*path, index), what, todo)


def _identity_fields(
    identities: Identities, activation: Activation, limits: Limits
) -> Iterator[Broken]:
    for namespace, field in identities.fields.items():
        path = ("identities", "fields", namespace)
        parts = field.split(".")
        if parts[0] in _RESERVED:
            what = f"`{parts[0]}` holds no identity in a field"
            yield Broken(path, what, "Name the field that holds the identity.")
        if len(parts) > limits.depth:
            what = f"{len(parts)} levels deep, but `limits.depth` is {limits.depth}"
            yield Broken(path, what, "Raise `limits.depth`, or correct the path.")
        for other in (*activation.attributes, *identities.fields.values()):
            if field.startswith(f"{other}.") or other.startswith(f"{field}."):
                what = f"`{field}` and `{other}` lie one inside the other"
                yield Broken(path, what, "Map the parts one by one, or keep only one of the two.")


def _segments(activation: Activation) -> Iterator[Broken]:
    path: Path = ("activation", "segments")
    if not activation.segments:
        todo = "List at least one segment, or write `segments: all`."
        yield Broken(path, "no segment is mapped", todo)
    elif not isinstance(activation.segments, str):
        names = [f"{segment.namespace}:{segment.id}" for segment in activation.segments]
        yield from repeated(path, names, "Remove one of the two.")


def _segment_details(activation: Activation, message: Message) -> Iterator[Broken]:
    details = [("name", "segment_names")] if message.segment_names else []
    if message.segment_timestamps:
        details += [(time, "segment_timestamps") for time in ("created_at", "updated_at")]
    segments = () if isinstance(activation.segments, str) else activation.segments
    for index, segment in enumerate(segments):
        for detail, option in details:
            if getattr(segment, detail) is None:
                what = f"the segment has no `{detail}`, which `message.{option}` needs"
                todo = f"Add `{detail}`, or set `message.{option}: false`."
                yield Broken(("activation", "segments", index), what, todo)


def _segment_options(activation: Activation, message: Message) -> Iterator[Broken]:
    if activation.segments == "all":
        for option in ("segment_names", "segment_timestamps"):
            if getattr(message, option):
                what = "impossible with `activation.segments: all`, which lists no segments"
                todo = f"List the segments, or set `{option}: false`."
                yield Broken(("message", option), what, todo)
    if message.unmapped_segments:
        path = ("message", "unmapped_segments")
        if activation.segments == "all":
            what = "meaningless with `activation.segments: all`, which leaves none unmapped"
            yield Broken(path, what, "Set it to false.")
        elif not activation.keep_unmapped:
            what = "unmapped segments are not kept, so there are none to add"
            yield Broken(path, what, "Set `activation.keep_unmapped: true`, or this to false.")


def _paths(
    inputs: tuple[Input, ...], rejects: Rejects, dead_letters: DeadLetters, state: State
) -> Iterator[Broken]:
    places: list[tuple[Path, str]] = [
        (("inputs", index, "jsonl", "path"), source.jsonl.path)
        for index, source in enumerate(inputs)
        if source.jsonl is not None
    ]
    places.append((("rejects", "path"), rejects.path))
    places.append((("dead_letters", "path"), dead_letters.path))
    places.append((("state", "path"), state.path))
    taken: dict[str, Path] = {}
    for path, place in places:
        first = taken.setdefault(place, path)
        if first != path:
            what = f"the same place as `{dotted(first)}`"
            yield Broken(path, what, "Give each a place of its own.")


_RULES: tuple[tuple[Callable[..., Iterator[Broken]], tuple[str, ...]], ...] = (
    (_endpoint, ("account",)),
    (_partition_key, ("stream", "identities", "limits")),
    (_hashing, ("identities",)),
    (_exported_identities, ("identities",)),
    (_identity_fields, ("identities", "activation", "limits")),
    (_segments, ("activation",)),
    (_segment_details, ("activation", "message")),
    (_segment_options, ("activation", "message")),
    (_attributes, ("activation", "limits")),
    (_dropped, ("delivery", "activation")),
    (input_rules.names, ("inputs",)),
    (input_rules.sources, ("inputs",)),
    (input_rules.own_stream, ("inputs", "account", "stream")),
    (input_rules.columns, ("inputs", "identities", "activation")),
    (_paths, ("inputs", "rejects", "dead_letters", "state")),
)
