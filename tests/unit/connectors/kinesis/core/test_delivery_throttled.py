"""What a throttle does to a delivery: it slows its own shard, and the shards are asked for."""

from __future__ import annotations

from connectors.kinesis.core.actions import Aside
from connectors.kinesis.core.retry import Kind
from connectors.kinesis.core.shards import Shard, ShardMap
from tests.unit.connectors.kinesis.core.made import SHARD, THROTTLED, failed, record, taken
from tests.unit.connectors.kinesis.core.trial import Trial

ONE_SHARD = ShardMap([Shard(SHARD, 0, 2**128 - 1)])
TWO_SHARDS = ShardMap([Shard("low", 0, 9), Shard("high", 10, 19)])
NAMING_ITS_SHARD = f"Rate exceeded for shard {SHARD} in stream leads under account 123456789012."


def sent(listed: str, shard_map: ShardMap | None = None) -> Trial:
    """Send the first records of these, when the shards are known or not; nothing lingers."""
    trial = Trial(linger_s=0.0)
    if shard_map is not None:
        trial.delivery.remap(shard_map, 0.0)
    trial.offer(listed)
    return trial


def test_a_throttle_asks_for_the_shards_until_they_are_known() -> None:
    """Each answer that has one does so; other failures do not."""
    trial = sent("a1 b1")
    trial.answer("a1 b1", a1="InternalFailure")
    assert not trial.actions.wants_shards
    for name in ("c1", "d1"):
        trial.offer(name)
        trial.answer(name, **{name: THROTTLED})
        assert trial.actions.wants_shards
        trial.poll()
        assert not trial.actions.wants_shards
    trial.delivery.remap(ONE_SHARD, 0.0)
    trial.at(0.05)
    trial.answer("a1 c1 d1", c1=THROTTLED)
    assert not trial.actions.wants_shards
    assert (3, 4) == (trial.stats.throttled, trial.stats.retried)


def test_a_listing_that_comes_first_leaves_no_wish_for_another() -> None:
    """The throttle that asked for the shards may be answered before anybody looked."""
    trial = sent("a1")
    trial.delivery.answered(trial.under_way.pop(), [failed(THROTTLED)], 0.0)
    trial.delivery.remap(ONE_SHARD, 0.0)
    trial.poll()
    assert not trial.actions.wants_shards


def test_an_answer_from_an_unknown_shard_asks_for_the_shards_again() -> None:
    """The stream was resharded since they were listed; who has no listing does not care."""
    trial = sent("a1")
    trial.answer_with(trial.under_way.pop(), [taken("shardId-000000000007")])
    assert not trial.actions.wants_shards
    trial.delivery.remap(ONE_SHARD, 0.0)
    trial.offer("a2")
    trial.answer_with(trial.under_way.pop(), [taken("shardId-000000000007")])
    assert trial.actions.wants_shards


def test_a_throttle_slows_its_own_shard_only() -> None:
    """What comes for it waits with what was throttled, and all else goes on."""
    a1, c1 = (record(name, explicit_hash_key="0") for name in ("a1", "c1"))
    b1, d1 = (record(name, explicit_hash_key="10") for name in ("b1", "d1"))
    trial = sent("", TWO_SHARDS)
    trial.hand_in([a1, b1])
    trial.answer("a1 b1", a1=THROTTLED)
    assert ["d1"] == trial.hand_in([c1, d1])
    assert 0.05 == trial.actions.poll_at
    assert ["a1"] == trial.at(0.05)  # the shard took nothing, so it may try one
    assert ["c1"] == trial.answer("a1")


def test_what_is_next_in_line_waits_when_its_shard_is_throttled() -> None:
    """Records that lingered, and those behind others of their key, go by the window, too."""
    trial = Trial(linger_s=1.0)
    trial.delivery.remap(ONE_SHARD, 0.0)
    trial.offer("a1 b1 b2")
    assert ["a1 b1"] == trial.at(1.0)
    trial.offer("c1")
    assert [] == trial.answer("a1 b1", a1=THROTTLED)
    assert ["a1"] == trial.at(1.05)  # one, as the shard took one of the two
    assert ["c1 b2"] == trial.answer("a1")


def test_without_a_listing_the_shard_that_a_throttle_names_is_slowed() -> None:
    """Its failed records go as its window says, and nobody else waits."""
    trial = sent("a1 b1")
    entries = [failed(THROTTLED, NAMING_ITS_SHARD)] * 2
    trial.answer_with(trial.under_way.pop(), entries)
    assert ["c1"] == trial.offer("c1")
    assert ["a1"] == trial.at(0.05)
    assert ["b1"] == trial.answer("a1")


def test_without_any_name_of_its_shard_a_throttled_record_waits_alone() -> None:
    """It is sent again after its own pause, as other failed records are."""
    trial = sent("a1 b1")
    trial.answer("a1 b1", a1=THROTTLED, b1=THROTTLED)
    assert ["c1"] == trial.offer("c1")
    assert ["a1 b1"] == trial.at(0.05)


def test_a_new_listing_lets_go_what_waits_for_shards_that_are_gone() -> None:
    """A split takes the limit of the parent with it."""
    trial = sent("a1", ShardMap([Shard("parent", 0, 2**128 - 1)]))
    trial.answer("a1", a1=THROTTLED)
    assert [] == trial.offer("b1")
    trial.delivery.remap(ONE_SHARD, 0.0)
    assert ["a1 b1"] == trial.poll()


def test_a_request_that_fails_gives_its_window_back() -> None:
    """The limited shard goes on with the records of the failed request among what waits for it."""
    trial = sent("a1", ONE_SHARD)
    trial.offer("b1 c1")
    trial.answer("a1", a1=THROTTLED)
    trial.fail("b1 c1", Kind.UNAVAILABLE)
    assert ["a1"] == trial.at(0.05)
    trial.fail("a1", Kind.UNAVAILABLE)
    assert ["b1"] == trial.at(9.0)
    assert ["c1 a1"] == trial.answer("b1")


def test_a_record_is_known_by_its_shard_when_it_is_put_aside() -> None:
    """What is kept of a refused record names the shard it was for, if that is known."""
    for shard_map, shard in ((None, None), (ONE_SHARD, SHARD)):
        trial = sent("a1 b1", shard_map)
        trial.answer("a1 b1", a1="ValidationException")
        (aside,) = trial.asides
        assert isinstance(aside, Aside)
        assert shard == aside.shard
