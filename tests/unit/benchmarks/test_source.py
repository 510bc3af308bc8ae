"""The source benchmark runs, so that it does not rot unnoticed, and its far end is a stream."""

from __future__ import annotations

import json

import pytest

from benchmarks.sink import RIVALS_PYTHON
from benchmarks.source import (
    BASELINE,
    CONTENDERS,
    OURS,
    RECORDS,
    Conditions,
    cost,
    costs_table,
    rates_table,
    run_child,
)
from benchmarks.source_endpoint import ReadCupboard

GIVEN = Conditions(0.05, 0.05, (None, None), RIVALS_PYTHON, profile=False)


@pytest.mark.parametrize("name", [OURS, BASELINE])
def test_what_is_read_was_given(name: str) -> None:
    """Whole answers, and none of them counted that the far end did not give."""
    contender = next(one for one in CONTENDERS if one.name == name)
    found = run_child(contender, GIVEN)
    assert 0 == found["handed"] % RECORDS < found["handed"] <= found["far"]["accepted"]


def test_a_listing_costs_something() -> None:
    """Each listing of 1,001 shards takes two calls."""
    found = cost("listing", 1_001, GIVEN)
    assert found["requests"] >= 2 * found["times"] >= 2
    assert found["cpu_s"] > 0


def test_pages_hold_all_shards_without_a_gap() -> None:
    """The next page begins where one ends, and the last has no token."""
    cupboard = ReadCupboard(2_500, 0, 400)
    answers = [cupboard.answer("listshards", 0)[0] for _ in range(3)]
    pages = [json.loads(answer.partition(b"\r\n\r\n")[2]) for answer in answers]
    assert [1_000, 1_000, 500] == [len(page["Shards"]) for page in pages]
    assert [True, True, False] == ["NextToken" in page for page in pages]
    ranges = [shard["HashKeyRange"] for page in pages for shard in page["Shards"]]
    ends = [int(one["EndingHashKey"]) + 1 for one in ranges]
    assert ends[:-1] == [int(one["StartingHashKey"]) for one in ranges[1:]]


def test_an_answer_holds_what_was_asked_for() -> None:
    """Records of exactly that size, with keys and numbers as long as the real ones."""
    answer, count = ReadCupboard(1, 3, 400).answer("getrecords", 0)
    found = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (3, 3) == (count, len(found["Records"]))
    assert {(536, 32, 56)} == {
        (len(one["Data"]), len(one["PartitionKey"]), len(one["SequenceNumber"]))
        for one in found["Records"]
    }


def test_the_tables_say_what_was_measured() -> None:
    """A contender that is absent says why; a cost is a share of a core."""
    absent = {"name": "quixstreams", "runs": [], "absent": "not installed"}
    assert "| quixstreams | - | - | - | - | not installed |" in rates_table([absent])
    wait = {"what": "wait", "shards": 4, "cpu_s": 0.03, "wall_s": 3.0, "times": 1}
    listing = {"what": "listing", "shards": 1_000, "cpu_s": 0.75, "wall_s": 3.0, "times": 100}
    table = costs_table([wait, listing])
    assert "4 of them with a shard at its tip | 10.0 ms a second | 1.0% |" in table
    assert "one listing of 1,000 shards, every 5 to 10 s | 7.5 ms | 0.1% |" in table
