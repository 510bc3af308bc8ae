"""The freshness benchmark reads ages right, and runs."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator
from itertools import islice

import pytest

from benchmarks import data, freshness
from benchmarks.data import START
from benchmarks.freshness_endpoint import at_ms
from benchmarks.pacing import cut, write_paced

START_MS = 1_767_571_200_000  # 2026-01-05T00:00:00Z


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Give the ends of a pipe."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-05T00:00:00Z", START_MS),
        ("2026-01-05T00:00:00.5Z", START_MS + 500),
        ("2026-01-05T00:00:01.042Z", START_MS + 1_042),
    ],
)
def test_the_time_of_the_fragment_is_read_from_the_message(text: str, expected: int) -> None:
    """Whole seconds, and fractions without their last zeros, as messages write them."""
    message = b'{"a":{"at":"x"},"_export":{"id":"1","reasons":["attribute"],"at":"%s"}}'
    assert expected == at_ms(message % text.encode())


def test_a_message_without_its_time_is_refused() -> None:
    """What cannot be dated is not left out of the figures unseen."""
    with pytest.raises(ValueError, match="at"):
        at_ms(b'{"person":{}}')


def test_paced_lines_carry_the_time_they_were_due(pipe: tuple[int, int]) -> None:
    """Every time in a line is replaced, by times as far apart as the rate says."""
    source = data.lines(30, identities=3, seed=1)
    lines = cut(list(islice(source, 10, None)), 10)
    started_ms, _late_s = write_paced(pipe[1], lines, 1_000)
    written = os.read(pipe[0], 1 << 20).splitlines()
    assert len(written) == 20
    for number, line in enumerate(written):
        due = f"{(started_ms + number) % 1000:03d}Z".encode()
        assert b"2026-01-05" not in line
        assert line.count(due + b'"') == len(lines[number]) - 1 > 0
    assert int(START.timestamp()) * 1000 == START_MS


def test_quantiles_are_ages_that_were_measured() -> None:
    """So many of the records were not older: no interpolation, and the largest is the largest."""
    ages = [float(age) for age in range(1, 1001)]
    expected = {"p50": 500, "p99": 990, "p99.9": 999, "max": 1000}
    assert expected == freshness.quantiles(ages)
    assert {"0": 49, "50": 50} == freshness.histogram(ages[:99])


def test_a_run_gives_the_ages_of_its_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """All lines are read, and each record of the measured part has an age of less than a minute."""
    monkeypatch.setattr(freshness, "WARM_S", 0.2)
    source = data.lines(3_000, identities=200, seed=1)
    fill = list(islice(source, 2_000))
    asked = Namespace(rate=1_000)
    found = freshness.run_once(fill, cut(list(source), 2_000), asked, 0.3)
    assert found["records"] > 100
    assert 20 <= found["age_ms"]["p50"] <= found["age_ms"]["max"] < 60_000
