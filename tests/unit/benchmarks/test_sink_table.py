"""What the runs of the sink benchmark come to."""

from __future__ import annotations

from typing import Any

from benchmarks import sink_table


def run(records: int, cpu_s: float, *, accepted: int | None = None) -> dict[str, Any]:
    """Make one run that took twice its CPU time."""
    taken = records if accepted is None else accepted
    far = {"records": records, "accepted": taken, "requests": 2, "busy_s": 0.5, "wall_s": 2.0}
    return {
        "records": records,
        "cpu_s": cpu_s,
        "wall_s": 2 * cpu_s,
        "handed": records,
        "acknowledged": records,
        "far": far,
        "versions": {},
    }


def contender(name: str, *runs: dict[str, Any]) -> dict[str, Any]:
    """Make a contender with these runs."""
    return {"name": name, "about": name, "absent": None if runs else "why", "runs": list(runs)}


def test_a_ratio_is_taken_within_a_round() -> None:
    """In the second round the machine ran at half speed for both: the ratio is the same."""
    ours = contender("ours", run(900, 1.0), run(900, 2.0), run(900, 1.0))
    base = contender("boto3", run(300, 1.0), run(300, 2.0), run(450, 1.0))
    found = sink_table.compare([ours, base], "boto3")
    assert (900, 450) == (found[0]["per_cpu_s"], found[0]["per_cpu_s_worst"])
    assert (450, 225) == (found[0]["per_wall_s"], found[0]["per_wall_s_worst"])
    assert (3.0, 2.0) == (found[0]["ratio_cpu_s"], found[0]["ratio_cpu_s_worst"])
    assert (1.0, 1.0) == (found[1]["ratio_cpu_s"], found[1]["ratio_wall_s"])


def test_records_held_for_delivered_that_were_not_are_a_doubt() -> None:
    """The table says how many, of which writer, and in which case."""
    runs = [run(1000, 1.0, accepted=990), run(1000, 1.0, accepted=990)]
    found = sink_table.compare([contender("boto3", *runs), contender("aiokpl")], "boto3")
    result = {"cases": [{"title": "1 % fail", "baseline": "boto3", "contenders": found}]}
    told = ["1 % fail: boto3 holds 20 records for delivered that were not accepted"]
    assert told == sink_table.doubts(result)
    table = sink_table.table(result["cases"][0])
    assert "| 2,000 / 1,980 / 2,000 |" in table
    assert "| aiokpl | - | - | - | - | - | - | - | why |" in table
