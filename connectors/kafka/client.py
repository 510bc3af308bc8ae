"""The only place that talks to librdkafka: one topic, read by assigned partitions.

Promise: every call ends in an answer or a `KafkaError` with words. Offsets are given, never taken
from a consumer group, and nothing is skipped: an offset that is gone is reported. Used by one
thread.
"""

# ruff: noqa: SLF001 - codes of librdkafka's own begin with an underscore, and are public

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Final

import confluent_kafka as ck
from msgspec import Struct

from .connection import Start
from .errors import (
    KafkaConfigurationError,
    KafkaError,
    KafkaPermissionDenied,
    KafkaTopicNotFound,
    KafkaUnreachable,
    KafkaUnreadable,
)
from .record import KafkaRecord

_log = logging.getLogger(__name__)

ANSWER_S: Final = 5.0
"""How long a question to the brokers may take, seconds."""

RECORDS_MAX: Final = 8192
"""Most records handed over at once."""

_WHEN = {"earliest": ck.OFFSET_BEGINNING, "latest": ck.OFFSET_END}
# librdkafka insists on a group, and looks for its coordinator, though nothing is committed to it.
_NO_GROUP = "profile-export-without-group"
_NOT_ACCEPTED = {
    ck.KafkaError._AUTHENTICATION,
    ck.KafkaError._SSL,
    ck.KafkaError.SASL_AUTHENTICATION_FAILED,
}
_NOT_ALLOWED = {
    ck.KafkaError.TOPIC_AUTHORIZATION_FAILED,
    ck.KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}
_NO_TOPIC = {
    ck.KafkaError.UNKNOWN_TOPIC_OR_PART,
    ck.KafkaError.TOPIC_EXCEPTION,
    ck.KafkaError._UNKNOWN_TOPIC,
}
_UNREADABLE = {
    ck.KafkaError._BAD_MSG,
    ck.KafkaError._BAD_COMPRESSION,
    ck.KafkaError._NOT_IMPLEMENTED,  # a compression it does not know
    ck.KafkaError.MSG_SIZE_TOO_LARGE,
}


class Received(Struct):
    """What came since the last call.

    Attributes:
        records: In order, by partition.
        gone: Partitions whose next offset, which is given, the broker does not have; they are not
            read any more until `skip` or `read`.
        ended: Partitions of which all was read that could be, at some time since the last call.
    """

    records: dict[int, list[KafkaRecord]] = {}
    gone: dict[int, int] = {}
    ended: list[int] = []


class KafkaClient:
    """Reads the partitions it is told to, from where it is told to."""

    def __init__(self, topic: str, settings: Mapping[str, str], *, group: str | None) -> None:
        """Make the client, which connects in the background.

        Args:
            topic: Name of the topic.
            settings: Of librdkafka.
            group: Consumer group to commit to.

        Raises:
            KafkaConfigurationError: librdkafka refuses a setting.
        """
        self._topic = topic
        self._brokers = settings["bootstrap.servers"]
        self._group = group
        self._reads: set[int] = set()
        self._trouble: ck.KafkaError | None = None
        self._group_trouble = False
        made: dict[str, object] = {
            **settings,
            "group.id": group or _NO_GROUP,
            "error_cb": self._on_error,
            "on_commit": self._on_commit,
        }
        try:
            self._consumer = ck.Consumer(made)
        except ck.KafkaException as error:
            raise KafkaConfigurationError(
                f"librdkafka, which reads the topic {topic!r}, refuses its settings: "
                f"{error.args[0].str()}; correct the option or the KAFKA_ variable it names"
            ) from error

    def partitions(self) -> list[int]:
        """Return the numbers of all partitions of the topic.

        Raises:
            KafkaError: They cannot be listed.
        """
        try:
            found = self._consumer.list_topics(self._topic, timeout=ANSWER_S).topics[self._topic]
        except ck.KafkaException as error:
            if not self._reads:
                self._consumer.poll(0)  # it calls back with what the matter is
            raise self._words(error.args[0]) from error
        if found.error is not None:
            raise self._words(found.error)
        self._trouble = None
        return sorted(found.partitions)

    def offsets(self, start: Start, partitions: Iterable[int]) -> dict[int, int]:
        """Return the offset where each of these partitions begins, ends, or has reached a time.

        A time that no record has reached is the end.

        Raises:
            KafkaError: They cannot be had.
        """
        if isinstance(start, str):
            return self._offsets_at(_WHEN[start], partitions)
        # The ends come first: what arrives between the two questions must not be passed over.
        ends = self._offsets_at(_WHEN["latest"], partitions)
        found = self._offsets_at(int(start.timestamp() * 1000), ends)
        return {each: ends[each] if at < 0 else at for each, at in found.items()}

    def _offsets_at(self, when: int, partitions: Iterable[int]) -> dict[int, int]:
        asked = [ck.TopicPartition(self._topic, each, when) for each in partitions]
        if not asked:
            return {}
        try:
            found = self._consumer.offsets_for_times(asked, timeout=ANSWER_S)
        except ck.KafkaException as error:
            raise self._words(error.args[0]) from error
        for each in found:
            if each.error is not None:
                raise self._words(each.error)
        return {each.partition: each.offset for each in found}

    def read(self, offsets: Mapping[int, int]) -> None:
        """Read these partitions from these offsets on, from now; others go on as they were."""
        again = [ck.TopicPartition(self._topic, each) for each in offsets if each in self._reads]
        if again:
            self._consumer.incremental_unassign(again)
        if offsets:
            self._consumer.incremental_assign(
                [ck.TopicPartition(self._topic, each, at) for each, at in offsets.items()]
            )
        self._reads |= offsets.keys()

    def skip(self, gone: Mapping[int, int]) -> dict[int, int]:
        """Read partitions on with the oldest records that are left; log each such gap.

        Args:
            gone: The offset that each wanted.

        Returns:
            The offset of the oldest record of each.

        Raises:
            KafkaError: It cannot be had.
        """
        left = self.offsets("earliest", gone)
        for partition, oldest in left.items():
            extra = {"topic": self._topic, "partition": partition, "wanted": gone[partition]}
            _log.error("kafka_gap", extra={**extra, "oldest": oldest})
        self.read(left)
        return left

    def receive(self, wait_s: float) -> Received:
        """Return what came; wait for the first of it.

        Raises:
            KafkaError: Reading cannot go on.
        """
        received = Received()
        first = self._consumer.poll(wait_s)
        if first is None:
            return received
        records = received.records
        for message in (first, *self._consumer.consume(RECORDS_MAX - 1, 0)):
            error = message.error()
            if error is not None:
                self._sort_out(error, message.partition(), message.offset(), received)
                continue
            partition, offset = message.partition(), message.offset()
            assert partition is not None, "a record is of a partition"
            assert offset is not None, "a record has its place there"
            kind, time_ms = message.timestamp()
            arrival = time_ms / 1000 if kind != ck.TIMESTAMP_NOT_AVAILABLE else 0.0
            record = KafkaRecord(message.key(), message.value(), partition, offset, arrival)
            if partition in records:
                records[partition].append(record)
            else:
                records[partition] = [record]
        return received

    def end(self, partition: int) -> int:
        """Return the offset after the last record, as last heard; below 0 if never."""
        at = ck.TopicPartition(self._topic, partition)
        return self._consumer.get_watermark_offsets(at, cached=True)[1]

    def commit(self, offsets: Mapping[int, int]) -> None:
        """Begin to commit these offsets to the group. Whether it worked changes nothing here."""
        at = [ck.TopicPartition(self._topic, each, offset) for each, offset in offsets.items()]
        try:
            self._consumer.commit(offsets=at, asynchronous=True)
        except ck.KafkaException as error:
            self._tell_group_trouble(error.args[0])

    def close(self) -> None:
        """Let go of the connections."""
        self._consumer.close()

    def trouble(self) -> KafkaError:
        """Return, in words, why nothing may be coming."""
        return self._words(None)

    def _sort_out(
        self, error: ck.KafkaError, partition: int | None, offset: int | None, received: Received
    ) -> None:
        code = error.code()
        if code == ck.KafkaError._PARTITION_EOF and partition is not None:
            received.ended.append(partition)
        elif code == ck.KafkaError._AUTO_OFFSET_RESET and partition is not None:
            received.gone[partition] = -1 if offset is None else offset
        elif code in _UNREADABLE:
            raise KafkaUnreadable(
                f"partition {partition} of the Kafka topic {self._topic!r} cannot be read at "
                f"offset {offset}: {error.str()}; to go on without it, delete the records up to it "
                "from the partition, which is then reported as a gap"
            )
        elif code in _NOT_ALLOWED or error.fatal():
            raise self._words(error)
        elif code == ck.KafkaError.GROUP_AUTHORIZATION_FAILED:
            self._tell_group_trouble(error)
        else:
            self._on_error(error)

    def _on_error(self, error: ck.KafkaError) -> None:
        if error.code() != ck.KafkaError._ALL_BROKERS_DOWN:  # it does not say why
            self._trouble = error

    def _on_commit(self, error: ck.KafkaError | None, _partitions: list[ck.TopicPartition]) -> None:
        if error is not None:
            self._tell_group_trouble(error)

    def _tell_group_trouble(self, error: ck.KafkaError) -> None:
        if self._group is not None and not self._group_trouble:
            self._group_trouble = True
            extra = {"topic": self._topic, "group": self._group, "why": error.str()}
            _log.warning("kafka_commit_failed", extra=extra)

    def _words(self, error: ck.KafkaError | None) -> KafkaError:
        cause = error
        if cause is None or cause.code() in (
            ck.KafkaError._TRANSPORT,
            ck.KafkaError._TIMED_OUT,
        ):
            cause = self._trouble or error
        code, why = (None, "no answer") if cause is None else (cause.code(), cause.str())
        where = f"the Kafka topic {self._topic!r} at {self._brokers}"
        if code in _NOT_ACCEPTED:
            return KafkaPermissionDenied(
                f"{where} cannot be read, as the brokers do not accept who asks: {why}; check the "
                "variables KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_ and KAFKA_SSL_"
            )
        if code in _NOT_ALLOWED:
            return KafkaPermissionDenied(
                f"{where} may not be read: {why}; allow READ and DESCRIBE on the topic"
            )
        if code in _NO_TOPIC:
            return KafkaTopicNotFound(
                f"{where} does not exist or may not be seen: {why}; correct its name, create it "
                "(it is never created here), or allow DESCRIBE on it"
            )
        return KafkaUnreachable(
            f"{where} cannot be reached: {why}; check the brokers, the network and, if they "
            "expect TLS, KAFKA_SECURITY_PROTOCOL"
        )
