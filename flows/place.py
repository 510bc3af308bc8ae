"""Place: where a process stands among those that run one job together."""

from __future__ import annotations

from msgspec import Struct

from flows.lanes import SINK_PARTITIONS

PROCESSES = tuple(count for count in range(1, 13) if SINK_PARTITIONS % count == 0)
"""Numbers of processes that have all lanes of a sink partition in one process: those that divide
the partitions. More than twelve were never tried."""


class Place(Struct, frozen=True):
    """One process of a job.

    Attributes:
        process: its number, from 0.
        addresses: host:port of each process, by number; none if it is alone.
        has_own_disk: whether the recovery store is shared out, each process keeping its parts; else
            all processes are on one machine and one state directory.
    """

    process: int = 0
    addresses: tuple[str, ...] = ()
    has_own_disk: bool = False

    @property
    def processes(self) -> int:
        """How many processes run the job."""
        return max(1, len(self.addresses))

    @property
    def is_cluster(self) -> bool:
        """Whether Bytewax has peers to talk to."""
        return self.processes > 1

    def offers(self, number: int) -> bool:
        """Whether this process offers the input of a number to Bytewax.

        What several processes offer Bytewax deals out from the first process on, for each input
        anew; as an input has one partition, the first would read them all.
        """
        return number % self.processes == self.process


ALONE = Place()
