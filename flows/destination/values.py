"""The forms that a single value of `destination.yaml` may take, each under a name.

Promise: a value that fits its type is safe to use as what the name says. What must hold between
values is in `flows.destination.rules`.

Each type carries a description and an example for the messages about a wrong value; an example is
the YAML to write.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

# `(?!\s)` and the class keep out blank values, line breaks and other control characters; `\Z`,
# unlike `$`, does not let a final line break through.
Text = Annotated[str, Meta(pattern=r"^(?!\s)[^\x00-\x1f\x7f]+\Z", description="text on one line")]
Description = Annotated[str, Meta(description="text", examples=["Leads likely to convert"])]
DestinationName = Annotated[Text, Meta(examples=["high-propensity-leads"])]
SegmentId = Annotated[Text, Meta(examples=["7841ba61-23c1-4bb3-a495-00d695fe1e93"])]
SegmentName = Annotated[Text, Meta(examples=["High propensity to convert"])]
ProfileName = Annotated[Text, Meta(examples=["marketing"])]
InputPath = Annotated[
    Text,
    Meta(description='a file, a folder, a glob or "-" (standard input)', examples=["profiles/"]),
]
Folder = Annotated[
    str,
    Meta(
        pattern=r"^(?!\s|-\Z)[^\x00-\x1f\x7f]+\Z",
        description="the path of a folder",
    ),
]
Namespace = Annotated[
    str,
    Meta(
        pattern=r"^[^\s:\x00-\x1f\x7f]+\Z",
        description="an identity namespace, without blanks and colons",
        examples=["crmid"],
    ),
]
HashTarget = Annotated[Namespace, Meta(examples=["email_lc_sha256"])]
DottedPath = Annotated[
    str,
    Meta(
        pattern=r"^[^\s.\x00-\x1f\x7f]+(\.[^\s.\x00-\x1f\x7f]+)*\Z",
        description="field names joined by single dots, without blanks",
        examples=["person.name.firstName"],
    ),
]
InputName = Annotated[
    str,
    Meta(
        pattern=r"^(?!(wake|retry)\Z)[a-z0-9][a-z0-9_-]*\Z",
        description="lower-case letters, digits, `-` or `_`, starting with a letter or a digit, "
        "and neither `wake` nor `retry`",
        examples=["profiles"],
    ),
]
# Kinesis API reference, CreateStream, StreamName: 1 to 128 characters of [a-zA-Z0-9_.-].
StreamName = Annotated[
    str,
    Meta(
        pattern=r"^[a-zA-Z0-9_.-]{1,128}\Z",
        description="the name of a stream: 1 to 128 letters, digits, `_`, `.` or `-`",
        examples=["leads"],
    ),
]
# An ARN as AWS writes it in the API reference, PutRecords, StreamARN.
StreamNameOrArn = Annotated[
    str,
    Meta(
        pattern=r"^([a-zA-Z0-9_.-]{1,128}|arn:aws[a-z-]*:kinesis:[a-z0-9-]+:[0-9]{12}:stream/"
        r"[a-zA-Z0-9_.-]{1,128})\Z",
        description="the name or the ARN of a stream",
        examples=["segment-events"],
    ),
]
# Kafka takes these as a topic's name (org.apache.kafka.common.internals.Topic: 249 characters).
Topic = Annotated[
    str,
    Meta(
        pattern=r"^(?!\.{1,2}\Z)[a-zA-Z0-9._-]{1,249}\Z",
        description="the name of a topic: 1 to 249 letters, digits, `_`, `.` or `-`",
        examples=["profiles"],
    ),
]
Broker = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}\Z",
        description="host:port of a broker",
        examples=["broker:9092"],
    ),
]
KafkaGroup = Annotated[Text, Meta(examples=["profile-export"])]
Start = Annotated[
    str,
    Meta(
        pattern=r"^(trim_horizon|earliest|latest|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,20}"
        r"(Z|[+-][0-9]{2}(:?[0-9]{2})?))\Z",
        description="where to begin, or a time with its offset from UTC",
        examples=["2026-11-01T00:00:00Z"],
    ),
]
# Without quotes and backslashes: no decoder can be made for a column with them.
Column = Annotated[
    str,
    Meta(
        pattern=r'^(?!\s)[^"\\\x00-\x1f\x7f]+\Z',
        description='the name of a column, without `"` and `\\`',
        examples=["user_id"],
    ),
]
# Not empty: a row that says nothing must not mean something by it.
ColumnValue = Annotated[
    str, Meta(min_length=1, description="a value of the column", examples=["entered"])
]
# A region becomes part of the endpoint's host name, so it has the form of one label (RFC 1123).
Region = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}\Z",
        description="the code of an AWS region",
        examples=["us-east-1"],
    ),
]
EndpointUrl = Annotated[
    str,
    Meta(
        pattern=r"^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?\Z",
        description="a URL of scheme, host and port only",
        examples=["http://127.0.0.1:5000"],
    ),
]
# The upper bounds are far above any use. They keep a slip of the keyboard from overflowing a clock
# or an address.
Count = Annotated[int, Meta(ge=1, le=2**40, description="a whole number from 1 to 2^40")]
Depth = Annotated[int, Meta(ge=1, le=200, description="a whole number from 1 to 200")]
EpochMs = Annotated[
    int,
    Meta(
        ge=0,
        le=253_402_300_799_999,  # the last instant of the year 9999
        description="a whole number of milliseconds since 1970-01-01T00:00Z",
        examples=["1583270679000"],
    ),
]
InFlight = Annotated[int, Meta(ge=1, le=64, description="a whole number from 1 to 64")]
Linger = Annotated[
    int, Meta(ge=0, le=10_000, description="a whole number of milliseconds, from 0 to 10,000")
]
GiveUp = Annotated[
    int, Meta(ge=1, le=31_536_000, description="a whole number of seconds, from 1 to one year")
]
# What an address or a host name is made of (RFC 1123, RFC 4291); whether there is one, the system
# says when it is listened on.
ListenHost = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._:-]{1,255}\Z",
        description="an address or a host name of this machine",
        examples=["127.0.0.1"],
    ),
]
# Not 0, by which the system would choose one that nobody knows.
Port = Annotated[
    int, Meta(ge=1, le=65_535, description="a port from 1 to 65535", examples=["9464"])
]
Epoch = Annotated[
    float, Meta(gt=0, le=86_400, description="a number of seconds above 0, up to one day")
]
