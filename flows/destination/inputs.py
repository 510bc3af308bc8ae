"""The inputs of one destination: where fragments come from, as `destination.yaml` says it.

Promise: an `Input` says which source reads it and, where it does not hold XDM, which field means
what. Credentials are named nowhere: those of Kinesis come from AWS's own chain, those of Kafka from
the environment.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from flows.destination.values import (
    Broker,
    Column,
    ColumnValue,
    DottedPath,
    EndpointUrl,
    InputName,
    InputPath,
    KafkaGroup,
    Namespace,
    Region,
    Start,
    StreamNameOrArn,
    Text,
    Topic,
)


class Jsonl(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One JSON object a line.

    Attributes:
        path: a file, a folder, a glob, or `-` for standard input; what ends in `.gz` is gzip.
        follow: do not end with the files, but wait for new lines and new files.
    """

    path: InputPath
    follow: bool = False


class Kinesis(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A data stream of Amazon Kinesis.

    Attributes:
        stream: its name, or its ARN where it is of another account.
        start: where a shard is read from the first time: `trim_horizon`, the oldest that is kept;
            `latest`, what comes after the first start; or a time.
        out_of_range: what happens to a record of a KPL aggregate that lies outside the range of
            the shard it was read from: `keep` it, or `drop` it as the KCL does.
        region, endpoint_url: as those of `account`, from which they are taken unless given.
    """

    stream: StreamNameOrArn
    start: Start = "trim_horizon"
    out_of_range: Literal["keep", "drop"] = "keep"
    region: Region | None = None
    endpoint_url: EndpointUrl | None = None


class Kafka(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A topic of Apache Kafka.

    Attributes:
        topic: its name.
        brokers: some of the cluster's brokers, to find the others by.
        start: where it is read from the first time: `earliest`, `latest` or a time.
        group: a consumer group that positions are also committed to, for tools that show lag; they
            are never read from there.
    """

    topic: Topic
    brokers: Annotated[tuple[Broker, ...], Meta(examples=['["broker:9092"]'])]
    start: Start = "earliest"
    group: KafkaGroup | None = None


class SegmentFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which columns of a row say that a person entered or left a segment.

    Attributes:
        id: column of the segment's id.
        status: column of the status.
        realized: values of the status that mean realized.
        exited: values of the status that mean exited.
        namespace: the segment's namespace, the outer key of `segmentMembership`.
        time: column of `lastQualificationTime`; the row's time unless given.
    """

    id: Column
    status: Column
    realized: tuple[ColumnValue, ...] = ("realized", "existing")
    exited: tuple[ColumnValue, ...] = ("exited",)
    namespace: Text = "ups"
    time: Column | None = None


class DeleteFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rows delete a profile.

    Attributes:
        column: the column that tells.
        values: its values that mean a delete.
    """

    column: Column
    values: Annotated[tuple[ColumnValue, ...], Meta(examples=["[d]"])]


class Fields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which column of a row, a flat JSON object, means what.

    Attributes:
        identity: namespace to the column that holds an id of it.
        time: column of the time of the fragment; when it arrived unless given.
        attributes: path of a mapped attribute to the column that holds it.
        segment: how a row says that a person entered or left a segment.
        delete: which rows delete a profile.
    """

    identity: Annotated[dict[Namespace, Column], Meta(examples=["{crmid: user_id}"])]
    time: Column | None = None
    attributes: Annotated[
        dict[DottedPath, Column], Meta(examples=["{person.name.firstName: first_name}"])
    ] = {}
    segment: Annotated[SegmentFields, Meta(examples=["{id: segment, status: status}"])] | None = (
        None
    )
    delete: Annotated[DeleteFields, Meta(examples=["{column: op, values: [d]}"])] | None = None

    def __post_init__(self) -> None:
        """Store every namespace in lower case: namespace codes compare without case."""
        force_setattr(self, "identity", {ns.lower(): at for ns, at in self.identity.items()})


class Input(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source of fragments: `jsonl`, `kinesis` or `kafka`, one of the three.

    Attributes:
        name: name of the input; the step that reads it is called after it.
        jsonl: the files to read.
        kinesis: the stream to read.
        kafka: the topic to read.
        fields: what the fields mean, where each line or record is not XDM but a flat JSON object.
    """

    name: InputName
    jsonl: Annotated[Jsonl, Meta(examples=["{path: profiles/}"])] | None = None
    kinesis: Annotated[Kinesis, Meta(examples=["{stream: segment-events}"])] | None = None
    kafka: (
        Annotated[Kafka, Meta(examples=['{topic: profiles, brokers: ["broker:9092"]}'])] | None
    ) = None
    fields: Annotated[Fields, Meta(examples=["{identity: {crmid: user_id}}"])] | None = None

    @property
    def is_endless(self) -> bool:
        """Whether it waits for more instead of ending."""
        return self.jsonl is None or self.jsonl.follow

    @property
    def place(self) -> str:
        """Where it is read, as a person would say it."""
        if self.kinesis is not None:
            return f"Kinesis stream {self.kinesis.stream}"
        if self.kafka is not None:
            return f"Kafka topic {self.kafka.topic}"
        return "" if self.jsonl is None else self.jsonl.path
