"""Plans: which call meets which fault, by script and by dice."""

from __future__ import annotations

import itertools
import json
from collections import Counter

import pytest

from connectors.kinesis.testing.fake import FakeKinesis, Reply
from connectors.kinesis.testing.faults import CUTS, EDITS, REFUSALS, Refusal, slow, throttle_all
from connectors.kinesis.testing.faulty import Dice, FaultyKinesis, endless, script
from tests.unit.connectors.kinesis.testing.fake.calls import record

BODY = json.dumps({"StreamName": "leads", "Records": [record(b"0")]}).encode()
KINDS = [*EDITS, *REFUSALS, *CUTS, "throttle", "internal_failure", "throttle_all"]


@pytest.fixture
def fake() -> FakeKinesis:
    """A stream of one shard."""
    made = FakeKinesis()
    made.create("leads")
    return made


def test_a_script_is_followed_and_ends(fake: FakeKinesis) -> None:
    """One step for each PutRecords call, None for a good one, and good ones when it is over."""
    faulty = FaultyKinesis(fake, script(throttle_all(), None, CUTS["reset_before"]))
    for _ in range(5):
        faulty.call("PutRecords", BODY, 0.0)
    assert {"throttle_all": 1, "reset_before": 1} == dict(faulty.reached)
    assert 3 == len(fake.stored("leads"))


def test_a_fault_can_last_for_ever(fake: FakeKinesis) -> None:
    """An endless plan never gives way."""
    faulty = FaultyKinesis(fake, endless(itertools.repeat(throttle_all())))
    for _ in range(100):
        faulty.call("PutRecords", BODY, 0.0)
    assert {"throttle_all": 100} == dict(faulty.reached)


def test_other_operations_are_left_alone_unless_refused(fake: FakeKinesis) -> None:
    """A script counts PutRecords calls only."""
    denied = {"ListShards": Refusal("AccessDeniedException")}
    faulty = FaultyKinesis(fake, script(throttle_all()), refused=denied)
    target = b'{"StreamName": "leads"}'
    listed = faulty.call("ListShards", target, 0.0)
    summary = faulty.call("DescribeStreamSummary", target, 0.0)
    assert isinstance(listed, Reply)
    assert isinstance(summary, Reply)
    assert (400, 200) == (listed.status, summary.status)
    assert Counter() == faulty.reached


def test_the_same_seed_throws_the_same_faults() -> None:
    """A failure can be repeated from its seed."""
    rates = dict.fromkeys(KINDS, 0.02)

    def drawn(seed: int) -> list[str]:
        dice = Dice(seed, rates)
        return [repr(dice(5)) for _ in range(200)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_every_kind_comes_up_about_as_often_as_asked(fake: FakeKinesis) -> None:
    """With 2 % each, all are reached in 3,000 calls, and some calls stay good."""
    faulty = FaultyKinesis(fake, Dice(7, dict.fromkeys(KINDS, 0.02)))
    for _ in range(3_000):
        faulty.call("PutRecords", BODY, 0.0)
    assert set(KINDS) == faulty.reached.keys()
    assert 20 < min(faulty.reached.values())
    assert 120 > max(faulty.reached.values())


def test_more_kinds_can_be_added_and_unknown_ones_are_refused() -> None:
    """A misspelt kind would otherwise never come."""
    dice = Dice(1, {"slow": 1.0}, also={"slow": slow(3.0)})
    assert slow(3.0) == dice(1)
    with pytest.raises(AssertionError, match="no such kinds of faults"):
        Dice(1, {"slow": 1.0})
    with pytest.raises(AssertionError, match="more than each call"):
        Dice(1, {"throttle": 0.6, "throttle_all": 0.6})
