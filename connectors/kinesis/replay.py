"""Dead letters sent again, through a sink, in their order.

Promise: a letter is marked as replayed only after Kinesis acknowledged it. After a crash between
the two it is sent once more. Per partition key the order is kept; a letter that can still not be
accepted stays what it was, and later ones of its key go on, as each carries the whole profile.

Left out: keeping a job away that may send newer records of the same keys meanwhile, which the
caller must do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from .core.record import KinesisRecord
from .dead_letter_file import DeadLetter
from .dead_letters import DeadLetterKeeper, DeadLetters
from .sink import KinesisSink

_BATCH_RECORDS = 500  # one request
_BATCH_BYTES = 4 << 20  # of data; below one request, and all that is held at once
_BATCHES_PER_S = 10  # under a cap, so that a second's worth does not go at once


class Outcome(Struct, frozen=True):
    """What came of one letter.

    Attributes:
        id: Its name.
        refusal: Why it can still not be accepted; None if it was acknowledged.
    """

    id: str
    refusal: str | None


def replay(
    letters: Iterable[DeadLetter],
    sink_with: Callable[[DeadLetterKeeper], KinesisSink],
    marks: DeadLetters,
    *,
    rate: int = 0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Outcome]:
    """Send letters again, and give what came of each; goes on as the outcomes are asked for.

    Args:
        letters: In the order to send them.
        sink_with: Makes the sink, with a place of ours for what it refuses.
        marks: Where to mark what was acknowledged; closed at the end.
        rate: Most letters a second; 0 for no cap.
        clock: Seconds, never going back.
        sleep: Waits some seconds.

    Raises:
        KinesisError: The sink gave up. What it was sending is not marked.
    """
    refused = _Refused()
    sink = sink_with(refused)
    part = sink.build_part("replay", sink.list_parts()[0], None)  # each leads to the whole stream
    most = min(_BATCH_RECORDS, max(1, rate // _BATCHES_PER_S)) if rate else _BATCH_RECORDS
    began, sent = clock(), 0
    try:
        for batch in _batches(letters, most):
            early_s = began + sent / rate - clock() if rate else 0
            if early_s > 0:
                sleep(early_s)
            sent += len(batch)
            part.write_batch([[letter.record for letter in batch]])
            part.snapshot()
            outcomes = [Outcome(letter.id, refused.causes.get(letter.record)) for letter in batch]
            for letter, outcome in zip(batch, outcomes, strict=True):
                if outcome.refusal is None:
                    marks.mark_replayed(letter)
            marks.sync()
            refused.causes.clear()
            yield from outcomes
    finally:
        part.close()
        marks.close()


class _Refused:
    """Takes note of what a sink refuses. The letter is kept already, so nothing is written."""

    def __init__(self) -> None:
        self.causes: dict[KinesisRecord, str] = {}

    def add(
        self,
        record: KinesisRecord,
        cause: str,
        *,
        code: str = "",
        shard: str | None = None,
        attempts: int = 0,
        age_s: float = 0.0,
    ) -> None:
        del code, shard, attempts, age_s  # the letter has those of its first refusal
        self.causes[record] = cause

    def open_keys(self) -> set[str]:
        return set()  # which letters a replayed one supersedes is in its mark

    def supersede(self, partition_key: str) -> None:
        """Nothing: of the letters of this key some are still to be sent."""

    def sync(self) -> None:
        """Nothing is written."""

    def close(self) -> None:
        """Nothing is open."""


def _batches(letters: Iterable[DeadLetter], most: int) -> Iterator[list[DeadLetter]]:
    batch: list[DeadLetter] = []
    size = 0
    for letter in letters:
        batch.append(letter)
        size += len(letter.record.data)
        if len(batch) == most or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
