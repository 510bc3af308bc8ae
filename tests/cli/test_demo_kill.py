"""`demo --kill`: a kill that always lands in the work, and a verdict that would notice a loss."""

from __future__ import annotations

import re

import pytest

from flows.cli.exits import Failure
from flows.cli.verdict import Judged, judge, show_verdict
from tests.support.folder import Folder

SCREEN_LINES = 24


def number(pattern: str, text: str) -> list[int]:
    """Give the numbers of the one place that matches."""
    (found,) = re.findall(pattern.replace("N", r"([\d,]+)"), text)
    return [int(each.replace(",", "")) for each in ([found] if isinstance(found, str) else found)]


def test_the_job_dies_in_its_work_and_loses_nothing(folder: Folder) -> None:
    """Half was there when it died, the request it died in comes again, and nothing is left over."""
    before = folder.files()
    ended = folder.run(
        "demo",
        "--kill",
        AWS_PROFILE="work",
        PROFILE_EXPORT_STREAM__NAME="stream-of-work",
        PROFILE_EXPORT_STATE__PATH=str(folder.path / "state"),
    )
    assert (0, "") == (ended.code, ended.err)
    (whole,) = number(r"N messages about [\d,]+ people", ended.out)
    at_kill, of = number("with N of the N messages on the stream", ended.out)
    committed, second = number("at message N, and sent N", ended.out)
    lost, disorder, again, people = number(
        "lost N, out of order N, sent again N, of N people", ended.out
    )
    assert whole == of
    assert 0 < committed < whole // 2 <= at_kill < whole
    assert (0, 0) == (lost, disorder)
    assert at_kill - committed == again == at_kill + second - whole
    assert 0 < people <= again
    assert "Verdict: DUPLICATES" in ended.out
    assert len(ended.out.splitlines()) <= SCREEN_LINES
    assert before == folder.files()
    assert [] == list(folder.home.iterdir())


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("abcd", "", Judged(0, in_order=True, again=0)),
        ("ab", "cd", Judged(0, in_order=True, again=0)),
        ("", "abcd", Judged(0, in_order=True, again=0)),
        ("abc", "bcd", Judged(0, in_order=True, again=2)),
        ("abcd", "abcd", Judged(0, in_order=True, again=4)),
        ("abcd", "d", Judged(0, in_order=True, again=1)),
        ("ab", "d", Judged(1, in_order=False, again=0)),
        ("ab", "bc", Judged(1, in_order=False, again=0)),
        ("abcd", "cb", Judged(0, in_order=False, again=0)),
        ("abcd", "c", Judged(0, in_order=False, again=0)),
        ("acb", "bcd", Judged(0, in_order=False, again=0)),
        ("abcd", "xabcd", Judged(0, in_order=False, again=0)),
        ("abx", "cd", Judged(0, in_order=False, again=0)),
        ("", "", Judged(4, in_order=False, again=0)),
    ],
)
def test_only_a_repeated_end_of_the_first_run_passes(
    first: str, second: str, expected: Judged
) -> None:
    """The second run begins no later than the first one stopped and ends where all ends."""
    assert expected == judge(as_messages("abcd"), as_messages(first), as_messages(second))


def test_a_loss_fails_the_demo() -> None:
    """What is missing or out of order is counted, and nothing is called a verdict."""
    expected = {"one": as_messages("abcd"), "two": as_messages("xyz")}
    first = {"one": as_messages("ab")}
    both = {"one": as_messages("abd"), "two": as_messages("xzy")}
    with pytest.raises(Failure, match="1 messages are lost, and those of 2 people"):
        show_verdict(expected, first, both)


def as_messages(letters: str) -> list[bytes]:
    """Give one message for each letter."""
    return [letter.encode() for letter in letters]
