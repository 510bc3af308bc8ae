"""Throttled shards: their windows, their pauses, and that nobody else is slowed down.

Two shards share the hash keys: `low` takes records whose name begins with a lower-case letter (the
explicit hash key says so here), `high` the others.
"""

from __future__ import annotations

import math
from collections import deque

import pytest

from connectors.kinesis import KinesisRecord
from connectors.kinesis.core.answer import Entry
from connectors.kinesis.core.batching import Batch
from connectors.kinesis.core.retry import Backoff
from connectors.kinesis.core.shards import Shard, ShardMap
from connectors.kinesis.core.throttle import LimitedShard, Throttle
from tests.unit.connectors.kinesis.core.made import THROTTLED, failed, names, record, taken

HALF = 2**127
TWO_SHARDS = ShardMap([Shard("low", 0, HALF - 1), Shard("high", HALF, 2**128 - 1)])
BACKOFF = Backoff(lambda: 1.0)


def of(listed: str) -> list[KinesisRecord]:
    """Make records, of the lower shard if their names are in lower case."""
    return [
        record(name, explicit_hash_key="0" if name.islower() else str(HALF))
        for name in listed.split()
    ]


def throttle_with(shard_map: ShardMap | None = TWO_SHARDS) -> Throttle:
    """Limit nothing yet."""
    throttle = Throttle(BACKOFF)
    if shard_map is not None:
        throttle.remap(shard_map)
    return throttle


def limit(
    throttle: Throttle, shard: str, listed: str, *, accepted: int = 0, now: float = 0.0
) -> bool:
    """Have a request throttled: these records of a shard were not taken, so many others were."""
    count = len(listed.split())
    entries = [failed(THROTTLED)] * count + [taken(shard)] * accepted
    return throttle.throttled({shard: of(listed)}, entries, now)


def drawn(throttle: Throttle, now: float) -> tuple[str, dict[str, int]]:
    """Draw for a request: which records go, and how many of which shard."""
    batch = Batch(largest=3)
    counts = throttle.draw(batch, now)
    return names(batch.records), counts


def test_the_first_window_is_what_was_accepted() -> None:
    """A shard that took 7 of a request may have 7 in flight after its first throttle."""
    throttle = throttle_with()
    limit(throttle, "low", " ".join(f"{letter}1" for letter in "abcdefghij"), accepted=7)
    assert "a1 b1 c1 d1 e1 f1 g1" == drawn(throttle, 0.05)[0]


def test_a_shard_that_took_nothing_may_try_one() -> None:
    """There is always a way on."""
    throttle = throttle_with()
    limit(throttle, "low", "a1 b1")
    assert ("a1", {"low": 1}) == drawn(throttle, 0.05)


def window(shard: LimitedShard) -> int:
    """Say how many records of a shard may be in flight."""
    shard.waiting = deque([record("a1")] * 5_000)
    return shard.sendable


def test_each_throttle_halves_the_window() -> None:
    """64, 32, 16 and so on, down to one."""
    shard = LimitedShard(64)
    windows = []
    for _ in range(8):
        shard.throttled(0.0, BACKOFF)
        windows.append(window(shard))
    assert [64, 32, 16, 8, 4, 2, 1, 1] == windows


def test_sixteen_answers_without_a_throttle_bring_a_window_back() -> None:
    """Growth is by a fixed step: 32 becomes 34, 36, ... and 64 after the sixteenth."""
    shard = LimitedShard(64)
    shard.throttled(0.0, BACKOFF)
    shard.throttled(0.0, BACKOFF)
    windows = []
    for _ in range(17):
        shard.accepted()
        windows.append(window(shard))
    assert list(range(34, 68, 2)) == windows


def test_a_small_window_grows_by_one() -> None:
    """From one record on, each answer without a throttle allows one more."""
    shard = LimitedShard(1)
    for _ in range(3):
        shard.throttled(0.0, BACKOFF)
    windows = [window(shard)]
    for _ in range(3):
        shard.accepted()
        windows.append(window(shard))
    assert [1, 2, 3, 4] == windows


def test_a_throttled_shard_pauses_longer_each_time() -> None:
    """50, 100, 200 ms at most, and 50 ms again after an answer without a throttle."""
    shard = LimitedShard(8)
    pauses = []
    for _ in range(3):
        shard.throttled(10.0, BACKOFF)
        pauses.append(shard.paused_until)
    shard.accepted()
    shard.throttled(10.0, BACKOFF)
    pauses.append(shard.paused_until)
    assert [10.05, 10.1, 10.2, 10.05] == pauses


def test_nothing_is_drawn_in_a_pause() -> None:
    """The shard goes on when its pause is over, and says when that is."""
    throttle = throttle_with()
    limit(throttle, "low", "a1", now=1.0)
    assert (1.05, False) == (throttle.next_at, throttle.has_some(1.0))
    assert ("", {}) == drawn(throttle, 1.0)
    assert throttle.has_some(1.05)
    assert ("a1", {"low": 1}) == drawn(throttle, 1.05)
    assert (math.inf, False) == (throttle.next_at, throttle.has_some(9.0))


def test_less_than_half_a_window_waits_for_an_answer() -> None:
    """While some of a shard are in flight, no request is made for a few more."""
    shard = LimitedShard(8)
    shard.throttled(0.0, BACKOFF)
    shard.waiting = deque([record("a1")] * 100)
    found = []
    for shard.in_flight in (0, 1, 4, 5, 8):
        found.append(shard.sendable)
    assert [8, 7, 4, 0, 0] == found


def test_records_of_a_limited_shard_wait_and_all_others_go() -> None:
    """Sifting takes out those of the throttled shard and keeps both in order."""
    throttle = throttle_with()
    limit(throttle, "low", "a1", accepted=10)
    ready = deque(of("B1 b1 C1 c1 D1"))
    throttle.sift(ready)
    assert "B1 C1 D1" == names(list(ready))
    assert 3 == len(throttle)
    assert ("a1 b1 c1", {"low": 3}) == drawn(throttle, 0.05)


def test_one_record_is_held_back_only_if_its_shard_is_limited() -> None:
    """The others are for somebody else to send."""
    throttle = throttle_with()
    limit(throttle, "high", "A1")
    low, high = of("b1 B1")
    assert (False, True) == (throttle.holds_back(low), throttle.holds_back(high))
    assert 2 == len(throttle)


def test_what_was_throttled_goes_first() -> None:
    """Records that failed stand before those that waited, in their order."""
    throttle = throttle_with()
    limit(throttle, "low", "a1", accepted=10)
    throttle.sift(deque(of("d1")))
    limit(throttle, "low", "b1 c1")
    assert ("b1 c1 a1 d1", {"low": 4}) == drawn(throttle, 9.0)


def test_each_shard_has_its_own_window() -> None:
    """One request takes of every shard as much as that one allows."""
    throttle = throttle_with()
    limit(throttle, "low", "a1 b1 c1", accepted=2)
    limit(throttle, "high", "A1 B1 C1", accepted=1)
    assert ("a1 b1 A1", {"low": 2, "high": 1}) == drawn(throttle, 9.0)
    assert 3 == len(throttle)


def test_a_window_is_given_back_when_a_request_ends() -> None:
    """Whatever came of it, its records are not in flight any more."""
    throttle = throttle_with()
    limit(throttle, "low", "a1 b1")
    _, counts = drawn(throttle, 1.0)
    assert not throttle.has_some(1.0)
    throttle.returned(counts)
    assert ("b1", {"low": 1}) == drawn(throttle, 1.0)


def test_throttling_a_known_shard_again_is_no_news() -> None:
    """Only a shard that was not limited before makes others look again at what waits."""
    throttle = throttle_with()
    found = [
        limit(throttle, shard, name)
        for shard, name in zip(("low", "low", "high"), ("a1", "b1", "A1"), strict=True)
    ]
    assert [True, False, True] == found
    assert not throttle.throttled({}, [taken("low")], 0.0)


def test_a_shard_is_forgotten_when_its_window_no_longer_matters() -> None:
    """At 1,000 records, two full requests, nothing is held back: no limit is left."""
    throttle = throttle_with()
    limit(throttle, "low", "a1", accepted=992)  # its window grows by 62 an answer
    _, counts = drawn(throttle, 1.0)
    throttle.returned(counts)
    assert throttle
    throttle.accepted(counts)
    assert not throttle
    assert math.inf == throttle.next_at


def test_a_window_of_less_than_1_000_still_matters() -> None:
    """930 grow by 58 an answer: 988 are a limit, and the next answer ends it."""
    throttle = throttle_with()
    limit(throttle, "low", "a1", accepted=930)
    _, counts = drawn(throttle, 1.0)
    throttle.returned(counts)
    throttle.accepted(counts)
    assert throttle
    throttle.accepted(counts)
    assert not throttle


def test_the_first_pause_to_end_is_told() -> None:
    """Of several shards with something to send."""
    throttle = throttle_with()
    limit(throttle, "high", "A1", now=7.0)
    limit(throttle, "low", "a1", now=3.0)
    assert 3.05 == throttle.next_at


@pytest.mark.parametrize("busy", ["waiting", "in flight"])
def test_a_shard_with_something_to_do_is_not_forgotten(busy: str) -> None:
    """Its records would be, too."""
    throttle = throttle_with()
    limit(throttle, "low", "a1", accepted=992)
    if busy == "in flight":
        drawn(throttle, 1.0)
    throttle.accepted(["low"])
    assert throttle


def test_answers_about_shards_without_a_limit_change_nothing() -> None:
    """A request may end after its shard was forgotten or resharded."""
    throttle = throttle_with()
    throttle.returned({"low": 3})
    throttle.accepted(["low"])
    assert (False, 0) == (bool(throttle), len(throttle))


def test_a_new_map_gives_back_what_waited_for_shards_that_are_gone() -> None:
    """After a merge the old limits are void; limits of shards that are still there hold."""
    throttle = throttle_with()
    limit(throttle, "low", "a1 b1")
    limit(throttle, "high", "A1")
    _, counts = drawn(throttle, 1.0)  # a1 and A1 are in flight now
    assert {"low": 1, "high": 1} == counts
    throttle.sift(deque(of("B1")))
    orphans = throttle.remap(
        ShardMap([Shard("low", 0, HALF - 1, is_open=False), Shard("high", 0, 2**128 - 1)])
    )
    assert "b1" == names(orphans)
    assert 1 == len(throttle)
    throttle.returned(counts)
    assert ("B1", {"high": 1}) == drawn(throttle, 1.0)


def test_without_a_map_a_named_shard_holds_its_failed_records_only() -> None:
    """Where a record belongs is unknown then, so all others go on."""
    throttle = throttle_with(None)
    limit(throttle, "low", "a1")
    ready = deque(of("b1 B1"))
    throttle.sift(ready)
    assert "b1 B1" == names(list(ready))
    assert throttle.shard_of(of("a1")[0]) is None
    assert ("a1", {"low": 1}) == drawn(throttle, 0.05)


def test_entries_of_other_shards_do_not_widen_the_first_window() -> None:
    """Only what the throttled shard itself took counts."""
    throttle = throttle_with()
    entries = [failed(THROTTLED), failed(THROTTLED), taken("low"), taken("high"), Entry()]
    throttle.throttled({"low": of("a1 b1")}, entries, 0.0)
    assert ("a1", {"low": 1}) == drawn(throttle, 0.05)
