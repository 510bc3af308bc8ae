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
    """Counts of one process since it started.

    Attributes:
        received: units read.
        backfilled: units that came of no input, but of a backfill; all of them are exported.
        exported: units that became a record.
        rejected, unchanged, filtered: units by reason.
        profiles: profiles held at the end of input, by what is known of them.
        sampled: whether ``profiles`` counts a sample of them.
        answered: times a lane was asked for its profiles by a backfill and has answered.
    """

    def __init__(self) -> None:
        """Start at zero."""
        self.received = 0
        self.backfilled = 0
        self.exported = 0
        self.rejected: Counter[str] = Counter()
        self.unchanged: Counter[str] = Counter()
        self.filtered: Counter[str] = Counter()
        self.profiles: Counter[str] = Counter()
        self.sampled = False
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

    def skipped(self) -> int:
        """Count the units that became no record."""
        return self.rejected.total() + self.unchanged.total() + self.filtered.total()

    def require_balance(self) -> None:
        """Check received + backfilled = rejected + unchanged + filtered + exported.

        Raises:
            Unbalanced: with both sides.
        """
        if self.received + self.backfilled != self.skipped() + self.exported:
            raise Unbalanced(
                f"received {self.received} + backfilled {self.backfilled}, but rejected "
                f"{self.rejected.total()} + unchanged {self.unchanged.total()} + filtered "
                f"{self.filtered.total()} + exported {self.exported}"
            )
