"""The bad-input corpus: hand-written lines, each with the reason it must be rejected for."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.destination.load import load
from flows.profile.instant import parse_instant
from tests.support.pipeline import DATA, run_lines

CORPUS = yaml.safe_load((DATA / "bad_input.yaml").read_text(encoding="utf-8"))


def _line(entry: dict[str, Any]) -> bytes:
    if "base64" in entry:
        return b64decode(entry["base64"])
    if "repeat" in entry:
        repeat = entry["repeat"]
        text: str = repeat["before"] + repeat["unit"] * repeat["times"] + repeat["after"]
        return text.encode()
    return str(entry["line"]).encode()


@pytest.mark.parametrize(
    "entry",
    CORPUS["lines"],
    ids=[f"{number} {entry['why'][:60]}" for number, entry in enumerate(CORPUS["lines"])],
)
def test_each_line_is_rejected_for_the_reason_written_by_hand(
    entry: dict[str, Any], tmp_path: Path
) -> None:
    """A bad line gives exactly its reason; an odd but good one is not rejected."""
    file = tmp_path / "destination.yaml"
    file.write_text(CORPUS["destination"], encoding="utf-8")

    outcome = run_lines(
        load(file, environment={}), [_line(entry)], parse_instant(CORPUS["arrival"])
    )

    rejected = [each for each in outcome.decisions if each.startswith("rejected/")]
    expected = [] if entry["reason"] is None else [f"rejected/{entry['reason']}"]
    assert expected == rejected[:1]
