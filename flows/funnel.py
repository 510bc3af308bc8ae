"""The funnel: where every fragment ended, by outcome and reason.

Unit: a fragment, a line that yields none, or a profile that a backfill exports again. Each ends as
exactly one of acknowledged, dead-lettered, superseded, filtered, unchanged, rejected.
"""

from __future__ import annotations

from collections import Counter

from flows.profile.policy import Skip


class Unbalanced(RuntimeError):
    """A fragment went in and did not come out: a defect of this program. Please report it."""


class Funnel:
    """Counts of one process since it started; with several, one reads what another joins.

    Attributes:
        received: units read.
        unrouted: units that could not be sent to a lane; all of them are rejected.
        routed: units that were sent to a lane, of this process or another.
        taken: units that lanes of this process got.
        backfilled: units that came of no input, but of a backfill; all of them are exported.
        exported: units that became a record.
        rejected, unchanged, filtered: units by reason.
        profiles: profiles held at the end of input, by what is known of them.
        sampled: whether ``profiles`` counts a sample of them.
        lane_profiles, lane_bytes: profiles of each lane that holds any, and the size of its state,
            when it was last snapshotted.
        snapshots: times a lane was snapshotted.
        answered: times a lane was asked for its profiles by a backfill and has answered.
    """

    def __init__(self) -> None:
        """Start at zero."""
        self.received = 0
        self.unrouted = 0
        self.routed = 0
        self.taken = 0
        self.backfilled = 0
        self.exported = 0
        self.rejected: Counter[str] = Counter()
        self.unchanged: Counter[str] = Counter()
        self.filtered: Counter[str] = Counter()
        self.profiles: Counter[str] = Counter()
        self.lane_profiles: Counter[str] = Counter()
        self.lane_bytes: Counter[str] = Counter()
        self.sampled = False
        self.snapshots = 0
        self.answered = 0

    def skip(self, skip: Skip) -> None:
        """Count one fragment that the policy did not export."""
        counts = self.unchanged if skip.outcome == "unchanged" else self.filtered
        counts[skip.reason] += 1

    def hold(self, attributes: bool, memberships: bool) -> None:  # noqa: FBT001 - two like facts
        """Count one profile by what is known of it."""
        if attributes and memberships:
            self.profiles["both"] += 1
        elif attributes or memberships:
            self.profiles["attributes" if attributes else "memberships"] += 1

    def weigh(self, lane: str, profiles: int, size: int) -> None:
        """Take note of how many profiles a lane holds, in a state of how many bytes."""
        self.lane_profiles[lane] = profiles
        self.lane_bytes[lane] = size

    def skipped(self) -> int:
        """Count the units that became no record."""
        return self.rejected.total() + self.unchanged.total() + self.filtered.total()

    def require_balance(self) -> None:
        """Check that what was read left for a lane or was rejected, and that lanes ended theirs.

        Raises:
            Unbalanced: with both sides.
        """
        if self.received != self.unrouted + self.routed:
            raise Unbalanced(
                f"received {self.received}, but unrouted {self.unrouted} + routed {self.routed}"
            )
        if self.taken + self.unrouted + self.backfilled != self.skipped() + self.exported:
            raise Unbalanced(
                f"taken {self.taken} + unrouted {self.unrouted} + backfilled {self.backfilled}, "
                f"but rejected {self.rejected.total()} + unchanged {self.unchanged.total()} "
                f"+ filtered {self.filtered.total()} + exported {self.exported}"
            )

    def require_arrival(self) -> None:
        """Check that all that was sent to a lane got there; over all processes of a job.

        Raises:
            Unbalanced: with both sides.
        """
        if self.routed != self.taken:
            raise Unbalanced(f"routed {self.routed}, but lanes took {self.taken}")

    def add(self, other: Funnel) -> None:
        """Count what another process counted as well."""
        for name, count in vars(other).items():
            setattr(self, name, getattr(self, name) + count)
