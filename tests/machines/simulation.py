"""One simulated life of the delivery against a fake stream, under a clock of its own.

    python -m tests.machines.simulation 1234     plays one seed and prints what happened

A seed fixes everything: the stream, its reshards, the records, the faults, the times. The delivery
sees only what a process would: answers, errors and the clock. What is required of it is checked
here at each request and at the end, from the requests and answers as they went over the wire.
"""

from __future__ import annotations

import heapq
import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from connectors.kinesis.codec import UnreadableAnswer, decode_entries, encode_records
from connectors.kinesis.core.actions import Aside, DeliverySettings, Request
from connectors.kinesis.core.delivery import Delivery
from connectors.kinesis.core.record import KinesisRecord
from connectors.kinesis.core.retry import Kind, decide
from connectors.kinesis.core.shards import Shard, ShardMap
from connectors.kinesis.core.stats import DeliveryStats
from connectors.kinesis.testing.clock import VirtualClock
from connectors.kinesis.testing.fake import FakeKinesis, FakeStream, Reply
from connectors.kinesis.testing.faults import CUTS, EDITS, REFUSALS, Lost, Refusal, slow
from connectors.kinesis.testing.faulty import Dice, FaultyKinesis
from tests.machines.delivery_judge import KEY_CHARS, RECORD_BYTES, Judge, require

STREAM = "leads"
TARGET = {"StreamName": STREAM}
STEPS_MAX = 20_000
"""Far more events than any seed has: a delivery that goes on without end fails instead."""

FOREVER_S = 1e6
NEEDS_PERSON = {code for code in REFUSALS if decide(code, 400).needs_person}
KINDS = sorted({*EDITS, *REFUSALS, *CUTS, "throttle", "internal_failure", "throttle_all", "slow"})


@dataclass
class Life:
    """What became of one seed.

    Attributes:
        reached: how often each kind of fault was met.
        stats: the delivery's own counts.
        gave_up: whether it ended by giving up.
        stored: what the stream took, in order: partition key and data.
    """

    reached: Counter[str]
    stats: DeliveryStats
    gave_up: bool
    stored: list[tuple[str, bytes]] = field(default_factory=list)


class Simulation:
    """A process, a network and a stream, as far as the delivery can tell."""

    def __init__(
        self,
        seed: int,
        say: Callable[[str], None] = lambda _: None,
        delivery: type[Delivery] = Delivery,
    ) -> None:
        """Draw a life.

        Args:
            seed: fixes all of it.
            say: told what happens, a line each.
            delivery: what is put to the test.
        """
        self.chance = random.Random(seed)
        self.say = say
        self.clock = VirtualClock(self.chance.choice([0.0, 1e5]))
        self.stream, self.kinesis = self._draw_stream(seed)
        chance = self.chance
        self.settings = DeliverySettings(
            max_in_flight=chance.choice([1, 2, 3, 8]),
            linger_s=chance.choice([0.0, 0.05, 0.1, 5.0]),
            give_up_s=FOREVER_S if chance.random() < 0.9 else chance.choice([0.0, 1.0, 30.0]),
            max_record_bytes=RECORD_BYTES,
            buffer_records=chance.choice([3, 50, 1_000, 5_000]),
            buffer_bytes=chance.choice([2_000, 1 << 20, 64 << 20]),
        )
        self.stats = DeliveryStats()
        self.delivery = delivery(self.stats, self.settings, chance.random)
        self.judge = Judge(self.settings.max_in_flight)
        self.gave_up = False
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._poll_at = FOREVER_S * FOREVER_S
        self._can_list = chance.random() < 0.8

    def _draw_stream(self, seed: int) -> tuple[FakeStream, FaultyKinesis]:
        chance = self.chance
        fake = FakeKinesis()
        stream = fake.create(STREAM, shards=chance.choice([1, 2, 4]), now=self.clock.now())
        stream.limits_rate = chance.random() < 0.5
        for shard in stream.open_shards:
            if chance.random() < 0.3:
                stream.set_rate(shard.id, chance.choice([0.005, 0.02, 0.1]))
        kinds = chance.sample(KINDS, chance.randint(0, 3))
        if chance.random() < 0.7:  # a life without those goes further
            kinds = [kind for kind in kinds if kind not in NEEDS_PERSON]
        rates = {kind: chance.choice([0.05, 0.1, 0.2]) for kind in kinds}
        dice = Dice(
            seed,
            rates,
            failing=chance.choice([0.1, 0.5, 1.0]),
            also={"slow": slow(chance.uniform(0, 20))},
        )
        refused = {} if chance.random() < 0.8 else {"ListShards": Refusal("AccessDeniedException")}
        return stream, FaultyKinesis(fake, dice, refused=refused)

    def live(self) -> Life:
        """Offer all records, flush now and then, and wait for the end."""
        chance = self.chance
        keys = [f"{number:032x}" for number in range(chance.choice([1, 5, 100]))]
        keys += ["é" * 3] if chance.random() < 0.2 else []
        numbers = iter(range(1_000_000))
        for _ in range(chance.randint(1, 5)):
            self._write(
                [self._draw_record(keys, next(numbers)) for _ in range(chance.choice([1, 10, 100]))]
            )
            if chance.random() < 0.5:
                self.delivery.flush()
                self._poll()
                self._until(lambda: self.delivery.is_empty)
            elif chance.random() < 0.5:
                self._for(chance.choice([0.01, 0.3, 10.0]))
            if chance.random() < 0.3:
                self._reshard()
        # Whatever is left goes without any further call.
        self._until(lambda: self.delivery.is_empty)
        stored = [(each.partition_key, each.data) for each in self.kinesis.fake.stored(STREAM)]
        self.judge.ended(self.stats, stored, gave_up=self.gave_up)
        return Life(self.kinesis.reached, self.stats, self.gave_up, stored)

    def _draw_record(self, keys: list[str], number: int) -> KinesisRecord:
        chance = self.chance
        key, text = chance.choice(keys), b"%d " % number
        size = chance.choice([0, 0, 0, 200, 5_000])
        drawn = chance.random()
        if drawn < 0.003:
            size = RECORD_BYTES
        if drawn > 0.995:
            key = chance.choice(["", "k" * (KEY_CHARS + 1)])
        hash_key = str(chance.randrange(2**128)) if chance.random() < 0.02 else None
        return KinesisRecord(text + b"x" * size, key, hash_key, chance.random() < 0.3)

    def _reshard(self) -> None:
        open_shards = sorted(self.stream.open_shards, key=lambda shard: shard.first)
        now = self.clock.now()
        if len(open_shards) > 1 and self.chance.random() < 0.5:
            first, second = open_shards[:2]
            self.stream.merge(first.id, second.id, now)
        else:
            shard = self.chance.choice(open_shards)
            if shard.last - shard.first > 1:
                self.stream.split(shard.id, (shard.first + shard.last) // 2 + 1, now)
        self.say(f"{now:10.3f} reshard: {len(self.stream.open_shards)} open shards")

    # The process

    def _write(self, records: list[KinesisRecord]) -> None:
        place = 0
        while place < len(records):
            self._until(lambda: self.delivery.has_room)
            if self.gave_up:
                return
            start = place
            place = self.delivery.offer(records, start, self.clock.now())
            self.judge.offered(records[start:place])
            self._poll()

    def _until(self, condition: Callable[[], bool]) -> None:
        while not condition() and not self.gave_up:
            require(holds=self._step(), promise="what waits goes on by itself")

    def _for(self, seconds: float) -> None:
        end = self.clock.now() + seconds
        while not self.gave_up and self._next_at() <= end:
            self._step()
        self.clock.advance_to(max(end, self.clock.now()))

    def _next_at(self) -> float:
        return min(self._poll_at, self._events[0][0] if self._events else self._poll_at)

    def _step(self) -> bool:
        """Let the next thing happen; False if there is none."""
        at = self._next_at()
        if at > FOREVER_S / 2 + 1e5:
            return False
        require(holds=next(self._numbers) < STEPS_MAX, promise="it comes to an end")
        self.clock.advance_to(max(at, self.clock.now()))
        if self._events and self._events[0][0] <= at:
            heapq.heappop(self._events)[2]()
        else:
            self._poll_at = FOREVER_S * FOREVER_S
        self._poll()
        return True

    def _later(self, seconds: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.clock.now() + seconds, next(self._numbers), event))

    def _poll(self) -> None:
        if self.gave_up:
            return
        now = self.clock.now()
        actions = self.delivery.poll(now)
        self._poll_at = actions.poll_at
        self.gave_up = actions.gave_up
        for aside in actions.asides:
            if isinstance(aside, Aside):
                self.judge.put_aside(aside.record)
                self.say(f"{now:10.3f} aside: {aside.cause}")
        for request in actions.requests:
            self._send(request, now)
        if actions.wants_shards and self._can_list:
            self._can_list = False
            self._later(self.chance.uniform(0.001, 0.5), self._list)

    # The network

    def _send(self, request: Request, now: float) -> None:
        self.judge.sent(request.records)
        self.say(f"{now:10.3f} send {len(request.records)} records")
        body = encode_records(request.records, TARGET)
        there, back = (self.chance.choice([0.001, 0.02, 0.5]) * self.chance.random() for _ in "ab")
        self._later(there, partial(self._arrive, request, body, back))

    def _arrive(self, request: Request, body: bytes, back_s: float) -> None:
        reply = self.kinesis.call("PutRecords", body, self.clock.now())
        delay_s = (
            (5.0 if reply.kind == "timeout" else 0.0) if isinstance(reply, Lost) else reply.delay_s
        )
        self._later(back_s + delay_s, partial(self._answer, request, reply))

    def _answer(self, request: Request, reply: Reply | Lost) -> None:
        now = self.clock.now()
        if self.gave_up:
            return
        if isinstance(reply, Lost):
            self.say(f"{now:10.3f} lost: {reply.name}")
            self.judge.failed(request.records)
            self.delivery.failed(request, Kind.UNAVAILABLE, reply.name, now)
            return
        status, body = reply.status, reply.body
        if status != 200:
            code = json.loads(body)["__type"]
            self.say(f"{now:10.3f} refused: {code}")
            self.judge.failed(request.records, code)
            self.delivery.failed(request, decide(code, status), code, now)
            return
        try:
            entries = decode_entries(body)
        except UnreadableAnswer:
            entries = []
        if len(entries) != len(request.records):
            self.say(f"{now:10.3f} unreadable answer")
            self.judge.failed(request.records)
            self.delivery.failed(request, Kind.UNAVAILABLE, "UnreadableAnswer", now)
            return
        self.judge.answered(request.records, json.loads(body)["Records"])
        codes = self.delivery.answered(request, entries, now)
        self.say(f"{now:10.3f} answered: {len(entries) - codes.total()} taken, {dict(codes)}")

    def _list(self) -> None:
        self._can_list = True
        reply = self.kinesis.call("ListShards", json.dumps(TARGET).encode(), self.clock.now())
        if isinstance(reply, Lost) or reply.status != 200:
            self._can_list = False
            return
        shards = [
            Shard(
                shard["ShardId"],
                int(shard["HashKeyRange"]["StartingHashKey"]),
                int(shard["HashKeyRange"]["EndingHashKey"]),
                "EndingSequenceNumber" not in shard["SequenceNumberRange"],
            )
            for shard in json.loads(reply.body)["Shards"]
        ]
        self.delivery.remap(ShardMap(shards), self.clock.now())


if __name__ == "__main__":
    life = Simulation(int(sys.argv[1]), say=print).live()
    print(life.stats, "gave up" if life.gave_up else "", dict(life.reached))  # noqa: T201
