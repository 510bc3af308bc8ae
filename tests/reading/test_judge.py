"""The judge of the round trips finds each kind of fault, and none where there is none."""

from __future__ import annotations

import pytest

from tests.reading.judge import TakenBack, faults

WRITTEN = ["a", "b", "c"]
KEPT = ["s/0 0 11 a", "-", "s/1 0 12 b", "s/1 1 13 c", "-"]
AGAIN = TakenBack(2, after_kill=True, lines=["s/1 0 12 b", "-", "s/1 1 13 c"])


def test_nothing_is_found_where_all_is_well() -> None:
    """What came again after a kill, as it was, is no fault."""
    assert [] == list(faults(WRITTEN, KEPT, [AGAIN, TakenBack(3, after_kill=False, lines=[])]))


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        (KEPT[:3], ["c never came"]),
        ([*KEPT, "s/1 2 14 a"], ["a came too often"]),
        ([*KEPT, "s/2 0 15 d"], ["d came too often"]),
        (
            ["s/0 0 11 a", "s/1 0 13 c", "s/1 1 12 b"],
            ["s/1: the sequence numbers do not ascend"],
        ),
        (
            ["s/0 0 11 a", "s/1 0 12 b", "s/1 2 13 c"],
            ["s/1: the ordinals are not 0 to 1 in order"],
        ),
    ],
)
def test_it_finds_what_is_wrong_with_what_was_kept(kept: list[str], expected: list[str]) -> None:
    """Loss, repetition, what nobody wrote, and disorder."""
    assert expected == list(faults(WRITTEN, kept, []))


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        (
            TakenBack(2, after_kill=False, lines=["s/1 0 12 b"]),
            ["what execution 2 took back was given out before a clean stop"],
        ),
        (
            TakenBack(2, after_kill=True, lines=["-", "s/1 0 12 b", "-"]),
            ["what execution 2 took back is more than an epoch"],
        ),
        (
            TakenBack(2, after_kill=True, lines=["s/1 5 12 b"]),
            ["what execution 2 took back came again as another: b"],
        ),
    ],
)
def test_it_finds_what_is_wrong_with_what_was_taken_back(
    taken: TakenBack, expected: list[str]
) -> None:
    """After a stop, more than an epoch, and a record that has another ordinal when read again."""
    assert expected == list(faults(WRITTEN, KEPT, [taken]))
