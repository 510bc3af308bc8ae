"""What an execution counts, while it runs and when it ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec
from msgspec import Struct

from connectors.kinesis import DeliveryStats, Levels
from connectors.paced import Pacing
from flows.funnel import Funnel, Unbalanced
from flows.read import Stats


class Progress(Struct, frozen=True):
    """What an execution counts, in one process or summed up over several.

    Attributes:
        funnel: where each fragment ended.
        delivery: what the sink did; None in a dry run.
        resumed: whether an earlier execution left something to go on from.
        pacing: what the sources did, and how to stop them.
        levels: asks the sink what it holds at this moment.
        reads: ask how the reading of each stream and topic stands, by the input's name.
    """

    funnel: Funnel
    delivery: DeliveryStats | None = None
    resumed: bool = False
    pacing: Pacing = msgspec.field(default_factory=Pacing)
    levels: Callable[[], Levels] = Levels
    reads: dict[str, Callable[[], Stats]] = {}

    @property
    def moves(self) -> int:
        """A count that grows whenever a source, a lane, an epoch or Kinesis has moved."""
        moves = self.pacing.batches + self.pacing.epochs + self.funnel.taken + self.funnel.snapshots
        sent = self.delivery
        return moves if sent is None else moves + sent.requests + sent.acknowledged

    @property
    def unsettled(self) -> int:
        """Records that wait for Kinesis."""
        return 0 if self.delivery is None else self.delivery.unsettled

    def require_balance(self) -> None:
        """Check that all that this process took came out of it.

        Raises:
            Unbalanced: with both sides.
        """
        self.funnel.require_balance()
        sent = self.delivery
        if sent is None:
            return
        ended = sent.acknowledged + sent.dead_lettered + sent.superseded
        if self.funnel.exported != ended:
            raise Unbalanced(f"exported {self.funnel.exported}, but {ended} ended in delivery")


Started: TypeAlias = Callable[[Progress], None]
"""Called once before the first line is read, to watch the counts from another thread."""
