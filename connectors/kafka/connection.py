"""Connect to a topic: from what a user gives to a client.

`confluent_kafka` is loaded here, when it is needed: it is an extra.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from .errors import KafkaConfigurationError
from .settings import from_environment

if TYPE_CHECKING:
    from .client import KafkaClient

_log = logging.getLogger(__name__)

Start = Literal["earliest", "latest"] | datetime

FIXED: Final = {
    "enable.auto.commit": "false",  # positions live in the recovery store
    "auto.offset.reset": "error",  # nothing is skipped unseen
    "allow.auto.create.topics": "false",
    # Its errors come to us by its callback, and those are events; its own lines are not.
    "log_level": "2",
    "enable.metrics.push": "false",  # nobody else is told about the client
}
"""What this connector rests on. Source of the names: CONFIGURATION.md of librdkafka."""


_MADE = ("bootstrap.servers", "group.id", "enable.partition.eof", "error_cb", "on_commit")


class Connection(Struct, frozen=True, kw_only=True):
    """Which topic, and how to get there.

    Attributes:
        topic: Name of the topic.
        brokers: Some brokers of its cluster, as host:port.
        group: A consumer group to commit positions to.
        options: Further settings of librdkafka.
    """

    topic: str
    brokers: tuple[str, ...]
    group: str | None = None
    options: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        """Check what can be checked without connecting."""
        if not self.topic or not self.brokers or not all(self.brokers):
            raise ValueError("a topic and a list of brokers, each as host:port, are needed")
        taken = sorted(self.options.keys() & {*FIXED, *_MADE})
        if taken:
            raise ValueError(f"the option {taken[0]} is set by this connector: leave it out")


def checked_start(start: Start) -> Start:
    """Return the start if it can be one.

    Raises:
        ValueError: It cannot.
    """
    if isinstance(start, datetime):
        if start.tzinfo is None:
            raise ValueError("start needs a time with an offset from UTC, as in ...Z")
    elif start not in ("earliest", "latest"):
        raise ValueError(f"start is earliest, latest or a time, not {start!r}")
    return start


def connect(to: Connection, *, queue_bytes: int, tells_end: bool) -> KafkaClient:
    """Make a client. It connects by itself, whenever it has to.

    Args:
        to: The topic.
        queue_bytes: About how much librdkafka may fetch ahead.
        tells_end: Whether it says when all of a partition was read.

    Raises:
        KafkaConfigurationError: It cannot be made.
    """
    settings = from_environment(os.environ)
    try:
        from .client import KafkaClient  # noqa: PLC0415 - only who reads Kafka needs the extra
    except ImportError as error:
        raise KafkaConfigurationError(
            "reading from Kafka needs the package confluent-kafka, which cannot be loaded: install "
            "profile-export[kafka]"
        ) from error
    client = KafkaClient(
        to.topic,
        {
            "queued.max.messages.kbytes": str(min(max(queue_bytes // 1024, 1), 2_097_151)),
            # Not its 1000 ms: a full queue that is emptied sooner would stay empty until then.
            "fetch.queue.backoff.ms": "10",
            **settings,
            **to.options,
            **FIXED,
            "enable.partition.eof": str(tells_end).lower(),
            "bootstrap.servers": ",".join(to.brokers),
        },
        group=to.group,
    )
    protocol = to.options.get("security.protocol", settings["security.protocol"])
    if not protocol.upper().endswith("SSL") and not all(map(_is_local, to.brokers)):
        _log.warning("kafka_in_clear", extra={"topic": to.topic})
    return client


def _is_local(broker: str) -> bool:
    host = broker.rpartition(":")[0].strip("[]") or broker
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
