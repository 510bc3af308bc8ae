"""Explain: one person's fragments in order of arrival, and what each did and why.

Runs the job's own steps over the same lines, without the engine, the store or the stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from flows.batch import Batch
from flows.destination import Destination
from flows.profile.entry import is_exited
from flows.profile.exporter import Exporter
from flows.profile.fragment import Fragment
from flows.profile.identity import hash_id
from flows.profile.line import PLACE_BITS, check_line
from flows.profile.merge import EMPTY, NEVER, Profile, merge
from flows.profile.policy import Decision, Export
from flows.profile.reject import Rejected
from flows.readers import Readers


class Event(Struct, frozen=True, gc=False):
    """One fragment of the person.

    Attributes:
        input: name of the input.
        place: where it stands there: ``file:line``, or a sequence number or an offset after its
            shard or topic partition.
        time: microseconds UTC, of its version.
        holds: the names of what it says; no values.
        decision: what the policy said.
        message: the bytes that went out; empty unless it was an export.
    """

    input: str
    place: str
    time: int
    holds: str
    decision: Decision
    message: bytes


class NotAKey(ValueError):
    """The identity asked for is not one that fragments are keyed by."""


def key_of(destination: Destination, identity: str) -> str:
    """Give the key id of ``NAMESPACE:ID``; a clear id that is hashed into the key will do.

    Raises:
        NotAKey: the namespace is neither the key's nor hashed into it.
    """
    code, colon, id_ = identity.partition(":")
    namespace, key = code.lower(), destination.identities.key
    if colon and id_:
        if namespace == key:
            return id_
        if destination.identities.hash.get(namespace) == key:
            try:
                return hash_id(key, id_)
            except Rejected as rejected:
                raise NotAKey(rejected.detail) from None
    raise NotAKey(f"give an identity of the key namespace, as {key}:ID")


def explain(destination: Destination, batches: Iterable[Batch], key: str) -> Iterator[Event]:
    """Give the events of one key id; lines that cannot be read are passed over as rejects."""
    exporter = Exporter(destination)
    profile = EMPTY
    for input_name, place, fragment in _fragments(destination, batches):
        if fragment.key == key:
            step = exporter.apply(profile, fragment)
            profile = step.after
            holds = _holds(fragment, destination)
            yield Event(input_name, place, fragment.time, holds, step.decision, step.message)


def present_messages(destination: Destination, batches: Iterable[Batch]) -> dict[str, bytes]:
    """Give, by key id, the message that shows each qualified profile once all batches are read.

    The order of the batches does not matter, since merging has none.
    """
    exporter = Exporter(destination)
    profiles: dict[str, Profile] = {}
    for _, _, fragment in _fragments(destination, batches):
        known = profiles.get(fragment.key, EMPTY)
        profiles[fragment.key] = merge(known, fragment.content)
    present = {key: exporter.again(key, profile).message for key, profile in profiles.items()}
    return {key: message for key, message in present.items() if message}


def _fragments(
    destination: Destination, batches: Iterable[Batch]
) -> Iterator[tuple[str, str, Fragment]]:
    readers = Readers(destination)
    for batch in batches:
        reader = readers.of(batch.input, batch.origin)
        for number, line in enumerate(batch.lines):
            try:
                check_line(line, destination.limits)
                raws = reader.split(line)
            except Rejected:
                continue
            arrival, ordinal, position = batch.stamp(number)
            place = f"{batch.origin}{':' if batch.stamps is None else '@'}{position}"
            for index, raw in enumerate(raws):
                try:
                    fragment = reader.read(raw, arrival, (ordinal << PLACE_BITS) + index)
                except Rejected:
                    continue
                yield batch.input, place, fragment


def _holds(fragment: Fragment, destination: Destination) -> str:
    content = fragment.content
    if content.tombstone > NEVER:
        return "delete"
    names = {}
    if destination.activation.segments != "all":
        names = {(s.namespace, s.id): s.name or s.id for s in destination.activation.segments}
    held = [path.rpartition(".")[2] for path in content.attributes]
    for segment, entry in content.memberships.items():
        status = "exited" if is_exited(entry) else "realized"
        held.append(f"{names.get(segment, segment[1])}: {status}")
    others = [ns for ns, _ in content.identities if ns != destination.identities.key]
    held += [f"{ns} x{others.count(ns)}" for ns in dict.fromkeys(others)]
    return ", ".join(held) or "nothing mapped"


def describe(decision: Decision) -> str:
    """Say a decision in words: ``export: membership`` or ``filtered: not_qualified``."""
    if isinstance(decision, Export):
        return f"export: {', '.join(decision.reasons)}"
    return f"{decision.outcome}: {decision.reason}"
