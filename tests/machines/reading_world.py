"""Processes that read a fake stream, crash and resume, beside a plain record of what they took.

The judge looks into the fake for what was written, and at what was taken; of the reading's own
words it uses the states that a process would save, and the gaps that it reports.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable

from connectors.kinesis.core.positions import SlotState, pack, unpack
from connectors.kinesis.core.read_calls import Call, Trimmed
from connectors.kinesis.core.reading import Reading, Start
from connectors.kinesis.core.retry import decide
from connectors.kinesis.core.source_record import KinesisSourceRecord
from connectors.kinesis.testing.clock import VirtualClock
from connectors.kinesis.testing.fake import FakeKinesis, Stored
from connectors.kinesis.testing.fake.stream import Shard
from tests.support.reading import STREAM, Answer, Refused, carry_out, hand_in

SLOTS = 256
RECORDS_MAX = 3  # of one answer, so that much is read piece by piece
SAFE_S = 23 * 3600.0  # younger records than this must not be reported as trimmed


def _slot_of(shard: Shard) -> int:
    """The slot that a shard belongs to: the first byte of its first hash key, read backwards."""
    return int(format(shard.first >> 120, "08b")[::-1], 2)


class UnderWay:
    """A call that was begun, and its outcome if Kinesis carried it out at once."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.outcome: Answer | Refused | None = None


class Process:
    """One process: its reading, its slots and the calls it has under way."""

    def __init__(self, reading: Reading, slots: list[int]) -> None:
        self.reading = reading
        self.slots = slots
        self.under_way: list[UnderWay] = []


class ReadingWorld:
    """A stream, its readers, and what they took.

    Args:
        start: Where the readers begin.
        shards: Shards of the stream at first.
        random: Gives a number from 0 to 1.
    """

    def __init__(self, start: Start, shards: int, random: Callable[[], float]) -> None:
        self.clock = VirtualClock(1_000_000.0)
        self.fake = FakeKinesis()
        self.stream = self.fake.create(STREAM, shards=shards, now=self.clock.now())
        self.start = start
        self.random = random
        self.saved: dict[int, bytes] = {}
        self.processes: list[Process] = []
        self.taken: dict[str, list[str]] = defaultdict(list)  # by shard: sequence numbers
        self.committed: dict[str, int] = {}  # by shard: how many of them survive a crash
        self.undone: dict[str, list[str]] = {}  # by shard: what a crash undid, from `committed` on
        self.slot_of: dict[str, int] = {}
        self.reported: set[str] = set()
        self.promised_since: dict[str, float] = {}  # by shard: younger losses must be reported
        self.known: set[str] = set()  # shards that stand in a saved state
        self.listed: dict[int, float] = {}  # by slot: the first listing that was saved
        self.start_processes(1)

    # What happens.

    def write(self, hash_keys: list[int]) -> None:
        """Write a record for each hash key."""
        records = [
            {"Data": "eA==", "PartitionKey": "k", "ExplicitHashKey": str(key)} for key in hash_keys
        ]
        body = json.dumps({"StreamName": STREAM, "Records": records}).encode()
        assert self.fake.call("PutRecords", body, self.clock.now()).status == 200

    def start_processes(self, count: int) -> None:
        """Start so many processes from what was saved, with the slots dealt in turn."""
        self.processes = []
        for number in range(count):
            reading = Reading(self.start, give_up_s=1e9, random=self.random, buffer_bytes=4)
            slots = list(range(number, SLOTS, count))
            for slot in slots:
                saved = self.saved.get(slot)
                reading.own(slot, None if saved is None else unpack(saved), self.clock.now())
            self.processes.append(Process(reading, slots))

    def begin(self, process: Process, *, at_once: bool) -> bool:
        """Begin the next call; False if there is none. At once: it is carried out now."""
        call = process.reading.next_call(self.clock.now())
        if call is None:
            return False
        begun = UnderWay(call)
        if at_once:
            begun.outcome = self._outcome(call)
        process.under_way.append(begun)
        return True

    def finish(self, process: Process, place: int, failure: str | None = None) -> None:
        """End a call, with its answer or with this failure."""
        begun, now = process.under_way.pop(place), self.clock.now()
        outcome = Refused(failure) if failure else begun.outcome or self._outcome(begun.call)
        if isinstance(outcome, Refused):
            kind = decide(outcome.code, 500 if failure else 400)
            assert not process.reading.failed(begun.call, outcome.code, kind, now)
        else:
            hand_in(process.reading, begun.call, outcome, now)
        for gap in process.reading.reports():
            self._judge_report(gap)

    def _outcome(self, call: Call) -> Answer | Refused:
        try:
            return carry_out(self.fake, call, self.clock.now(), RECORDS_MAX)
        except Refused as refused:
            return refused

    def take(self, process: Process) -> None:
        """Take what the process read, and judge it."""
        for slot in process.slots:
            for records in process.reading.take(slot):
                self._judge_taken(slot, records)

    def commit(self) -> None:
        """End an epoch: what was taken is safe, and so are the states."""
        for process in self.processes:
            for slot in process.slots:
                state = process.reading.state(slot)
                self.saved[slot] = pack(state)
                self._note_promises(slot, state)
        self.committed = {shard: len(numbers) for shard, numbers in self.taken.items()}
        self.undone.clear()

    def crash(self) -> None:
        """Lose all processes, and what was taken since the last commit."""
        for shard, numbers in self.taken.items():
            kept = self.committed.get(shard, 0)
            is_saved = self.slot_of.get(shard) in self.saved  # else `latest` is another present
            if is_saved and len(numbers) - kept > len(self.undone.get(shard, ())):
                self.undone[shard] = numbers[kept:]
            del numbers[kept:]
        self.processes = []

    # What must hold.

    def _records(self, shard_id: str) -> list[Stored]:
        return self.stream.shard(shard_id).stored

    def _is_trimmed(self, record: Stored) -> bool:
        return record.at < self.clock.now() - self.stream.retention_s

    def _judge_taken(self, slot: int, records: list[KinesisSourceRecord]) -> None:
        """One shard, always of this slot; in order; nothing skipped in silence; same ordinals."""
        assert records
        shard_id = records[0].shard_id
        assert {shard_id} == {record.shard_id for record in records}
        assert slot == self.slot_of.setdefault(shard_id, slot)
        shard = self.stream.shard(shard_id)
        assert slot == _slot_of(shard)
        self._judge_parents(shard.parents, slot)
        numbers = self.taken[shard_id]
        undone = self.undone.get(shard_id, [])
        place = [kept.sequence_number for kept in shard.stored].index
        if any(self._is_trimmed(shard.stored[place(number)]) for number in undone):
            undone = []  # they cannot all come again, so the numbers of the others change
        for record in records:
            now_at = place(record.sequence_number)
            before = place(numbers[-1]) if numbers else -1
            assert before < now_at, "a record came twice, or out of order"
            for skipped in shard.stored[before + 1 : now_at]:
                self._judge_missing(slot, skipped)
            assert record.ordinal == len(numbers)
            again = record.ordinal - self.committed.get(shard_id, 0)
            if again < len(undone):
                assert undone[again] == record.sequence_number, "another ordinal than before"
            numbers.append(record.sequence_number)

    def _judge_parents(self, parents: tuple[str, ...], slot: int) -> None:
        """Whatever is not trimmed of the parents in this slot came before."""
        for name in parents:
            parent = self.stream.shard(name)
            if _slot_of(parent) == slot:
                self._judge_rest(name)

    def _judge_rest(self, shard_id: str) -> None:
        """Whatever was not taken of a shard is missing for a good reason."""
        slot = _slot_of(self.stream.shard(shard_id))
        taken = set(self.taken[shard_id])
        for record in self._records(shard_id):
            if record.sequence_number not in taken:
                self._judge_missing(slot, record)

    def _judge_missing(self, slot: int, record: Stored) -> None:
        start = self._state(slot).start
        if start is not None and record.at < start:
            return
        assert self._is_trimmed(record), "a record was skipped"
        is_new = record.shard_id not in self.known and self._born_at(record.shard_id) > (
            self.listed.get(slot, float("inf"))
        )
        if is_new or record.at >= self.promised_since.get(record.shard_id, float("inf")):
            told_of = self._relatives(record.shard_id) if is_new else {record.shard_id}
            assert told_of & self.reported, "a record was trimmed, and nobody said so"

    def _born_at(self, shard_id: str) -> float:
        parents = self.stream.shard(shard_id).parents
        return max((self.stream.shard(p).closed_at for p in parents), default=self.stream.created)

    def _relatives(self, shard_id: str) -> set[str]:
        """A shard, and what it was made of and what of it: it may have come and gone unseen."""
        found = {shard_id}
        for shard in reversed(self.stream.shards):
            if shard.id in found:
                found.update(shard.parents)
        for shard in self.stream.shards:
            if found & set(shard.parents):
                found.add(shard.id)
        return found

    def _state(self, slot: int) -> SlotState:
        process = next(process for process in self.processes if slot in process.slots)
        return process.reading.state(slot)

    def _judge_report(self, gap: Trimmed) -> None:
        """A gap is reported only where there can be one."""
        self.reported.add(gap.shard_id)
        now = self.clock.now()
        if gap.gone:
            shard = self.stream.shard(gap.shard_id)
            assert shard.closed_at < now - self.stream.retention_s
            return
        assert gap.since is not None
        assert gap.since <= now - SAFE_S
        if gap.after is not None:
            last = next(r for r in self._records(gap.shard_id) if r.sequence_number == gap.after)
            assert self._is_trimmed(last), "the last record was there, so nothing was missing"

    def _note_promises(self, slot: int, state: SlotState) -> None:
        """From when on a lost record of a shard must be reported."""
        self.known |= state.shards.keys()
        if state.listed_at is not None:
            self.listed.setdefault(slot, state.listed_at)
        for shard in self.stream.shards:
            if _slot_of(shard) != slot:
                continue
            kept = state.shards.get(shard.id)
            since = kept.seen if kept is not None else None
            if since is not None:
                self.promised_since.setdefault(shard.id, since)
            if kept is not None and kept.sequence_number is not None:
                self._judge_seen(shard.id, slot, since)

    def _judge_seen(self, shard_id: str, slot: int, seen: float | None) -> None:
        """What arrived before the time that a state names was taken."""
        taken = set(self.taken[shard_id])
        for record in self._records(shard_id):
            if seen is not None and record.at < seen and record.sequence_number not in taken:
                self._judge_missing(slot, record)

    def drain(self) -> None:
        """Read until nothing is left, then judge each record that was ever written.

        By processes that are new, as `at_tip` tells that the tip was reached once since the start.
        """
        self.commit()
        self.crash()
        self.start_processes(2)
        for _ in range(2_000):
            self.clock.advance(0.5)
            for process in self.processes:
                while process.under_way:
                    self.finish(process, 0)
                while self.begin(process, at_once=True):
                    self.finish(process, 0)
                self.take(process)
            if all(process.reading.at_tip for process in self.processes):
                break
        else:
            raise AssertionError("the readers did not come to the tip")
        for shard in self.stream.shards:
            self._judge_rest(shard.id)
