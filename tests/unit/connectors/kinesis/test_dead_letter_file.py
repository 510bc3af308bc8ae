"""Reading dead letters: each letter once, its state, and what is said of a foreign line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from connectors.kinesis import DeadLetters, DeadLettersUnusable, KinesisRecord
from connectors.kinesis.dead_letter_file import DeadLetterFile, letter_id


@pytest.fixture
def letters(tmp_path: Path) -> Iterator[DeadLetters]:
    """Dead letters in a folder of their own."""
    with closing(DeadLetters(tmp_path, 1 << 20)) as writer:
        yield writer


def put(letters: DeadLetters, data: str, key: str = "k") -> None:
    """Put a record aside."""
    letters.add(KinesisRecord(data.encode(), key), "too big")


def states(folder: Path) -> list[tuple[str, str]]:
    """Data and state of each letter, in order."""
    kept = list(DeadLetterFile(folder).letters())
    assert {each.letter.id: each.state for each in kept} == DeadLetterFile(folder).states()
    return [(each.letter.record.data.decode(), each.state) for each in kept]


def replayed(letters: DeadLetters, folder: Path, data: str) -> None:
    """Mark the letter that holds this data as replayed."""
    (letter,) = (
        each.letter
        for each in DeadLetterFile(folder).letters()
        if each.letter.record.data == data.encode()
    )
    letters.mark_replayed(letter)


def test_where_there_is_no_file_there_are_no_letters(tmp_path: Path) -> None:
    """Neither the file nor its folder need be there."""
    file = DeadLetterFile(tmp_path / "none")
    assert ([], {}, set()) == (list(file.letters()), file.states(), file.open_keys())


def test_copies_are_one_letter_that_stands_last(letters: DeadLetters, tmp_path: Path) -> None:
    """What a crash and a resume put aside twice is shown once, in the newer order."""
    for data in "abcab":
        put(letters, data)
    assert [("c", "open"), ("a", "open"), ("b", "open")] == states(tmp_path)


def test_equal_data_of_two_keys_are_two_letters(letters: DeadLetters, tmp_path: Path) -> None:
    """A letter is named by its keys and data together."""
    put(letters, "x", "a")
    put(letters, "x", "b")
    letters.add(KinesisRecord(b"x", "b", "7"), "too big")
    assert [("x", "open")] * 3 == states(tmp_path)
    assert letter_id(KinesisRecord(b"2", "1")) != letter_id(KinesisRecord(b"", "12"))


def test_a_mark_supersedes_what_stands_above_it(letters: DeadLetters, tmp_path: Path) -> None:
    """Earlier letters of the key alone; a later one is open, a copy of an earlier one too."""
    put(letters, "a")
    put(letters, "b")
    put(letters, "other", "other")
    letters.supersede("k")
    put(letters, "c")
    put(letters, "b")
    expected = [("a", "superseded"), ("other", "open"), ("c", "open"), ("b", "open")]
    assert expected == states(tmp_path)
    assert {"k", "other"} == letters.open_keys()


def test_a_replayed_letter_supersedes_open_ones_before_it(
    letters: DeadLetters, tmp_path: Path
) -> None:
    """It carries the whole profile as it was later; those after it stay open."""
    for data in "abc":
        put(letters, data)
    put(letters, "other", "other")
    replayed(letters, tmp_path, "b")
    expected = [("a", "superseded"), ("b", "replayed"), ("c", "open"), ("other", "open")]
    assert expected == states(tmp_path)
    assert {"k", "other"} == letters.open_keys()
    replayed(letters, tmp_path, "c")
    assert {"other"} == letters.open_keys()


def test_a_superseded_letter_that_is_replayed_changes_no_other(
    letters: DeadLetters, tmp_path: Path
) -> None:
    """Sending an old letter again on request says nothing of newer ones."""
    put(letters, "a")
    letters.supersede("k")
    put(letters, "b")
    replayed(letters, tmp_path, "a")
    assert [("a", "replayed"), ("b", "open")] == states(tmp_path)
    assert {"k"} == letters.open_keys()


def test_a_mark_without_its_letter_is_passed_over(letters: DeadLetters, tmp_path: Path) -> None:
    """Somebody may have moved the file away between the letter and its mark."""
    put(letters, "a")
    (kept,) = DeadLetterFile(tmp_path).letters()
    letters.close()
    (tmp_path / "dead-letters.jsonl").unlink()
    letters.mark_replayed(kept.letter)
    letters.supersede("k")
    put(letters, "b")
    assert [("b", "open")] == states(tmp_path)


def test_a_line_that_is_being_written_is_passed_over(letters: DeadLetters, tmp_path: Path) -> None:
    """Looking needs no lock: what has no end yet is not there yet."""
    put(letters, "a")
    with (tmp_path / "dead-letters.jsonl").open("a") as file:
        file.write('{"kind":"dead_letter"')
    assert [("a", "open")] == states(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        b"canary",
        b'["canary"]',
        b'{"kind":"canary"}',
        b'{"kind":"superseded","partition_key":"canary"}',
        b'{"kind":"superseded","at":"","partition_key":"canary\xff"}',
        b'{"kind":"dead_letter","id":"canary"}',
    ],
)
def test_a_line_that_is_not_ours_is_named_but_not_shown(
    letters: DeadLetters, tmp_path: Path, line: bytes
) -> None:
    """Damage is not passed over, and its text is nobody's business."""
    put(letters, "a")
    with (tmp_path / "dead-letters.jsonl").open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(DeadLettersUnusable, match="line 2") as caught:
        letters.open_keys()
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_what_cannot_be_read_is_said_in_words(tmp_path: Path) -> None:
    """A folder in the place of the file is an error with a way out."""
    (tmp_path / "dead-letters.jsonl").mkdir()
    with pytest.raises(DeadLettersUnusable, match=r"cannot read .*: Is a directory"):
        DeadLetterFile(tmp_path).open_keys()
