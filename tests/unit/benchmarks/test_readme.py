"""What the README shows of the sink's results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import readme, report


def measured(name: str, **found: Any) -> dict[str, Any]:
    """Make a contender as it stands in a result, with two runs."""
    return {"name": name, "about": f"about {name}", "runs": [{}, {}], "absent": None, **found}


def test_the_sinks_block_shows_rates_ratios_and_losses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The far end's ceiling is left out, and who could not run says so."""
    absent = {"name": "aiokpl", "about": "about aiokpl", "runs": [], "absent": "not installed"}
    cpu = [
        measured("ours", per_cpu_s=500_000, ratio_cpu_s=5.0),
        measured("boto3", per_cpu_s=100_000, ratio_cpu_s=1.0),
        absent,
        measured("ready-body", per_cpu_s=9_000_000, ratio_cpu_s=90.0),
    ]
    wall = [
        measured("ours", per_wall_s=250_000, ratio_wall_s=3.125),
        measured("boto3", per_wall_s=16_000, ratio_wall_s=0.2),
        absent,
    ]
    failing = [
        measured("ours", handed=1000, accepted=1000),
        measured("boto3", handed=1000, accepted=990),
        absent,
    ]
    cases = [
        {"name": "cpu", "baseline": "boto3", "contenders": cpu},
        {"name": "wall", "baseline": "boto3-pool", "contenders": wall},
        {"name": "fail-1", "baseline": "boto3", "contenders": failing},
    ]
    (tmp_path / "sink.json").write_text(json.dumps({"cases": cases}))
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    assert readme.sink().splitlines()[2:] == [
        "| this project | 500,000 | 5.00 | 250,000 | 3.12 | none |",
        "| about boto3 | 100,000 | 1.00 | 16,000 | 0.20 | 10 of 1,000 |",
        "| about aiokpl | not installed | - | not installed | - | - |",
    ]


def test_the_sources_block_shows_rates_and_ratios(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who could not run says so."""
    contenders = [
        measured("ours", per_cpu_s=700_000, ratio_cpu_s=14.0),
        measured("boto3", per_cpu_s=50_000, ratio_cpu_s=1.0),
        {"name": "quixstreams", "about": "Quix", "runs": [], "absent": "not installed"},
    ]
    (tmp_path / "source.json").write_text(json.dumps({"contenders": contenders}), "utf-8")
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    assert [
        "| this project | 700,000 | 14.00 |",
        "| about boto3 | 50,000 | 1.00 |",
        "| Quix | not installed | - |",
    ] == readme.source().splitlines()[2:]
