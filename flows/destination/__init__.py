"""One destination, as `destination.yaml` describes it: types, units and defaults.

Promise: a `Destination` says everything a run needs to know, in the order of the file and under the
names of the file. The types hold what can be said of one value alone (its form, its range); what
must hold between values is in `rules`, and reading the file is in `load`.

Left out: credentials, on purpose. They come from AWS's own chain, so no field here can hold a
secret. A key that this version does not honour is not in these types, and is refused as unknown.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from flows.destination.delivery import DeadLetters, Delivery, Drop, Metrics, Rejects
from flows.destination.inputs import (
    DeleteFields,
    Fields,
    Input,
    Jsonl,
    Kafka,
    Kinesis,
    SegmentFields,
)
from flows.destination.values import (
    Count,
    Depth,
    Description,
    DestinationName,
    DottedPath,
    EndpointUrl,
    Epoch,
    EpochMs,
    Folder,
    HashTarget,
    Namespace,
    ProfileName,
    Region,
    SegmentId,
    SegmentName,
    StreamName,
    Text,
)

__all__ = [
    "Account",
    "Activation",
    "DeadLetters",
    "DeleteFields",
    "Delivery",
    "Destination",
    "Drop",
    "Fields",
    "Identities",
    "Input",
    "Jsonl",
    "Kafka",
    "Kinesis",
    "Limits",
    "Message",
    "Metrics",
    "Rejects",
    "Segment",
    "SegmentFields",
    "State",
    "Stream",
    "Triggers",
]


class Account(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the stream lives; None leaves the choice to AWS's own chain.

    Attributes:
        region: AWS region code.
        profile: profile of the shared AWS configuration files.
        endpoint_url: another endpoint than AWS's own, for emulators and private endpoints. Plain
            http is for the loopback interface only.
    """

    region: Region | None = None
    profile: ProfileName | None = None
    endpoint_url: EndpointUrl | None = None


class Stream(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The data stream that receives the records. It must exist; it is never created.

    Attributes:
        name: name of the stream.
        partition_key: `hashed` is a 128-bit hash of the key identity, in hexadecimal; `identity` is
            `namespace:id` in clear.
    """

    name: StreamName
    partition_key: Literal["hashed", "identity"] = "hashed"


class Identities(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which identities are read, hashed and exported. Namespaces are kept in lower case.

    Attributes:
        key: the one namespace that every input carries; profiles are joined by it.
        fields: namespace to the path of a field that holds an identity of it.
        hash: source namespace to the target namespace that receives the SHA-256 of its ids.
        export: `all`, which never includes a clear value that is hashed, or the namespaces.
    """

    key: Namespace
    fields: Annotated[
        dict[Namespace, DottedPath], Meta(examples=["{crmid: _acme.customerId}"])
    ] = {}
    hash: Annotated[dict[Namespace, HashTarget], Meta(examples=["{email: email_lc_sha256}"])] = {}
    export: Annotated[
        Literal["all"] | tuple[Namespace, ...], Meta(examples=["[crmid, email_lc_sha256]"])
    ] = "all"

    def __post_init__(self) -> None:
        """Store every namespace in lower case: namespace codes compare without case."""
        force_setattr(self, "key", self.key.lower())
        force_setattr(self, "fields", {ns.lower(): path for ns, path in self.fields.items()})
        force_setattr(self, "hash", {ns.lower(): to.lower() for ns, to in self.hash.items()})
        if not isinstance(self.export, str):
            force_setattr(self, "export", tuple(ns.lower() for ns in self.export))


class Segment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A segment mapped to the destination.

    Attributes:
        id: id of the segment, as in `segmentMembership`.
        namespace: outer key of `segmentMembership`; `ups` is Adobe's Segmentation Service.
        name: the name to export with `message.segment_names`.
        created_at: when the segment was created, in ms since 1970, UTC.
        updated_at: when the segment was last changed, in ms since 1970, UTC.
        mapping_created_at: when it was mapped to this destination, in ms since 1970, UTC.
        mapping_updated_at: when that mapping was last changed, in ms since 1970, UTC.
    """

    id: SegmentId
    namespace: Text = "ups"
    name: SegmentName | None = None
    created_at: EpochMs | None = None
    updated_at: EpochMs | None = None
    mapping_created_at: EpochMs | None = None
    mapping_updated_at: EpochMs | None = None


class Activation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is mapped to the destination.

    Attributes:
        segments: the mapped segments, or `all`.
        attributes: paths of the mapped attributes, in the order of the message; may be empty.
        keep_unmapped: also keep the memberships of segments that are not mapped.
    """

    segments: Annotated[
        Literal["all"] | tuple[Segment, ...],
        Meta(examples=["[{id: 7841ba61-23c1-4bb3-a495-00d695fe1e93}]"]),
    ]
    attributes: Annotated[tuple[DottedPath, ...], Meta(examples=["[person.name.firstName]"])]
    keep_unmapped: bool = False

    @property
    def mapped(self) -> frozenset[tuple[str, str]] | None:
        """The (namespace, id) of each mapped segment, or None when all segments are."""
        if isinstance(self.segments, str):
            return None
        return frozenset((segment.namespace, segment.id) for segment in self.segments)


class Triggers(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What makes a message go out, beyond a change of the view.

    Attributes:
        unchanged_attributes: a newer version of a mapped attribute is enough, even with the same
            value. Adobe's destination exports so.
    """

    unchanged_attributes: bool = False


class Message(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a message holds besides attributes, mapped memberships and identities.

    Attributes:
        segment_names: the name of each segment.
        segment_timestamps: the four times of each segment, in ms since 1970.
        unmapped_segments: the memberships kept by `activation.keep_unmapped`.
        metadata: `_export`, with the id, the reasons and the time of the message.
        newline: a line break after each message.
    """

    segment_names: bool = False
    segment_timestamps: bool = False
    unmapped_segments: bool = False
    metadata: bool = False
    newline: bool = False


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds on what is read; what exceeds one is rejected, with its reason.

    Attributes:
        line_bytes: length of a line, in bytes.
        depth: nesting of objects and arrays; the outermost object is 1.
        identities: identities in one fragment.
        id_chars: length of an id, in characters.
        future_h: how far a time may lie after the arrival, in hours.
    """

    line_bytes: Count = 1_048_576
    depth: Depth = 32
    identities: Count = 100
    id_chars: Count = 1024
    future_h: Count = 24


class State(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where profiles and positions are kept between runs.

    Attributes:
        path: the folder.
        epoch_s: seconds between two commits; what came after the last is sent again after a crash.
    """

    path: Folder = "state/"
    epoch_s: Epoch = 5.0


class Destination(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One configured export.

    Attributes:
        name: labels logs and metrics, and enters the ids of messages.
        description: for people.
        account: where the stream lives.
        stream: the stream.
        identities: which identities are read, hashed and exported.
        activation: what is mapped.
        triggers: what makes a message go out.
        message: what a message holds.
        inputs: one or more sources, with different names.
        limits: bounds on what is read.
        delivery: how records are delivered.
        rejects: where refused input is kept.
        dead_letters: where refused records are kept.
        state: where profiles are kept between runs.
        metrics: where counts can be read.
    """

    name: DestinationName
    description: Description = ""
    account: Account = Account()
    stream: Stream
    identities: Identities
    activation: Activation
    triggers: Triggers = Triggers()
    message: Message = Message()
    inputs: Annotated[
        tuple[Input, ...], Meta(examples=["[{name: profiles, jsonl: {path: profiles/}}]"])
    ]
    limits: Limits = Limits()
    delivery: Delivery = Delivery()
    rejects: Rejects = Rejects()
    dead_letters: DeadLetters = DeadLetters()
    state: State = State()
    metrics: Metrics = Metrics()
