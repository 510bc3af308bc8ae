"""Fifteen wrong sinks: each does one thing as a published Kinesis or stream writer does it.

Each names where that was read, at the commits of 2025 and 2026 that were looked at, and the cases
of the contract that it must not pass: these, and no others.
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from tests.contract.mutants.plain import PlainError, PlainPartition, Record

_ORDER = {
    "order_is_kept_when_the_first_record_fails",
    "order_is_kept_when_a_middle_record_fails",
    "order_is_kept_when_the_last_record_fails",
    "order_is_kept_within_a_key_that_fails_twice",
}
_GIVING_UP = {"it_gives_up_when_all_is_throttled", "it_gives_up_when_nobody_answers"}


class NeverReadsTheAnswer(PlainPartition):
    """quixio/quix-streams, `sinks/community/kinesis.py`: any answer is success."""

    breaks: ClassVar[frozenset[str]] = frozenset(
        _ORDER
        | {
            "a_flush_waits_for_every_answer",
            "a_request_throttled_as_a_whole_is_retried",
            "a_shard_may_split_in_flight",
            "a_stall_is_waited_out_with_few_requests",
            "an_empty_answer_is_no_answer",
            "an_entry_without_a_sequence_number_is_no_answer",
            "an_internal_failure_of_a_record_is_retried",
            "an_unreadable_answer_is_no_answer",
            "entries_decide_when_the_count_says_none_failed",
            "entries_decide_when_there_is_no_count",
            "it_gives_up_when_all_is_throttled",
            "only_what_failed_is_sent_again",
            "too_few_entries_are_no_answer",
            "too_many_entries_are_no_answer",
        }
    )

    def failed(self, request: list[Record], entries: list[dict[str, Any]] | None) -> list[Record]:
        """Nothing ever failed, once there was an answer."""
        return request if entries is None else []


class NeverClearsItsBuffer(PlainPartition):
    """quixio/quix-streams, `sinks/community/kinesis.py`: a flush leaves the records in place."""

    breaks: ClassVar[frozenset[str]] = frozenset({"a_flushed_record_is_not_sent_again"})

    def snapshot(self) -> None:
        """Flush, and keep all for the next time."""
        kept = list(self.queue)
        super().snapshot()
        self.queue = kept


class TakesAnEmptyOr5xxAnswerForSuccess(PlainPartition):
    """hampsterx/async-kinesis, `kinesis/producer.py`, and s2-streamstore/bytewax-s2, `_s2.py`.

    The first assumes success when a result is empty, the second never looks at the HTTP status.
    """

    breaks: ClassVar[frozenset[str]] = frozenset(
        {
            "a_server_error_is_retried",
            "an_empty_answer_is_no_answer",
            "an_unreadable_answer_is_no_answer",
        }
    )

    def failed(self, request: list[Record], entries: list[dict[str, Any]] | None) -> list[Record]:
        """Without entries all is well."""
        return [] if entries == [] else super().failed(request, entries)

    def on_error(
        self, status: int, code: str, request: list[Record]
    ) -> list[dict[str, Any]] | None:
        """A server error is one more answer without entries."""
        return [] if status >= 500 else super().on_error(status, code, request)


class RetriesWithoutWaiting(PlainPartition):
    """redpanda-data/connect, `internal/impl/aws/kinesis/output.go`: a pause that is not made."""

    breaks: ClassVar[frozenset[str]] = frozenset({"a_stall_is_waited_out_with_few_requests"})

    def wait(self, attempts: int) -> None:
        """Go on at once."""


class ResendsTheWholeRequest(PlainPartition):
    """aws/amazon-kinesis-streams-for-fluent-bit (issue 249): one failure, and all go again."""

    breaks: ClassVar[frozenset[str]] = frozenset({"only_what_failed_is_sent_again"})

    def failed(self, request: list[Record], entries: list[dict[str, Any]] | None) -> list[Record]:
        """All of a request, if any."""
        return request if super().failed(request, entries) else []


class RequeuesBehindNewerRecords(PlainPartition):
    """hampsterx/async-kinesis, `kinesis/producer.py`: what failed goes to the end of the queue."""

    breaks: ClassVar[frozenset[str]] = frozenset(_ORDER | {"order_is_kept_when_nothing_is_known"})

    def settle(self, request: list[Record], failed: list[Record]) -> None:
        """Put what failed last."""
        super().settle(request, [])
        self.queue += failed


class CountsDataWithoutTheKey(PlainPartition):
    """apache/flink-connector-aws, `KinesisStreamsSinkWriter.java`: sizes are those of the data."""

    breaks: ClassVar[frozenset[str]] = frozenset(
        {"a_request_has_at_most_10_mib", "the_key_counts_to_the_size_of_a_record"}
    )

    def size(self, record: Record) -> int:
        """Bytes of the data alone."""
        return len(record.data)


class Sends501Records(PlainPartition):
    """hampsterx/async-kinesis, `kinesis/producer.py`: its `num <= batch_size` lets one more in."""

    breaks: ClassVar[frozenset[str]] = frozenset({"a_request_has_at_most_500_records"})

    records_max = 501


class InventsAPartitionKey(PlainPartition):
    """fluent/fluent-bit, the C plugin `kinesis_streams`: the key is always random."""

    breaks: ClassVar[frozenset[str]] = frozenset(
        {"the_partition_key_is_kept", "the_key_counts_to_the_size_of_a_record"}
    )

    def entry(self, record: Record) -> dict[str, Any]:
        """Send a record under any key."""
        return {"Data": record.data, "PartitionKey": uuid.uuid4().hex}


class SwallowsCancellation(PlainPartition):
    """DevArKaDiA/aiokpl, `sender.py`: `except BaseException` makes it one more failed request."""

    breaks: ClassVar[frozenset[str]] = frozenset({"an_interruption_comes_out"})

    def put(self, request: list[Record]) -> list[dict[str, Any]] | None:
        """Take an interruption for no answer."""
        try:
            return super().put(request)
        except KeyboardInterrupt:
            return None


class TrustsPositions(PlainPartition):
    """debezium/debezium-server, `KinesisChangeConsumer.java` until DBZ-8893: wrong records retried.

    The KPL's `retrier.cc` shows how it is done: an answer of another length is none.
    """

    breaks: ClassVar[frozenset[str]] = frozenset(
        {"too_few_entries_are_no_answer", "too_many_entries_are_no_answer"}
    )

    def failed(self, request: list[Record], entries: list[dict[str, Any]] | None) -> list[Record]:
        """The records at the places of failed entries, however many entries there are."""
        if not entries:
            return request
        return [
            record
            for record, entry in zip(request, entries, strict=False)
            if not self.is_acknowledged(entry)
        ]


class TakesInternalFailureForFatal(PlainPartition):
    """redpanda-data/connect, `internal/impl/aws/kinesis/output.go`: only throttles are retried."""

    breaks: ClassVar[frozenset[str]] = frozenset({"an_internal_failure_of_a_record_is_retried"})

    def is_acknowledged(self, entry: dict[str, Any]) -> bool:
        """Raise for any other code."""
        if entry.get("ErrorCode") == "InternalFailure":
            raise PlainError("a record failed with InternalFailure")
        return super().is_acknowledged(entry)


class PrintsTheRecord(PlainPartition):
    """redpanda-data/connect, `internal/impl/aws/kinesis/output.go`: a failed record is logged."""

    breaks: ClassVar[frozenset[str]] = frozenset({"an_error_tells_no_data_and_no_key"})

    def refusal(self, code: str, request: list[Record]) -> str:
        """Say which records they were."""
        return f"Kinesis refused {request}: {code}"


class NeverCountsItsAttempts(PlainPartition):
    """s2-streamstore/bytewax-s2, `_s2.py`: the counter that should end it is never increased."""

    breaks: ClassVar[frozenset[str]] = frozenset(_GIVING_UP)

    def counted(self, attempts: int) -> int:
        """As before."""
        return attempts


class WaitsWithoutADeadline(PlainPartition):
    """hampsterx/async-kinesis, `kinesis/producer.py`: it pauses and tries again for ever."""

    breaks: ClassVar[frozenset[str]] = frozenset(_GIVING_UP)

    def is_over(self, attempts: int) -> bool:
        """Never give up."""
        return False


MUTANTS: tuple[type[PlainPartition], ...] = (
    NeverReadsTheAnswer,
    NeverClearsItsBuffer,
    TakesAnEmptyOr5xxAnswerForSuccess,
    RetriesWithoutWaiting,
    ResendsTheWholeRequest,
    RequeuesBehindNewerRecords,
    CountsDataWithoutTheKey,
    Sends501Records,
    InventsAPartitionKey,
    SwallowsCancellation,
    TrustsPositions,
    TakesInternalFailureForFatal,
    PrintsTheRecord,
    NeverCountsItsAttempts,
    WaitsWithoutADeadline,
)
