"""Everything that can go wrong with Kinesis, as seen by whoever runs the job.

Each message says what happened, where, why, and what to do. None carries data, a partition key or
a credential. Left out: failures that a retry heals are of the same types, but the sink keeps them
to itself until it gives up.
"""

from __future__ import annotations


class KinesisError(Exception):
    """Root of all errors of this connector.

    Attributes:
        code: AWS's error code, or the name of the underlying exception; "" if there is none.
        needs_person: Trying again cannot help until somebody changes something.
    """

    def __init__(self, message: str, *, code: str = "", needs_person: bool = False) -> None:
        """Keep the message for people and the code for programs."""
        super().__init__(message)
        self.code = code
        self.needs_person = needs_person


class KinesisConfigurationError(KinesisError):
    """The client cannot be built: no region, a bad endpoint, plain http to another machine."""


class KinesisUnreachable(KinesisError):
    """No usable answer: connection, timeout, server error, throttle, or an unreadable answer.

    A command line ends with exit code 69 (EX_UNAVAILABLE of sysexits.h).
    """


class KinesisStreamNotFound(KinesisUnreachable):
    """The stream does not exist in this account and region. It is never created here."""


class KinesisPermissionDenied(KinesisError):
    """The identity may not write to the stream, or the credentials are not accepted.

    A command line ends with exit code 77 (EX_NOPERM of sysexits.h).
    """


class KinesisRequestRefused(KinesisError):
    """Kinesis refused a whole request for a reason that is none of the others."""


class KinesisRecordRefused(KinesisError):
    """A record can never be accepted, and there is no place for dead letters."""


class DeadLettersFull(KinesisError):
    """The dead letters reached their limit."""


class KinesisAccountingError(KinesisError):
    """After a flush the counts do not add up: a defect of this connector."""
