"""The sections of a destination about what leaves the job, what cannot, and what is told of it.

Promise and rules are those of `flows.destination`, which has these sections among its own.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from flows.destination.values import (
    Count,
    DottedPath,
    Folder,
    GiveUp,
    InFlight,
    Linger,
    ListenHost,
    Port,
)


class Drop(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an oversize message can do without.

    Attributes:
        drop: paths of mapped attributes; the first one goes first.
    """

    drop: Annotated[tuple[DottedPath, ...], Meta(examples=["[person.name.firstName]"])]


class Delivery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How records are delivered.

    Attributes:
        max_in_flight: requests under way at once.
        linger_ms: how long a record may wait for others to share its request, in milliseconds.
        oversize: what becomes of a message that is too large for Kinesis: `dead_letter` keeps it
            as a dead letter, `fail` stops the job, and `drop` leaves attributes out until it fits;
            one that does not fit even so becomes a dead letter.
        give_up_s: stop the job after this many seconds without any progress.
        supersede: while a message waits because an earlier one of the same person is under way, a
            newer one may take its place. Messages of a membership or a delete are always sent.
    """

    max_in_flight: InFlight = 16
    linger_ms: Linger = 100
    oversize: Annotated[
        Literal["dead_letter", "fail"] | Drop,
        Meta(description="`dead_letter`, `fail` or `{drop: [attribute paths]}`"),
    ] = "dead_letter"
    give_up_s: GiveUp = 900
    supersede: bool = False


class Rejects(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where input that cannot become a fragment is kept.

    Attributes:
        path: the folder.
        max_bytes: size of the folder, in bytes, at which the job stops.
    """

    path: Folder = "rejects/"
    max_bytes: Count = 1_073_741_824


class DeadLetters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where records that Kinesis can never accept are kept.

    Attributes:
        path: the folder.
        max_bytes: size of the folder, in bytes, at which the job stops.
    """

    path: Folder = "dead-letters/"
    max_bytes: Count = 1_073_741_824


class Metrics(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the counts of a running job can be read over HTTP, by Prometheus or anybody else.

    Attributes:
        host: the address to listen on. Whoever reaches it can read the counts; no person is named.
        port: the port to listen on; null for none.
    """

    host: ListenHost = "127.0.0.1"
    port: Port | None = None
