"""The join held against the oracle: fragments in any order, repeats, crashes and resumes."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from flows.backfill import BUCKETS, BackfillFrame
from flows.batch import Batch
from flows.destination import Destination
from flows.funnel import Funnel
from flows.join import Lane
from flows.profile.entry import VALUE_AT, is_exited
from flows.profile.exporter import Exporter
from flows.profile.state import unpack, unpack_lane
from flows.readers import Readers
from flows.rejects import Rejects
from flows.route import Frame, Router
from tests.judges import oracle
from tests.judges.broken_lines import made_lines
from tests.judges.lines import SEGMENTS, destinations

RECORD_BYTES = 350
"""A small limit, so that messages are oversize now and then."""


class JoinMachine(RuleBasedStateMachine):
    """Lanes fed by the router, snapshotted and resumed, beside everything the oracle was told.

    An epoch is what lies between two commits. A crash goes back to the last commit and the lines
    since then come again, as they would from a source.
    """

    def __init__(self) -> None:
        """Start before the first line."""
        super().__init__()
        self.plain: dict[str, object] = {}
        self.lines: list[oracle.Line] = []
        self.committed = 0
        self.store: dict[str, bytes] = {}
        self.lanes: dict[str, Lane] = {}
        self.sent: list[bytes] = []

    @initialize(plain=destinations())
    def choose(self, plain: dict[str, object]) -> None:
        """Take a destination for the whole run."""
        self.plain = plain
        self.destination = msgspec.convert(plain, Destination)
        self.exporter = Exporter(self.destination, record_bytes=RECORD_BYTES)
        self.funnel = Funnel()

    @rule(data=st.data())
    def read_line(self, data: st.DataObject) -> None:
        """Read one more line."""
        made = data.draw(made_lines(self.plain, len(self.lines)))
        self.lines.append(made.line)
        self._feed([made.line])

    @rule(data=st.data())
    def read_again(self, data: st.DataObject) -> None:
        """Give the lanes lines they have seen, with the versions they had: it changes nothing."""
        if self.lines:
            before = {name: lane.snapshot() for name, lane in self.lanes.items()}
            self._feed(data.draw(st.lists(st.sampled_from(self.lines), max_size=3)))
            assert before == {name: lane.snapshot() for name, lane in self.lanes.items()}

    @rule()
    def commit(self) -> None:
        """End the epoch."""
        self.store = {name: lane.snapshot() for name, lane in self.lanes.items()}
        self.committed = len(self.lines)

    @rule()
    def crash(self) -> None:
        """Die, resume from the last commit, and read what came since once more."""
        self.lanes = {
            name: Lane(
                self.destination, Readers(self.destination), self.exporter, self.funnel, snapshot
            )
            for name, snapshot in self.store.items()
        }
        self._feed(self.lines[self.committed :])

    @rule(segment=st.none() | st.sampled_from([id_ for _, id_ in SEGMENTS]))
    def export_again(self, segment: str | None) -> None:
        """A backfill brings what the oracle says, once each, and changes nothing."""
        expected = oracle.backfill(
            self.plain, self._judged(), segment=segment, record_bytes=RECORD_BYTES
        )
        before = {name: lane.snapshot() for name, lane in self.lanes.items()}
        found: list[tuple[str, bytes]] = []
        for lane in self.lanes.values():
            joined, _ = lane.on_batch([BackfillFrame(segment, None, 0, BUCKETS)])
            for records in joined:
                assert isinstance(records, list)
                found += [
                    (record.partition_key, oracle.mask_export_id(record.data)) for record in records
                ]
        assert sorted((self._partition_key(key), data) for key, data in expected.items()) == (
            sorted(found)
        )
        assert before == {name: lane.snapshot() for name, lane in self.lanes.items()}

    @invariant()
    def profiles_are_the_oracles(self) -> None:
        """Every profile is what sorting everything and folding it gives."""
        expected = oracle.final_profiles(self.plain, self._judged())
        found = {
            key: unpack(packed)
            for lane in self.lanes.values()
            for key, packed in unpack_lane(lane.snapshot()).items()
        }
        assert expected.keys() == found.keys()
        for key, profile in expected.items():
            mine = found[key]
            assert {path: entry[2] for path, entry in profile.attributes.items()} == {
                path: entry[VALUE_AT:] for path, entry in mine.attributes.items()
            }
            assert {each: entry[3] == "exited" for each, entry in profile.memberships.items()} == {
                each: is_exited(entry) for each, entry in mine.memberships.items()
            }
            assert dict(profile.identities) == mine.identities

    @invariant()
    def the_funnel_balances(self) -> None:
        """What was received has ended somewhere."""
        if self.plain:
            self.funnel.require_balance()

    def _judged(self) -> list[oracle.Fragment]:
        found = oracle.judge_lines(self.plain, self.lines)
        return [each for each in found if isinstance(each, oracle.Fragment)]

    def _partition_key(self, key: str) -> str:
        identity = f"{self.destination.identities.key}:{key}"
        if self.destination.stream.partition_key == "identity":
            return identity
        return sha256(identity.encode()).hexdigest()[:32]

    def _feed(self, lines: Sequence[oracle.Line]) -> None:
        router = Router(self.destination, Readers(self.destination), self.funnel)
        for line in lines:
            batch = Batch("in", "in.jsonl", line.arrival_us, 1, line.ordinal, [line.raw])
            for name, routed in router.to_lanes([batch]):
                if isinstance(routed, Rejects):
                    continue
                assert isinstance(routed, Frame)
                if name not in self.lanes:
                    self.lanes[name] = Lane(
                        self.destination,
                        Readers(self.destination),
                        self.exporter,
                        self.funnel,
                        None,
                    )
                self.lanes[name].on_batch([routed])


TestJoinMachine = JoinMachine.TestCase
TestJoinMachine.settings = settings(max_examples=60, stateful_step_count=25)
