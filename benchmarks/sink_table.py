"""What the runs of the sink benchmark come to, and how it is shown."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks import report
from benchmarks.sink_cases import CEILING

RATES = ("cpu_s", "wall_s")


def rate(run: dict[str, Any], clock: str) -> float:
    """Give a run's records per second of one of its clocks, `cpu_s` or `wall_s`."""
    found: float = run["records"] / run[clock]
    return found


def compare(contenders: Sequence[dict[str, Any]], baseline: str) -> list[dict[str, Any]]:
    """Add to each contender what its runs come to: medians, worst rounds, ratios, counts.

    A ratio is taken between two runs of the same round, so that a machine that slows down for a
    while slows both; then the median of the rounds is taken.
    """
    bases: list[dict[str, Any]] = next((c["runs"] for c in contenders if c["name"] == baseline), [])
    return [
        {**contender, **(_summary(contender["runs"], bases) if contender["runs"] else {})}
        for contender in contenders
    ]


def _summary(runs: Sequence[dict[str, Any]], bases: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for clock in RATES:
        rates = [rate(run, clock) for run in runs]
        found[f"per_{clock}"] = round(statistics.median(rates))
        found[f"per_{clock}_worst"] = round(min(rates))
        ratios = [
            rate(run, clock) / rate(base, clock) for run, base in zip(runs, bases, strict=False)
        ]
        found[f"ratio_{clock}"] = round(statistics.median(ratios), 2) if ratios else None
        found[f"ratio_{clock}_worst"] = round(min(ratios), 2) if ratios else None
    return {
        **found,
        "handed": sum(run["handed"] for run in runs),
        "received": sum(run["far"]["records"] for run in runs),
        "accepted": sum(run["far"]["accepted"] for run in runs),
        "acknowledged": sum(run["acknowledged"] for run in runs),
        "records_a_request": round(
            sum(run["far"]["records"] for run in runs) / sum(run["far"]["requests"] for run in runs)
        ),
        "far_busy": round(max(run["far"]["busy_s"] / run["far"]["wall_s"] for run in runs), 3),
        "versions": runs[0]["versions"],
    }


def progress(run: dict[str, Any]) -> str:
    """Say in half a line what one run found."""
    far = run["far"]
    return (
        f"{rate(run, 'cpu_s'):11,.0f} /cpu-s {rate(run, 'wall_s'):11,.0f} /s  "
        f"{far['records'] / far['requests']:.0f} a request, far end busy "
        f"{far['busy_s'] / far['wall_s']:.0%}"
    )


def doubts(result: dict[str, Any]) -> list[str]:
    """Say which writer's figure stands for records that were not delivered; empty if none."""
    found = []
    for case in result["cases"]:
        for one in case["contenders"]:
            if not one["runs"]:
                continue
            wrong = one["acknowledged"] - one["accepted"]
            if wrong > 0:
                found.append(
                    f"{case['title']}: {one['name']} holds {wrong:,} records for delivered "
                    "that were not accepted"
                )
            if wrong < 0:
                found.append(f"{case['title']}: {one['name']} sent {-wrong:,} records twice")
    return found


def table(case: dict[str, Any]) -> str:
    """Write one case as Markdown."""
    heads = [case["title"], "per CPU second", "worst", f"times {case['baseline']}"]
    heads += ["per second, wall", "worst", f"times {case['baseline']}", "a request"]
    heads += ["handed / accepted / acknowledged"]
    return report.markdown(heads, [_row(one) for one in case["contenders"] if not _is_ceiling(one)])


def _is_ceiling(one: dict[str, Any]) -> bool:
    return bool(one["name"] == CEILING)


def _row(one: dict[str, Any]) -> list[str]:
    if not one["runs"]:
        return [one["name"], *["-"] * 7, one["absent"]]
    cells = [one["name"]]
    for clock in RATES:
        ratio = one[f"ratio_{clock}"]
        cells += [f"{one[f'per_{clock}']:,}", f"{one[f'per_{clock}_worst']:,}"]
        cells += ["-" if ratio is None else f"{ratio:.2f}x"]
    counts = [one["handed"], one["accepted"], one["acknowledged"]]
    same = len(set(counts)) == 1
    return [
        *cells,
        f"{one['records_a_request']}",
        "all the same" if same else " / ".join(f"{count:,}" for count in counts),
    ]


def tables(result: dict[str, Any]) -> str:
    """Write the whole result as Markdown."""
    parts = [table(case) + "\n" for case in result["cases"]]
    parts += [f"NOT THE SAME: {doubt}\n\n" for doubt in doubts(result)]
    ran = [one for case in result["cases"] for one in case["contenders"] if one["runs"]]
    ceilings = [one["per_wall_s"] for one in ran if _is_ceiling(one)]
    ran = [one for one in ran if not _is_ceiling(one)]
    parts.append("".join(f"- {name}: {about}\n" for name, about in _named(ran).items()) + "\n")
    busy = max((one["far_busy"] for one in ran), default=0)
    parts.append(
        f"Median and worst of {result['rounds']} interleaved rounds of {result['seconds']:g} s "
        f"after {result['warm_s']:g} s to warm up; each run in its own process, the far end in "
        f"another{' on the other core' if result['two_cores'] else ''}, busy {busy:.0%} of the "
        f"time at most. Requests in flight where several can be: {result['in_flight']}.\n\n"
    )
    if ceilings:
        parts.append(
            "The far end's own ceiling, with a ready request in a bare socket: "
            f"{max(ceilings):,} records of 400 B a second.\n\n"
        )
    return "".join(parts) + report.footer(result)


def _named(ran: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Say of each contender what it is, with its versions."""
    return {
        one["name"]: f"{one['about']} "
        f"({', '.join(f'{name} {number}' for name, number in one['versions'].items())})"
        for one in ran
    }
