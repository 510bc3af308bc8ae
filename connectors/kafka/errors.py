"""Everything that can go wrong with Kafka, as seen by whoever runs the job.

Each message says what happened, where, why, and what to do. None carries a record, its key or a
credential. Left out: what librdkafka heals by itself, which is most of what goes wrong.
"""

from __future__ import annotations


class KafkaError(Exception):
    """Root of all errors of this connector.

    Attributes:
        needs_person: Trying again cannot help until somebody changes something.
    """

    needs_person = False


class KafkaConfigurationError(KafkaError):
    """The client cannot be made: a setting it does not know, or its package is missing."""

    needs_person = True


class KafkaUnreachable(KafkaError):
    """No broker answers, or none that can.

    A command line ends with exit code 69 (EX_UNAVAILABLE of sysexits.h).
    """


class KafkaTopicNotFound(KafkaUnreachable):
    """The cluster does not know the topic. It is never created here."""

    needs_person = True


class KafkaPermissionDenied(KafkaError):
    """The credentials are not accepted, or may not read the topic.

    A command line ends with exit code 77 (EX_NOPERM of sysexits.h).
    """

    needs_person = True


class KafkaUnreadable(KafkaError):
    """A record cannot be read as it is stored. Going on would lose it."""

    needs_person = True
