"""What a delivery counts by shard, how fresh it was, and what it holds at a moment."""

from __future__ import annotations

from connectors.kinesis import DeliveryStats, KinesisRecord, Levels
from connectors.kinesis.core.retry import Kind
from connectors.kinesis.core.shards import Shard, ShardMap
from connectors.kinesis.core.stats import SHARDS_KEPT, ShardStats
from tests.unit.connectors.kinesis.core.made import SHARD, THROTTLED, failed, taken
from tests.unit.connectors.kinesis.core.trial import Trial

NOW_US = 1_700_000_000_000_000


def test_failures_are_counted_by_shard() -> None:
    """A throttle is a retry as well; the shard is the one that the listing gives the key to."""
    trial = Trial(linger_s=0.0)
    trial.delivery.remap(ShardMap([Shard(SHARD, 0, 2**128 - 1)]), 0.0)
    trial.offer("a1 b1 c1")
    trial.answer("a1 b1 c1", a1=THROTTLED, b1="InternalFailure")
    assert {SHARD: ShardStats(retried=2, throttled=1)} == trial.stats.by_shard
    assert (2, 1) == (trial.stats.retried, trial.stats.throttled)


def test_a_shard_that_is_known_from_a_throttle_alone_is_counted_too() -> None:
    """Its message names it where the shards cannot be listed."""
    trial = Trial(linger_s=0.0)
    trial.offer("a1 b1")
    entries = [failed(THROTTLED, f"Rate exceeded for shard {SHARD} in stream leads"), taken()]
    trial.answer_with(trial.under_way.pop(), entries)
    assert {SHARD: ShardStats(retried=1, throttled=1)} == trial.stats.by_shard


def test_what_belongs_to_no_known_shard_is_counted_together() -> None:
    """Whole requests, and single records while no shard is known."""
    trial = Trial(linger_s=0.0)
    trial.offer("a1 b1")
    trial.answer("a1 b1", a1=THROTTLED)
    trial.offer("c1 d1")
    trial.fail("c1 d1", Kind.UNAVAILABLE)
    assert {"": ShardStats(retried=3, throttled=1)} == trial.stats.by_shard


def test_no_more_shards_are_kept_than_there_is_room_for() -> None:
    """Later ones count as unknown, and those that are known go on."""
    stats = DeliveryStats()
    for number in range(SHARDS_KEPT + 2):
        stats.failed(f"shard-{number}")
    stats.failed("shard-0", 4, throttled=True)
    assert SHARDS_KEPT + 1 == len(stats.by_shard)
    assert ShardStats(retried=2) == stats.by_shard[""]
    assert ShardStats(retried=5, throttled=4) == stats.by_shard["shard-0"]
    assert (SHARDS_KEPT + 6, 4) == (stats.retried, stats.throttled)


def test_only_what_was_acknowledged_is_fresh() -> None:
    """At the time of its answer; a record that failed is counted when it is taken at last."""
    trial = Trial(linger_s=0.0)
    times = {"a": NOW_US - 40_000, "b": NOW_US - 90_000}
    trial.hand_in([KinesisRecord(b"", key, time_us=time) for key, time in times.items()])
    (request,) = trial.under_way
    trial.delivery.answered(request, [taken(), failed(THROTTLED)], 0.0, NOW_US)
    assert (1, 40_000) == (trial.stats.freshness.within[-1], trial.stats.freshness.sum_us)
    (again,) = trial.delivery.poll(10.0).requests
    trial.delivery.answered(again, [taken()], 10.0, NOW_US + 10_000_000)
    assert 2 == trial.stats.freshness.within[-1]
    assert 40_000 + 10_090_000 == trial.stats.freshness.sum_us


def test_levels_tell_requests_records_bytes_and_queues() -> None:
    """Two records are under way; of a, two wait behind theirs, and of b one; c waits for more."""
    trial = Trial(max_in_flight=1)
    assert Levels() == trial.delivery.levels()
    trial.offer("a1 b1")
    trial.flush()
    trial.offer("a2 a3 b2 c1")
    expected = Levels(in_flight=1, waiting=4, bytes=12, queued_keys=2, deepest_queue=2)
    assert expected == trial.delivery.levels()
    trial.answer("a1 b1")
    assert ["a3"] == trial.answer("c1 a2 b2")
    assert Levels(in_flight=1, bytes=2) == trial.delivery.levels()
    trial.answer("a3")
    assert Levels() == trial.delivery.levels()
