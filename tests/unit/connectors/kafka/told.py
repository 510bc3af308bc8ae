"""A client whose topic is what a test says: for what no mock cluster can show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.kafka import KafkaError, KafkaUnreachable
from connectors.kafka.client import Received
from connectors.kafka.connection import Start


class Told:
    """A client whose topic is what a test says.

    Attributes:
        spans: first and next offset of each partition.
        at: next offset of each partition that is read.
        committed: what was committed, in order.
        failure: what questions to the brokers end in.
        came: what comes next.
        closed: whether it was let go.
    """

    def __init__(self, **spans: tuple[int, int]) -> None:
        """Take the span of partition 0 as `p0`, and so on."""
        self.spans = {int(name[1:]): span for name, span in spans.items()}
        self.at: dict[int, int] = {}
        self.committed: list[dict[int, int]] = []
        self.failure: KafkaError | None = None
        self.came = Received()
        self.closed = False

    def partitions(self) -> list[int]:
        """List them."""
        if self.failure is not None:
            raise self.failure
        return sorted(self.spans)

    def offsets(self, start: Start, partitions: Iterable[int]) -> dict[int, int]:
        """Say where each begins or ends."""
        place = {"earliest": 0, "latest": 1}[str(start)]
        return {each: self.spans[each][place] for each in partitions}

    def read(self, offsets: Mapping[int, int]) -> None:
        """Note where to go on."""
        self.at.update(offsets)

    def skip(self, gone: Mapping[int, int]) -> dict[int, int]:
        """Go on where each begins."""
        left = self.offsets("earliest", gone)
        self.read(left)
        return left

    def receive(self, wait_s: float) -> Received:
        """Give what came, once."""
        came, self.came = self.came, Received()
        return came

    def end(self, partition: int) -> int:
        """Say where a partition ends."""
        return self.spans[partition][1]

    def commit(self, offsets: Mapping[int, int]) -> None:
        """Note it."""
        self.committed.append(dict(offsets))

    def close(self) -> None:
        """Note it."""
        self.closed = True

    def trouble(self) -> KafkaError:
        """Say why nothing comes."""
        return KafkaUnreachable("no answer")
