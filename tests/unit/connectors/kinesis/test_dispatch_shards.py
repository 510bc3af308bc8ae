"""When the dispatcher lists the shards, and what it does without a listing."""

from __future__ import annotations

import logging
import threading

import pytest

from connectors.kinesis import KinesisPermissionDenied, KinesisUnreachable
from connectors.kinesis.core.retry import Kind
from connectors.kinesis.core.shards import Shard, ShardMap
from tests.unit.connectors.kinesis.work import (
    DEADLINE_S,
    SHARD,
    Clock,
    StubClient,
    Work,
    accept,
    fails,
    working,
)

THROTTLED = "ProvisionedThroughputExceededException"
ALL_KEYS = [Shard(SHARD, 0, 2**128 - 1)]
DENIED = KinesisPermissionDenied("no", code="AccessDeniedException", kind=Kind.DENIED)
LOST = KinesisUnreachable("no answer", code="ReadTimeoutError")


def mapped_in(work: Work) -> threading.Event:
    """Give an event that is set when a listing was taken over."""
    mapped, remap = threading.Event(), work.dispatcher._delivery.remap

    def remap_and_say(shard_map: ShardMap, now: float) -> None:
        remap(shard_map, now)
        mapped.set()

    work.dispatcher._delivery.remap = remap_and_say  # type: ignore[method-assign]
    return mapped


def test_without_a_throttle_no_shards_are_listed() -> None:
    """Many jobs are never throttled, and may not have the permission."""
    client = StubClient(fails(a1="InternalFailure"))
    with working(client) as work:
        work.deliver("a1 b1")
    assert 0 == client.listed


def test_a_throttle_has_the_shards_listed_once() -> None:
    """While the listing is good, later throttles need no other."""
    client = StubClient(fails(a1=THROTTLED), accept, fails(c1=THROTTLED))
    client.listings = [ALL_KEYS]
    with working(client) as work:
        mapped = mapped_in(work)
        work.deliver("a1 b1")
        assert mapped.wait(DEADLINE_S)
        work.deliver("c1")
    assert 1 == client.listed
    assert [["a1", "b1"], ["a1"], ["c1"], ["c1"]] == client.requests


def test_a_listing_that_fails_is_tried_again_after_a_second() -> None:
    """By the next throttle after that, not before."""
    clock = Clock()
    throttles = [fails(**{f"a{number}": THROTTLED}) for number in range(4)]
    client = StubClient(*[step for throttle in throttles for step in (throttle, accept)])
    client.listings = [LOST, LOST, ALL_KEYS]
    with working(client, clock=clock) as work:
        for number, (now, listed) in enumerate([(0.0, 1), (0.9, 1), (1.0, 2), (1.9, 2)]):
            clock.now = now
            work.deliver(f"a{number}")
            client.wait_for_listings(listed)
    assert 2 == client.listed


def test_a_listing_that_is_not_allowed_is_not_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The permission is not needed to deliver; what is lost by it is said once."""
    clock = Clock()
    client = StubClient(fails(a1=THROTTLED), accept, fails(a2=THROTTLED))
    client.listings = [DENIED]
    with working(client, clock=clock) as work:
        work.deliver("a1")
        client.wait_for_listings(1)
        clock.now = 1e6
        work.deliver("a2")
    assert 1 == client.listed
    assert 2 == work.stats.acknowledged
    (said,) = [record for record in caplog.records if record.name.startswith("connectors")]
    assert logging.WARNING == said.levelno
    assert "shards_not_listed" == said.getMessage()


def test_a_reshard_has_the_shards_listed_again() -> None:
    """An answer that names a shard which is not in the listing tells of it."""
    client = StubClient(fails(a1=THROTTLED))
    client.listings = [[Shard("shardId-000000000007", 0, 2**128 - 1)], ALL_KEYS]
    clock = Clock()
    with working(client, clock=clock) as work:
        mapped = mapped_in(work)
        work.deliver("a1")
        assert mapped.wait(DEADLINE_S)
        clock.now = 2.0
        work.deliver("a2")
        client.wait_for_listings(2)
