"""Hand-computed verdicts, one letter for one message."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.judges.verdict import Restart, StreamVerdict, Verdict, stream_verdict, verdict

EXACT, DUPLICATES, DISORDER, LOSS = Verdict


def letters(text: str) -> list[bytes]:
    """One message for each letter."""
    return [letter.encode() for letter in text]


@pytest.mark.parametrize(
    ("expected", "read", "restarts", "verdict_"),
    [
        ("", "", [], EXACT),
        ("abc", "abc", [], EXACT),
        ("abc", "abc", [Restart(1)], EXACT),
        ("aaa", "aaa", [], EXACT),
        # no restart explains nothing
        ("abc", "ababc", [], DISORDER),
        ("abc", "acb", [], DISORDER),
        ("abc", "abcx", [], DISORDER),
        ("", "x", [], DISORDER),
        # one restart
        ("abc", "ababc", [Restart(2)], DUPLICATES),
        ("abc", "ababc", [Restart()], DUPLICATES),
        ("abc", "abbc", [Restart(2, commit=1)], DUPLICATES),
        ("abc", "ababc", [Restart(2, commit=1)], DISORDER),
        ("abc", "ababc", [Restart(commit=1)], DISORDER),
        ("abc", "ababc", [Restart(3)], DISORDER),
        ("abc", "abcabc", [Restart()], DUPLICATES),
        ("abc", "abcab", [Restart()], DISORDER),
        ("abc", "abcb", [Restart()], DISORDER),
        ("abc", "acbc", [Restart()], DISORDER),
        # a jump ahead of what was reached
        ("abcd", "acd", [Restart()], LOSS),
        ("abcd", "acdbcd", [Restart(), Restart()], DISORDER),
        # several restarts, and runs in which the identity sent nothing
        ("abcd", "abbcabcd", [Restart(), Restart()], DUPLICATES),
        ("abcd", "abbcabcd", [Restart(2, 1), Restart(4, 1)], DISORDER),
        ("abcd", "ababcd", [Restart(2), Restart(2), Restart(2)], DUPLICATES),
        ("abc", "aabbcc", [Restart()] * 2, DISORDER),
        ("abc", "aabbcc", [Restart()] * 3, DUPLICATES),
        ("abc", "aabbcc", None, DUPLICATES),
        ("abc", "acb", None, DISORDER),
        # loss
        ("abc", "", [], LOSS),
        ("abc", "ab", [], LOSS),
        ("abc", "abab", [Restart()], LOSS),
        ("abc", "bc", [], LOSS),
        ("abc", "xyz", [], LOSS),
        # equal messages
        ("aba", "abaa", [Restart(3, commit=2)], DUPLICATES),
        ("aba", "aaba", [Restart(1)], DUPLICATES),
        ("aba", "ab", [], LOSS),
        ("aba", "ba", [], LOSS),
        ("aba", "aab", [Restart(1)], LOSS),
        ("aba", "aab", [], DISORDER),
        ("abab", "abab", [Restart(2)], EXACT),
        ("abab", "ababab", [Restart(4, commit=2)], DUPLICATES),
        ("abab", "ababab", [Restart(4, commit=3)], DISORDER),
        ("aabaa", "aaabaa", [Restart()], DUPLICATES),
    ],
)
def test_verdicts(
    expected: str, read: str, restarts: list[Restart] | None, verdict_: Verdict
) -> None:
    """Each verdict as computed by hand from its definition."""
    assert verdict(letters(expected), letters(read), restarts) is verdict_


def test_only_exact_and_duplicates_pass() -> None:
    """The order of the verdicts is from best to worst."""
    assert [each.passes for each in sorted(Verdict)] == [True, True, False, False]


def test_a_stream_has_the_worst_verdict_and_names_no_identity() -> None:
    """The index counts the identities of either side in sorted order; ties show the first."""
    expected = {"d": letters("ab"), "a": letters("ab"), "b": letters("ab")}
    read = {"d": letters("ba"), "a": letters("ab"), "c": letters("x"), "b": letters("aab")}
    restarts = {"b": [Restart(1)]}
    judged = stream_verdict(expected, read, restarts)
    assert judged == StreamVerdict(DISORDER, 2, {EXACT: 1, DUPLICATES: 1, DISORDER: 2})
    assert stream_verdict(expected, {}).worst is LOSS
    assert stream_verdict({}, {}) == StreamVerdict(EXACT, None, {})
    everywhere = stream_verdict({"a": letters("ab")}, {"a": letters("aab")}, [Restart()])
    assert everywhere.worst is DUPLICATES


def _explained(expected: str, read: str, commits: list[int], far: int) -> bool:
    """Whether a run, and those after it, can have sent `read`: the definition, tried out."""
    starts = range(commits[0], far + 1)
    for start, length in itertools.product(starts, range(len(read) + 1)):
        end = start + length
        if end > len(expected) or expected[start:end] != read[:length]:
            continue
        if len(commits) == 1:
            if length == len(read) and end == len(expected):
                return True
        elif _explained(expected, read[length:], commits[1:], max(far, end)):
            return True
    return False


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.text("ab", max_size=5),
    st.text("ab", max_size=7),
    st.lists(st.integers(0, 3), max_size=2).map(sorted),
)
def test_the_fast_search_agrees_with_trying_every_cut(
    expected: str, read: str, commits: list[int]
) -> None:
    """Keeping only the furthest place reached loses no explanation, whatever repeats."""
    found = verdict(letters(expected), letters(read), [Restart(commit=each) for each in commits])
    assert found.passes == (expected == read or _explained(expected, read, [0, *commits], 0))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.data())
def test_every_history_that_keeps_the_promise_passes(data: st.DataObject) -> None:
    """Runs that start again at a commit and reach the end pass, their restarts known or not."""
    expected = data.draw(st.text("abc", max_size=6))
    read, restarts, far, commit = "", [], 0, 0
    for _ in range(data.draw(st.integers(0, 3))):
        end = data.draw(st.integers(commit, len(expected)))
        read += expected[commit:end]
        far = max(far, end)
        commit = data.draw(st.integers(commit, end))
        restarts.append(Restart(len(read), commit))
    read += expected[commit:]
    unknown = [Restart(commit=each.commit) for each in restarts]
    for known in (restarts, unknown, [Restart()] * len(restarts), None):
        assert verdict(letters(expected), letters(read), known).passes
    without = data.draw(st.integers(0, len(expected)))
    lost = [each for each in letters(read) if each != expected[without : without + 1].encode()]
    if len(lost) < len(read):
        assert verdict(letters(expected), lost, unknown) is LOSS
