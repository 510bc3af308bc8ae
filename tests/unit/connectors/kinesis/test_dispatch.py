"""The delivery laws, for any order of writes and flushes and any failures, judged by the stream.

The stream of these tests is the judge. It knows only what was handed in, and looks at each request
when it arrives.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kinesis import (
    DeliveryStats,
    KinesisAccountingError,
    KinesisRecord,
    KinesisRecordRefused,
    KinesisUnreachable,
)
from connectors.kinesis.core.retry import Patience
from connectors.kinesis.dispatch import Dispatcher

Failure = str | set[int]
"""What goes wrong with a request: "lost" before or "cut" after it was applied, or these places."""


class JudgingStream:
    """Checks each request when it comes, and fails as told; later requests all succeed."""

    def __init__(self, failures: Sequence[Failure] = ()) -> None:
        """Fail the first requests in these ways."""
        self._failures: Iterator[Failure] = chain(failures, repeat(set()))
        self.handed_in: dict[str, list[bytes]] = defaultdict(list)
        self.acknowledged: dict[str, list[bytes]] = defaultdict(list)
        self.stored: dict[str, list[bytes]] = defaultdict(list)
        self.requests = 0
        self.closed = 0

    def put_records(self, records: Sequence[KinesisRecord]) -> list[str | None]:
        """Judge a request, then answer it."""
        self.requests += 1
        assert self.requests <= 5000, "it asks without end"
        assert 1 <= len(records) <= 500
        assert sum(len(r.data) + len(r.partition_key) for r in records) <= 5 * 1024 * 1024
        assert len(records) == len({r.partition_key for r in records}), "a key twice"
        for record in records:
            key = record.partition_key
            due = self.handed_in[key][len(self.acknowledged[key])]
            assert due == record.data, "not the oldest unacknowledged record of its key"
        failure = next(self._failures)
        if failure == "lost":
            raise KinesisUnreachable("lost")
        for place, record in enumerate(records):
            if failure == "cut" or place not in failure:
                self.stored[record.partition_key].append(record.data)
        if failure == "cut":
            raise KinesisUnreachable("cut")
        outcomes = ["InternalFailure" if n in failure else None for n in range(len(records))]
        for record, outcome in zip(records, outcomes, strict=True):
            if outcome is None:
                self.acknowledged[record.partition_key].append(record.data)
        return outcomes

    def close(self) -> None:
        """Count how often it is closed."""
        self.closed += 1


def dispatcher_of(
    stream: JudgingStream, stats: DeliveryStats, give_up_s: float = 1e9
) -> Dispatcher:
    """Connect a dispatcher whose time stands still."""
    return Dispatcher(
        stream,
        stats,
        dead_letters=None,
        patience=Patience(give_up_s, lambda: 0.5),
        clock=lambda: 0.0,
        sleep=lambda _: None,
    )


KEYS = st.sampled_from("abcde")
WRITES = st.lists(st.lists(KEYS, max_size=8), max_size=8)
FAILURES = st.lists(
    st.one_of(st.just("lost"), st.just("cut"), st.sets(st.integers(0, 4))), max_size=20
)


@given(st.lists(WRITES, max_size=4), FAILURES)
def test_order_holds_nothing_is_lost_and_the_counts_add_up(
    epochs: list[list[list[str]]], failures: list[Failure]
) -> None:
    """For any writes and failures, each record is acknowledged once, in the order of its key."""
    stream, stats = JudgingStream(failures), DeliveryStats()
    dispatcher = dispatcher_of(stream, stats)
    number = 0
    for epoch in epochs:
        for batch in epoch:
            records = []
            for key in batch:
                records.append(KinesisRecord(str(number).encode(), key))
                stream.handed_in[key].append(str(number).encode())
                number += 1
            dispatcher.write([records])
        dispatcher.flush()
        assert stream.handed_in == {k: v for k, v in stream.acknowledged.items() if v}
        assert number == stats.offered == stats.acknowledged
        assert stats.unsettled == 0
    assert stats.requests == stream.requests
    for key, stored in stream.stored.items():
        assert stream.handed_in[key] == list(dict.fromkeys(stored)), "duplicates at most"


@settings(max_examples=25)  # each is a thousand records
@given(st.lists(st.integers(1, 3), min_size=499, max_size=520), FAILURES)
def test_full_requests_go_out_while_writing(counts: list[int], failures: list[Failure]) -> None:
    """With 500 keys and more, writing sends, and less than a full request is left to the flush."""
    stream, stats = JudgingStream(failures), DeliveryStats()
    dispatcher = dispatcher_of(stream, stats)
    records = []
    for number in range(max(counts)):
        for key, count in enumerate(counts):
            if number < count:
                records.append(KinesisRecord(str(number).encode(), f"key-{key}"))
                stream.handed_in[f"key-{key}"].append(str(number).encode())
    dispatcher.write([records[:300], records[300:]])
    waiting = {key for key in stream.handed_in if stream.handed_in[key] != stream.acknowledged[key]}
    assert len(waiting) < 500
    dispatcher.flush()
    assert stream.handed_in == stream.acknowledged
    assert len(records) == stats.acknowledged


def test_a_flush_of_nothing_makes_no_request() -> None:
    """Sixty partitions flush one after another, and only the first has something to send."""
    stream = JudgingStream()
    dispatcher = dispatcher_of(stream, DeliveryStats())
    dispatcher.flush()
    assert stream.requests == 0


def test_a_record_without_a_place_for_dead_letters_is_an_error() -> None:
    """Nothing is ever dropped, so an impossible record stops the job when it cannot be kept."""
    stats = DeliveryStats()
    dispatcher = dispatcher_of(JudgingStream(), stats)
    with pytest.raises(KinesisRecordRefused, match="the partition key is empty"):
        dispatcher.write([[KinesisRecord(b"x", "")]])
    assert (1, 0) == (stats.offered, stats.dead_lettered)


def test_counts_that_do_not_add_up_stop_the_commit() -> None:
    """The balance is checked by a flush, in production too."""
    stats = DeliveryStats()
    dispatcher = dispatcher_of(JudgingStream(), stats)
    stats.offered += 1
    with pytest.raises(KinesisAccountingError, match="offered=1, acknowledged=0"):
        dispatcher.flush()


def test_counts_of_a_broken_off_execution_are_no_error_of_the_next() -> None:
    """A second execution with the same sink balances its own records only."""
    stream = JudgingStream(["lost"])
    stats = DeliveryStats()
    first = dispatcher_of(stream, stats, give_up_s=0)
    stream.handed_in["a"] = [b"1"]
    first.write([[KinesisRecord(b"1", "a")]])
    with pytest.raises(KinesisUnreachable):
        first.flush()
    first.close()
    second = dispatcher_of(stream, stats)
    second.write([[KinesisRecord(b"1", "a")]])
    second.flush()
    assert [b"1"] == stream.acknowledged["a"]
    assert (2, 1, 1) == (stats.offered, stats.acknowledged, stats.unsettled)


def test_closing_never_raises() -> None:
    """An error while closing would hide the real one, or abort the process."""

    class Stuck(JudgingStream):
        def close(self) -> None:
            raise OSError

    dispatcher_of(Stuck(), DeliveryStats()).close()
