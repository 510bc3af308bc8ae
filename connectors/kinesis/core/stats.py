"""Counts of a sink."""

from __future__ import annotations

import msgspec


class DeliveryStats(msgspec.Struct):
    """Counts since the sink was made, each a number of records unless it says otherwise.

    Attributes:
        offered: Handed to the sink.
        acknowledged: Kinesis returned a sequence number.
        dead_lettered: Can never be accepted; kept as a dead letter, or what ended the job.
        superseded: Replaced by a newer one of its key before it was sent.
        requests: PutRecords calls made, whatever came of them.
        retried: Had to be offered again; a record counts as often as that happened.
        throttled: Entries answered with a throttle.
    """

    offered: int = 0
    acknowledged: int = 0
    dead_lettered: int = 0
    superseded: int = 0
    requests: int = 0
    retried: int = 0
    throttled: int = 0

    @property
    def unsettled(self) -> int:
        """Records offered whose fate is open: 0 whenever everything was flushed."""
        return self.offered - self.acknowledged - self.dead_lettered - self.superseded
