"""The goldens and the message cases: hand-written inputs and the exact bytes they must give."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.pipeline import DATA, read_case, run_lines

CASES = sorted((DATA / "golden").glob("*.yaml")) + sorted((DATA / "messages").glob("*.yaml"))
_MESSAGE_ID = re.compile(rb'("_export":\{"id":")[0-9a-f]{32}"')


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_lines_give_the_messages_and_decisions_written_by_hand(path: Path, tmp_path: Path) -> None:
    """Every message is the expected bytes, and every fragment ends as expected."""
    case = read_case(path, tmp_path)

    outcome = run_lines(case.destination, case.lines, case.arrival, record_bytes=case.record_bytes)

    written = [_MESSAGE_ID.sub(rb'\1*"', each).decode() for each in outcome.messages]
    if case.destination.message.newline:
        assert all(each.endswith("}\n") for each in written)
        written = [each.removesuffix("\n") for each in written]
    assert case.decisions == outcome.decisions
    assert case.messages == written
