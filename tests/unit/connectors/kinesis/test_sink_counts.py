"""What a sink tells of itself while it works: what it holds, and how fresh what it sent was."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from connectors.kinesis import KinesisRecord, KinesisSink, Levels
from tests.wire.scripted import DEADLINE_S, ScriptedKinesis, waits_for

NOW_US = 1_700_000_000_000_000


def sink_on(kinesis: ScriptedKinesis) -> KinesisSink:
    """A sink with one request at a time, and a wall clock that stands still."""
    return KinesisSink(
        "leads",
        session=kinesis.session,
        max_in_flight=1,
        linger_ms=3_600_000,
        _wall_clock_us=lambda: NOW_US,
    )


def test_a_sink_tells_what_it_holds_from_any_thread(threads: ThreadPoolExecutor) -> None:
    """Nothing before it has a partition and after it is closed; what waits, in between."""
    answered = threading.Event()
    kinesis = ScriptedKinesis(waits_for(answered))
    sink = sink_on(kinesis)
    assert Levels() == sink.levels()
    part = sink.build_part("kinesis", "0000", None)
    part.write_batch([[KinesisRecord(b"1", "a"), KinesisRecord(b"22", "a")]])
    expected = Levels(in_flight=0, waiting=2, bytes=3, queued_keys=1, deepest_queue=1)
    assert expected == sink.levels()
    flushed = threads.submit(part.snapshot)
    kinesis.wait_for(requests=1)
    expected = Levels(in_flight=1, waiting=1, bytes=3, queued_keys=1, deepest_queue=1)
    assert expected == sink.levels()
    answered.set()
    flushed.result(DEADLINE_S)
    assert Levels() == sink.levels()
    part.close()
    assert Levels() == sink.levels()


def test_freshness_is_the_age_at_the_acknowledgement() -> None:
    """By the wall clock, of the records that carry a time."""
    sink = sink_on(ScriptedKinesis())
    part = sink.build_part("kinesis", "0000", None)
    aged = [KinesisRecord(b"", key, time_us=NOW_US - 1_500_000) for key in "ab"]
    part.write_batch([[*aged, KinesisRecord(b"", "c")]])
    part.snapshot()
    part.close()
    assert (2, 3_000_000) == (sink.stats.freshness.within[-1], sink.stats.freshness.sum_us)
    assert (0, 2) == (sink.stats.freshness.within[5], sink.stats.freshness.within[6])
