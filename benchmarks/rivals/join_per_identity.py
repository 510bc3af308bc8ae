"""The join with good practice but without lanes: typed msgspec decoding, one state a customer.

The lines of a batch are decoded in one step into Structs that hold what is mapped and nothing
else. One `op.stateful_batch` keyed by the customer merges, decides with the same rules as this
project's policy (a mapped membership moved; or somebody in a mapped segment got another mapped
value or another identity), and encodes the kept Struct as it is. The newest arrival wins: versions
are not compared. A top-level object is replaced whole, as the lines carry it whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import bytewax.operators as op
import msgspec
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from msgspec import Struct

from benchmarks.data import SEGMENTS
from benchmarks.pipes import CountingSink, MemorySource, Tally

BATCH_LINES = 1000

MAPPED_SEGMENTS = frozenset(SEGMENTS)
ATTRIBUTE_GROUPS = ("person", "personalEmail", "mobilePhone", "homeAddress", "loyalty")


class Name(Struct, omit_defaults=True, gc=False):
    """`person.name`."""

    firstName: str | None = None  # noqa: N815 - the field's name in the data
    lastName: str | None = None  # noqa: N815


class Person(Struct, omit_defaults=True, gc=False):
    """The mapped part of `person`."""

    name: Name | None = None
    birthDate: str | None = None  # noqa: N815
    gender: str | None = None


class PersonalEmail(Struct, omit_defaults=True, gc=False):
    """The mapped part of `personalEmail`."""

    address: str | None = None


class MobilePhone(Struct, omit_defaults=True, gc=False):
    """The mapped part of `mobilePhone`."""

    number: str | None = None


class HomeAddress(Struct, omit_defaults=True, gc=False):
    """The mapped part of `homeAddress`."""

    city: str | None = None
    postalCode: str | None = None  # noqa: N815
    countryCode: str | None = None  # noqa: N815


class Loyalty(Struct, omit_defaults=True, gc=False):
    """The mapped part of `loyalty`."""

    tier: str | None = None


class Membership(Struct, gc=False):
    """One entry of `segmentMembership.ups`."""

    lastQualificationTime: str  # noqa: N815
    status: str


class Identity(Struct, gc=False):
    """One identity; `primary` is not exported."""

    id: str


class Profile(Struct, omit_defaults=True, gc=False):
    """One line as decoded, one customer as kept, and one message as sent: they look alike."""

    person: Person | None = None
    personalEmail: PersonalEmail | None = None  # noqa: N815
    mobilePhone: MobilePhone | None = None  # noqa: N815
    homeAddress: HomeAddress | None = None  # noqa: N815
    loyalty: Loyalty | None = None
    segmentMembership: dict[str, dict[str, Membership]] = {}  # noqa: N815
    identityMap: dict[str, list[Identity]] = {}  # noqa: N815


decode = msgspec.json.Decoder(Profile).decode
encode = msgspec.json.Encoder().encode
pack = msgspec.msgpack.Encoder().encode
unpack = msgspec.msgpack.Decoder(Profile).decode


def decode_lines(lines: list[bytes]) -> Iterable[tuple[str, Profile]]:
    """Decode a batch of lines and key each by the customer."""
    fragments = [decode(line) for line in lines]
    return [(fragment.identityMap["crmid"][0].id, fragment) for fragment in fragments]


class Customer(StatefulBatchLogic[Profile, bytes, bytes]):
    """One customer's profile; emits a message for each line that changes what is exported."""

    def __init__(self, snapshot: bytes | None) -> None:
        """Begin empty, or where the snapshot was taken."""
        self.profile = Profile() if snapshot is None else unpack(snapshot)
        self.known = self.profile.segmentMembership.setdefault("ups", {})

    def on_batch(self, values: list[Profile]) -> tuple[Iterable[bytes], bool]:
        """Merge the lines in the order they came."""
        return [encode(self.profile) for fragment in values if self.changes(fragment)], False

    def changes(self, fragment: Profile) -> bool:
        """Merge one line and say whether a message must go out."""
        moved = self.merge_memberships(fragment)
        changed = self.merge_attributes(fragment)
        changed |= self.merge_identities(fragment)
        return moved or (changed and any(m.status == "realized" for m in self.known.values()))

    def merge_memberships(self, fragment: Profile) -> bool:
        """Keep the mapped memberships; tell whether one moved."""
        moved = False
        for segment, membership in fragment.segmentMembership.get("ups", {}).items():
            if segment in MAPPED_SEGMENTS:
                before = self.known.get(segment)
                moved |= before is None or before.status != membership.status
                self.known[segment] = membership
        return moved

    def merge_attributes(self, fragment: Profile) -> bool:
        """Keep the mapped attributes; tell whether a value is another."""
        profile = self.profile
        changed = False
        for group in ATTRIBUTE_GROUPS:
            value = getattr(fragment, group)
            if value is not None and value != getattr(profile, group):
                setattr(profile, group, value)
                changed = True
        return changed

    def merge_identities(self, fragment: Profile) -> bool:
        """Keep every identity; tell whether one is new."""
        changed = False
        for namespace, identities in fragment.identityMap.items():
            known = self.profile.identityMap.setdefault(namespace, [])
            for identity in identities:
                if identity not in known:
                    known.append(identity)
                    changed = True
        return changed

    def snapshot(self) -> bytes:
        """Pack the profile."""
        return pack(self.profile)


def get_flow(batches: Iterator[list[bytes]], tally: Tally) -> Dataflow:
    """Wire the dataflow: decode and key, merge and decide and encode."""
    flow = Dataflow("join_per_identity")
    lines = op.input("read", flow, MemorySource(batches))
    fragments = op.flat_map_batch("decode", lines, decode_lines)
    messages = op.stateful_batch("join", fragments, Customer)
    op.output("count", messages, CountingSink(tally))
    return flow
