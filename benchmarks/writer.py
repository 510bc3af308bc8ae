"""The face that every contender of the sink benchmark shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from benchmarks.records import Pair


@dataclass(frozen=True)
class FarEnd:
    """Where to write, and how many requests may be in flight if the contender can have several."""

    url: str
    stream: str
    in_flight: int


class Writer(Protocol):
    """Writes records; made by a contender module's `get_writer(far)`.

    The module also offers `BATCH_RECORDS`, how many records it wants at a time.
    """

    def write(self, batch: list[Pair]) -> None:
        """Take records; whether they are sent at once is the writer's affair."""

    def flush(self) -> None:
        """Return when all records taken are delivered, as far as the writer can tell."""

    def acknowledged(self) -> int | None:
        """Count the records it holds for delivered; None if it does not say."""

    def close(self) -> None:
        """Let go."""
