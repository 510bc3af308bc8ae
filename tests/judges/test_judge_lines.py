"""The strategies against the reading: two accounts of the same lines, made apart."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.judges.broken_lines import made_streams
from tests.judges.lines import START_US, Made, destinations
from tests.judges.oracle import Reject, judge_line, judge_lines
from tests.judges.values import instant


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Any], list[Made]]:
    """A destination and the lines of one source."""
    target = draw(destinations())
    return target, draw(made_streams(target, max_lines=6))


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(cases())
def test_generated_lines_turn_out_as_they_were_made(
    case: tuple[dict[str, Any], list[Made]],
) -> None:
    """The outcome known from how a line was made is the outcome of reading it."""
    target, stream = case
    for made in stream:
        outcomes = judge_line(target, made.line)
        reasons = [each.reason if isinstance(each, Reject) else None for each in outcomes]
        assert tuple(reasons) == made.outcomes
    total = judge_lines(target, [made.line for made in stream])
    assert len(total) == sum(len(made.outcomes) for made in stream)


def test_the_judges_import_nothing_they_judge() -> None:
    """Only the standard library, Hypothesis and one another."""
    allowed = {*sys.stdlib_module_names, "hypothesis"}
    for path in Path(__file__).parent.glob("[!t]*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, path.name
                names = [node.module or ""]
            for name in names:
                assert name.split(".")[0] in allowed or name.startswith("tests.judges."), path.name


def test_the_world_starts_at_the_moment_of_the_exit_sample() -> None:
    """The constant of the generated world agrees with the reading of times."""
    assert instant("2020-03-03T21:24:39Z") == START_US
