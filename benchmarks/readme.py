"""Puts the committed results into the project's README, between markers, so that both say the same.

    python -m benchmarks.readme

A block begins with `<!-- results: NAME -->` on a line of its own and ends with `<!-- end -->`. A
test compares what stands there with what the results give.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks import report
from benchmarks.harness import ROOT
from benchmarks.sink_cases import CEILING, OURS

README = ROOT / "README.md"
_BLOCK = re.compile(r"<!-- results: (\w+) -->\n(.*?)<!-- end -->", re.DOTALL)
_JOIN_ROWS = {
    "profile-export": "this project",
    "tutorial": "as tutorials write it: `json`, `op.join`; keeps the last update and event only",
    "tutorial-merged": "the same with complete messages",
    "per-identity": "`msgspec`, one `stateful_batch` keyed by the person",
}

_JOB_ROWS = {
    "profile-export": "this project",
    "tutorial": "as tutorials write it: `json`, state by person, `put_records` in the sink",
}
_EPOCH_S = 5.0


def render(text: str) -> str:
    """Give the README's text with each block as the results have it.

    Raises:
        KeyError: a block has a name that is not in `BLOCKS`.
    """

    def block(found: re.Match[str]) -> str:
        return f"<!-- results: {found[1]} -->\n{BLOCKS[found[1]]()}<!-- end -->"

    return _BLOCK.sub(block, text)


def names(text: str) -> list[str]:
    """List the blocks of a text."""
    return [found[1] for found in _BLOCK.finditer(text)]


def join() -> str:
    """Lay out the join's speed and its state."""
    speed, size = _named("join"), _named("state_size")
    ours = speed["profile-export"]
    rows = [
        [
            label,
            f"{speed[name]['cpu_us']:.1f}",
            "" if name == ours["name"] else f"{speed[name]['cpu_us'] / ours['cpu_us']:.1f}",
            f"{size[name]['bytes_per_profile']:,}",
        ]
        for name, label in _JOIN_ROWS.items()
    ]
    return report.markdown(["", "us CPU a fragment", "times ours", "bytes a profile"], rows)


def sink() -> str:
    """Lay out the sink's two main cases, and where writers lose records."""
    cases = {case["name"]: case for case in _result("sink")["cases"]}
    cpu, wall, failing = (
        {one["name"]: one for one in cases[name]["contenders"]}
        for name in ("cpu", "wall", "fail-1")
    )
    heads = ["", "records per CPU second", f"times {cases['cpu']['baseline']}"]
    heads += ["records a second, 20 ms", f"times {cases['wall']['baseline']}"]
    heads += ["lost when 1 % of the entries fail"]
    rows = [
        [
            "this project" if name == OURS else one["about"],
            *_rate(one, "cpu_s"),
            *_rate(wall[name], "wall_s"),
            _lost(failing.get(name)),
        ]
        for name, one in cpu.items()
        if name != CEILING
    ]
    return report.markdown(heads, rows)


def source() -> str:
    """Lay out how fast a stream is read."""
    rows = [
        ["this project" if one["name"] == OURS else one["about"], *_rate(one, "cpu_s")]
        for one in _result("source")["contenders"]
    ]
    return report.markdown(["", "records per CPU second", "times boto3"], rows)


def end_to_end() -> str:
    """Lay out the whole job, from lines to acknowledged records."""
    jobs = _named("end_to_end")
    tutorial = jobs["tutorial"]["per_wall_s"]
    rows = [
        [
            _JOB_ROWS[name],
            f"{one['per_wall_s']:,}",
            f"{one['per_wall_s'] / tutorial:.1f}",
            f"{one['per_cpu_s']:,}",
            f"{one['peak_rss_mib']:,}",
        ]
        for name, one in jobs.items()
    ]
    heads = ["", "fragments a second", "times", "per CPU second", "peak MiB"]
    return report.markdown(heads, rows)


def freshness() -> str:
    """Lay out how long it takes from a line to its acknowledged record."""
    quantiles = ("p50", "p99", "p99.9", "max")
    rows = [
        ["a commit every 5 s" if one["epoch_s"] == _EPOCH_S else "no commit"]
        + [f"{one['age_ms'][quantile]:,.0f}" for quantile in quantiles]
        for one in _result("freshness")["runs"]
    ]
    return report.markdown(["milliseconds", *quantiles], rows)


BLOCKS: Mapping[str, Callable[[], str]] = {
    "join": join,
    "sink": sink,
    "source": source,
    "end_to_end": end_to_end,
    "freshness": freshness,
}
"""What makes each block."""


def _rate(one: dict[str, Any], clock: str) -> list[str]:
    if not one["runs"]:
        return [one["absent"], "-"]
    return [f"{one[f'per_{clock}']:,}", f"{one[f'ratio_{clock}']:.2f}"]


def _lost(one: dict[str, Any] | None) -> str:
    """Say how many of the records it was handed a writer did not get into the stream."""
    if one is None or not one["runs"]:
        return "-"
    lost = max(0, one["handed"] - one["accepted"])
    return f"{lost:,} of {one['handed']:,}" if lost else "none"


def _named(question: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in _result(question)["contenders"]}


def _result(question: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((report.RESULTS / f"{question}.json").read_text())
    return found


def main() -> None:
    """Rewrite the README's blocks."""
    README.write_text(render(README.read_text()))


if __name__ == "__main__":
    main()
