"""The fake stream and kinesis-mock, an emulator by others, answer alike what a reader relies on.

One script of calls is made to both. What is expected is written by hand from the API reference
(https://docs.aws.amazon.com/kinesis/latest/APIReference/, GetShardIterator, GetRecords, ListShards,
SplitShard, MergeShards; read in November 2026). Where they differ, `DIFFERENT` says how and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from connectors.kinesis.testing.fake import FakeKinesis
from connectors.kinesis.testing.server import FakeServer
from tests.emulators.kinesis_mock import KinesisMock
from tests.reading.script import FIRST, HIGH, LOW, MERGED, Read, Script

MIDDLE = (2**128 - 1) // 3
LAST = 2**128 - 1


def ended(*data: int) -> Read:
    """Give what is read of the first shard at its end, after it was split."""
    return Read(list(data), goes_on=False, children=(LOW, HIGH))


SAME: dict[str, object] = {
    "an empty shard": Read([]),
    "from the oldest": Read([0, 1, 2, 3]),
    "from what was the newest": Read([0, 1, 2, 3]),
    "from the newest": Read([]),
    "from a record": Read([1, 2, 3]),
    "after a record": Read([2, 3]),
    "from 1 ms after a record": Read([3]),
    "from a time before all": Read([0, 1, 2, 3]),
    "from now": Read([]),
    "no more than two": Read([0, 1], is_behind=True),
    "the same once more": True,
    "sequence numbers": "ascend",
    "times of arrival": "ascend, in ms",
    "what a split leaves": [
        (FIRST, None, None, 0, LAST, "closed"),
        (LOW, FIRST, None, 0, MIDDLE - 1, "open"),
        (HIGH, FIRST, None, MIDDLE, LAST, "open"),
    ],
    "a closed shard from the oldest": ended(0, 1, 2, 3),
    "a closed shard from its last record": ended(3),
    "a closed shard after its last record": ended(),
    "a closed shard from its newest": ended(),
    "a closed shard from now": ended(),
    "part of a closed shard": Read([0, 1, 2], is_behind=True),
    "what a merge makes": (MERGED, LOW, HIGH, 0, LAST, "open"),
    "an end by a merge": Read([9], goes_on=False, children=(MERGED,)),
    "first page of shards": [FIRST, LOW, HIGH],
    "second page of shards": [MERGED],
    "from a time to come": "InvalidArgumentException",
    "a shard that is none": "ResourceNotFoundException",
    "a stream that is none": "ResourceNotFoundException",
}
"""What both answer."""


@dataclass(frozen=True)
class Different:
    """An answer that is not the same, and why."""

    fake: object
    kinesis_mock: object
    why: str


DIFFERENT = {
    "an iterator that is none": Different(
        "InvalidArgumentException", "500", "kinesis-mock fails; the reference has the former"
    ),
    "a sequence number of another shard": Different(
        Read([9], goes_on=False, children=(MERGED,)),
        "ResourceNotFoundException",
        "the reference does not say; the fake goes on at the next number, as after a trim",
    ),
}
"""What they answer differently."""


@pytest.fixture(scope="module")
def fake() -> dict[str, Any]:
    """What the fake stream answers; its limit of five reads a second is another test's."""
    kinesis = FakeKinesis()
    with FakeServer(kinesis) as server:
        script = Script(server.url)
        kinesis.streams["leads"].limits_rate = False
        return script.run()


@pytest.fixture(scope="module")
def kinesis_mock() -> dict[str, Any]:
    """What kinesis-mock answers."""
    with KinesisMock() as server:
        return Script(server.url).run()


def test_the_script_asks_what_is_expected(
    fake: dict[str, Any], kinesis_mock: dict[str, Any]
) -> None:
    """Each answer is judged."""
    assert {*SAME, *DIFFERENT} == set(fake) == set(kinesis_mock)


@pytest.mark.parametrize("name", SAME)
def test_they_agree(name: str, fake: dict[str, Any], kinesis_mock: dict[str, Any]) -> None:
    """Both answer as documented."""
    assert SAME[name] == fake[name]
    assert SAME[name] == kinesis_mock[name]


@pytest.mark.parametrize("name", DIFFERENT)
def test_they_differ_as_known(
    name: str, fake: dict[str, Any], kinesis_mock: dict[str, Any]
) -> None:
    """Each of them answers as it did when the difference was written down."""
    different = DIFFERENT[name]
    assert different.fake == fake[name]
    assert different.kinesis_mock == kinesis_mock[name], different.why
