"""Join: one lane's profiles, and what each fragment does to them. The only stateful step."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count, islice
from typing import TypeAlias

from bytewax.operators import StatefulBatchLogic
from typing_extensions import override

from connectors.kinesis import KinesisRecord
from flows.backfill import BackfillFrame
from flows.destination import Destination
from flows.funnel import Funnel, Unbalanced
from flows.lanes import lane_of
from flows.profile.exporter import Exporter
from flows.profile.identity import partition_key
from flows.profile.merge import EMPTY
from flows.profile.policy import Export, Skip, Trigger
from flows.profile.reject import Rejected
from flows.profile.state import pack, pack_lane, unpack, unpack_lane
from flows.readers import Readers
from flows.rejects import Rejects
from flows.route import Frame

HEALTH_SAMPLE = 250
"""Profiles of each lane that the join's health is read from: 60,000 in all."""

_REPLACEABLE = frozenset[Trigger](("identity", "attribute", "backfill"))
"""Reasons whose message a newer one makes superfluous, as it shows the whole profile; a membership
or a delete is a step that a receiver may be waiting for."""

Joined: TypeAlias = list[KinesisRecord] | Rejects


class Lane(StatefulBatchLogic[Frame | BackfillFrame, Joined, bytes]):
    """Profiles of one lane by key id, packed; emits one list of records per batch of frames.

    The state outlives the end of input, and its snapshot is versioned plain bytes.
    """

    def __init__(
        self,
        destination: Destination,
        readers: Readers,
        exporter: Exporter,
        funnel: Funnel,
        snapshot: bytes | None,
    ) -> None:
        """Resume from a snapshot, or start empty.

        Raises:
            UnknownSnapshot: another release wrote the snapshot.
        """
        self._readers = readers
        self._exporter = exporter
        self._funnel = funnel
        self._key_namespace = destination.identities.key
        self._clear_keys = destination.stream.partition_key == "identity"
        self._replaceable = _REPLACEABLE if destination.delivery.supersede else frozenset()
        self._profiles = {} if snapshot is None else unpack_lane(snapshot)
        self._taken = self._ended = 0

    @override
    def on_batch(self, values: list[Frame | BackfillFrame]) -> tuple[Iterable[Joined], bool]:
        records: list[KinesisRecord] = []
        rejects: list[bytes] = []
        woken = False
        for frame in values:
            if isinstance(frame, BackfillFrame):
                self._export_again(frame, records)
                continue
            woken = woken or not frame.fragments
            self._take(frame, records, rejects)
        joined: list[Joined] = []
        if records:
            joined.append(records)
        if rejects or woken:  # an empty list wakes the rejects file, as the frame woke the lane
            joined.append(Rejects(rejects))
        self._ended += len(records) + len(rejects)
        self._funnel.exported += len(records)
        return joined, StatefulBatchLogic.RETAIN

    def _take(self, frame: Frame, records: list[KinesisRecord], rejects: list[bytes]) -> None:
        profiles, funnel = self._profiles, self._funnel
        read, apply = self._readers.of(frame.input, frame.origin).read, self._exporter.apply
        self._taken += len(frame.fragments)
        funnel.taken += len(frame.fragments)
        numbered = zip(count(), frame.fragments, frame.arrivals(), frame.ordinals(), strict=False)
        for number, raw, arrival, ordinal in numbered:
            try:
                fragment = read(raw, arrival, ordinal)
            except Rejected as rejected:
                funnel.rejected[rejected.reason] += 1
                rejects.append(frame.reject(rejected, number))
                continue
            key = fragment.key
            packed = profiles.get(key)
            step = apply(EMPTY if packed is None else unpack(packed), fragment)
            profiles[key] = pack(step.after)
            if isinstance(step.decision, Skip):
                self._ended += 1
                funnel.skip(step.decision)
            else:
                records.append(self._record(key, step.decision, step.message, fragment.time))

    def _export_again(self, frame: BackfillFrame, records: list[KinesisRecord]) -> None:
        before = len(records)
        for key in frame.keys(self._profiles):
            step = self._exporter.again(key, unpack(self._profiles[key]), frame.segment)
            if isinstance(step.decision, Export):
                records.append(self._record(key, step.decision, step.message))
        exported = len(records) - before
        self._taken += exported
        self._funnel.backfilled += exported
        self._funnel.answered += 1

    def _record(self, key: str, export: Export, message: bytes, time: int = 0) -> KinesisRecord:
        return KinesisRecord(
            message,
            partition_key(self._key_namespace, key, clear=self._clear_keys),
            replaceable=self._replaceable.issuperset(export.reasons),
            time_us=time,
        )

    @override
    def on_eof(self) -> tuple[Iterable[Joined], bool]:
        self._funnel.sampled |= len(self._profiles) > HEALTH_SAMPLE
        for packed in islice(self._profiles.values(), HEALTH_SAMPLE):
            profile = unpack(packed)
            self._funnel.hold(bool(profile.attributes), bool(profile.memberships))
        return (), StatefulBatchLogic.RETAIN

    @override
    def snapshot(self) -> bytes:
        self._funnel.snapshots += 1
        if self._taken != self._ended:
            raise Unbalanced(f"a lane took {self._taken} units and ended {self._ended}")
        packed = pack_lane(self._profiles)
        if self._profiles:  # a lane is not told its name, but each of its profiles knows it
            lane = lane_of(next(iter(self._profiles)))
            self._funnel.weigh(lane, len(self._profiles), len(packed))
        return packed
