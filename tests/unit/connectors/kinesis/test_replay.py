"""Replay: what was acknowledged is marked, what was not is not, in order and at the given pace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.kinesis import DeadLetterKeeper, DeadLetters, KinesisRecord, KinesisUnreachable
from connectors.kinesis.dead_letter_file import DeadLetterFile
from connectors.kinesis.replay import Outcome, replay


class PlainSink:
    """A sink, of one partition, that takes all but the data it is told to refuse or to fail at."""

    def __init__(self, *, refuses: str = "", fails_at: str = "") -> None:
        """Take everything, but what is named."""
        self.refuses, self.fails_at = refuses.encode(), fails_at.encode()
        self.taken: list[str] = []
        self.batches: list[int] = []
        self.waiting: list[KinesisRecord] = []
        self.is_closed = False

    def with_keeper(self, keeper: DeadLetterKeeper) -> Any:
        """Put refused records aside with this keeper."""
        self.keeper = keeper
        return self

    def list_parts(self) -> list[str]:
        """One partition."""
        return ["0"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> Any:
        """The sink is its own partition; as ours does, it asks for open keys once."""
        assert "0" == for_part
        self.open = self.keeper.open_keys()
        return self

    def write_batch(self, values: list[list[KinesisRecord]]) -> None:
        """Take records, and let them wait."""
        self.waiting = [record for value in values for record in value]
        self.batches.append(len(self.waiting))

    def snapshot(self) -> None:
        """Answer for what waits."""
        for record in self.waiting:
            if record.data == self.fails_at:
                raise KinesisUnreachable("gave up")
            if record.data == self.refuses:
                self.keeper.add(record, "still too big", attempts=1)
                self.open.add(record.partition_key)
            else:
                self.taken.append(record.data.decode())
                if record.partition_key in self.open:
                    self.keeper.supersede(record.partition_key)
        self.keeper.sync()

    def close(self) -> None:
        """Let go."""
        self.keeper.close()
        self.is_closed = True


class Clock:
    """Moves only when somebody sleeps."""

    def __init__(self) -> None:
        """Start at 7 s."""
        self.now = 7.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Move on."""
        assert seconds > 0
        self.now += seconds


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., None]:
    """Puts records aside, of one key."""

    def put_aside(*data: str, key: str = "k") -> None:
        letters = DeadLetters(tmp_path, 1 << 30)
        for each in data:
            letters.add(KinesisRecord(each.encode(), key), "too big")
        letters.close()

    return put_aside


def states(folder: Path) -> dict[str, str]:
    """State of each letter by its data."""
    kept = DeadLetterFile(folder).letters()
    return {each.letter.record.data.decode(): each.state for each in kept}


def send(folder: Path, sink: PlainSink, *, rate: int = 0, clock: Clock | None = None) -> list[Any]:
    """Replay all letters of a folder."""
    letters = (each.letter for each in DeadLetterFile(folder).letters())
    marks, clock = DeadLetters(folder, 1), clock or Clock()
    outcomes = replay(letters, sink.with_keeper, marks, rate=rate, clock=clock, sleep=clock.sleep)
    return [outcome.refusal for outcome in outcomes]


def test_what_was_acknowledged_is_marked(tmp_path: Path, put: Callable[..., None]) -> None:
    """Letters go out in their order, and are replayed afterwards, though the file is full."""
    put("b", "a")
    put("c", key="other")
    sink = PlainSink()
    assert [None, None, None] == send(tmp_path, sink)
    assert ["b", "a", "c"] == sink.taken
    assert {"b": "replayed", "a": "replayed", "c": "replayed"} == states(tmp_path)
    assert sink.is_closed


def test_an_outcome_names_its_letter(tmp_path: Path, put: Callable[..., None]) -> None:
    """What came of which letter can be told."""
    put("a")
    (kept,) = DeadLetterFile(tmp_path).letters()
    outcomes = replay([kept.letter], PlainSink().with_keeper, DeadLetters(tmp_path, 1 << 30))
    assert [Outcome(kept.letter.id, None)] == list(outcomes)


def test_a_letter_refused_again_stays_and_later_ones_go_on(
    tmp_path: Path, put: Callable[..., None]
) -> None:
    """No copy of it is written; the later one of its key supersedes it, once acknowledged."""
    put("big", "a", "b")
    put("c", key="other")
    before = len((tmp_path / "dead-letters.jsonl").read_bytes().splitlines())
    assert ["still too big", None, None, None] == send(tmp_path, PlainSink(refuses="big"))
    assert {"big": "superseded", "a": "replayed", "b": "replayed", "c": "replayed"} == states(
        tmp_path
    )
    assert before + 3 == len((tmp_path / "dead-letters.jsonl").read_bytes().splitlines())


def test_the_last_letter_of_a_key_stays_open_when_refused_again(
    tmp_path: Path, put: Callable[..., None]
) -> None:
    """Nothing newer of its key was acknowledged, so it still waits for somebody."""
    put("a", "big")
    assert [None, "still too big"] == send(tmp_path, PlainSink(refuses="big"))
    assert {"a": "replayed", "big": "open"} == states(tmp_path)


def test_what_was_not_answered_for_is_not_marked(tmp_path: Path, put: Callable[..., None]) -> None:
    """When the sink gives up, or the process dies before the marks, a letter comes once more."""
    put("a", "b", "c")
    sink = PlainSink(fails_at="b")
    with pytest.raises(KinesisUnreachable):
        send(tmp_path, sink)
    assert ["a"] == sink.taken
    assert sink.is_closed
    assert {"a": "open", "b": "open", "c": "open"} == states(tmp_path)
    assert [None, None, None] == send(tmp_path, PlainSink())


def test_marks_of_earlier_batches_are_kept_when_a_later_one_fails(
    tmp_path: Path, put: Callable[..., None]
) -> None:
    """With one letter a batch, what was sent before the trouble is not sent again."""
    put("a", "b", "c")
    with pytest.raises(KinesisUnreachable):
        send(tmp_path, PlainSink(fails_at="b"), rate=1)
    assert {"a": "replayed", "b": "open", "c": "open"} == states(tmp_path)


@pytest.mark.parametrize(
    ("rate", "batches", "seconds"),
    [(0, [500, 500, 1], 0.0), (1, [1] * 1001, 1000.0), (20, [2] * 500 + [1], 50.0)],
)
def test_no_more_than_the_rate_is_sent(
    tmp_path: Path, put: Callable[..., None], rate: int, batches: list[int], seconds: float
) -> None:
    """Under a cap, batches are small and wait for their time; there is no wait after the last."""
    put(*map(str, range(1001)))
    sink, clock = PlainSink(), Clock()
    assert [None] * 1001 == send(tmp_path, sink, rate=rate, clock=clock)
    assert batches == sink.batches
    assert seconds == pytest.approx(clock.now - 7)


def test_big_letters_go_in_small_batches(tmp_path: Path, put: Callable[..., None]) -> None:
    """At most about 4 MiB are held at once."""
    put(*("x" * ((1 << 20) + number) for number in range(9)))
    sink = PlainSink()
    send(tmp_path, sink)
    assert [4, 4, 1] == sink.batches
