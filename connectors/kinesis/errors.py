"""Everything that can go wrong with Kinesis, as seen by whoever runs the job.

Each message says what happened, where, why, and what to do. None carries data, a partition key or
a credential. Left out: failures that a retry heals are of the same types, but the sink keeps them
to itself until it gives up.
"""

from __future__ import annotations

from collections import Counter

from .core.retry import Kind


class KinesisError(Exception):
    """Root of all errors of this connector.

    Attributes:
        code: AWS's error code, or the name of the underlying exception; "" if there is none.
        kind: What it means for trying again.
        needs_person: Trying again cannot help until somebody changes something.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        kind: Kind = Kind.UNAVAILABLE,
        needs_person: bool = False,
    ) -> None:
        """Keep the message for people and the rest for programs."""
        super().__init__(message)
        self.code = code
        self.kind = kind
        self.needs_person = needs_person or kind.needs_person


class KinesisConfigurationError(KinesisError):
    """The client cannot be built: no region, a bad endpoint, plain http to another machine."""


class KinesisUnreachable(KinesisError):
    """No usable answer: connection, timeout, server error, throttle, or an unreadable answer.

    A command line ends with exit code 69 (EX_UNAVAILABLE of sysexits.h).
    """


class KinesisStreamNotFound(KinesisUnreachable):
    """The stream does not exist in this account and region. It is never created here."""


class KinesisPermissionDenied(KinesisError):
    """The identity may not write to the stream or read it, or the credentials are not accepted.

    A command line ends with exit code 77 (EX_NOPERM of sysexits.h).
    """


class KinesisRequestRefused(KinesisError):
    """Kinesis refused a whole request for a reason that is none of the others."""


class KinesisRecordRefused(KinesisError):
    """A record can never be accepted, and there is no place for dead letters."""


class DeadLettersFull(KinesisError):
    """The dead letters reached their limit."""


class DeadLettersUnusable(KinesisError):
    """The file of dead letters cannot be read or written, or holds a line that is not ours."""


class KinesisShardNotFound(KinesisError):
    """The stream has no shard of that name."""


class KinesisStateUnreadable(KinesisError):
    """What the recovery store holds of a source is none of this program's."""


class KinesisAccountingError(KinesisError):
    """After a flush the counts do not add up: a defect of this connector."""


def defect(what: str) -> KinesisAccountingError:
    """Say that this connector is wrong."""
    return KinesisAccountingError(
        f"{what}. This is a defect of the Kinesis connector: please report it. Nothing was "
        "committed; starting again sends the last epoch once more."
    )


def entries_failed(codes: Counter[str], count: int) -> KinesisUnreachable:
    """Say that an answer did not acknowledge all of its so many records, and by which codes."""
    return KinesisUnreachable(
        f"Kinesis answered, but did not take {codes.total()} of {count} records: "
        f"{', '.join(sorted(codes))}. Raise the capacity of the stream (shards or on-demand mode) "
        "or look at the AWS health page; nothing was lost.",
        code=min(codes),
    )
