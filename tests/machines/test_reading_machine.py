"""The reading of a stream held against a fake one: reshards, trimming, crashes, rescaling."""

from __future__ import annotations

from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.machines.reading_world import Process, ReadingWorld

SHARDS_MAX = 12
HOUR = 3600.0
HOURS = [12, 22, 23, 24, 25, 50]
FAILURES = ["ProvisionedThroughputExceededException", "InternalFailure", "ExpiredIteratorException"]


class ReadingMachine(RuleBasedStateMachine):
    """Processes whose calls end in any order, while time passes and the stream changes."""

    @initialize(
        start=st.sampled_from(["trim_horizon", "latest"]),
        shards=st.integers(1, 4),
        seed=st.integers(0, 2**32 - 1),
    )
    def begin_world(self, start: str, shards: int, seed: int) -> None:
        """Make a stream, and one process that reads it."""
        self.world = ReadingWorld(
            "latest" if start == "latest" else "trim_horizon", shards, Random(seed).random
        )

    @rule(data=st.data())
    def write(self, data: st.DataObject) -> None:
        """Write a record to a shard, again and again."""
        shard = data.draw(st.sampled_from(self.world.stream.open_shards))
        self.world.write([shard.first] * data.draw(st.integers(1, 4)))

    @rule(data=st.data(), change=st.sampled_from(["split", "merge", "double", "halve"]))
    def reshard(self, data: st.DataObject, change: str) -> None:
        """Write to each shard, change the shards if that is possible, write to each again."""
        stream, now = self.world.stream, self.world.clock.now()
        shards = stream.open_shards
        place = data.draw(st.integers(0, len(shards) - 1))
        self.world.write([shard.first for shard in shards])
        if change == "split" and len(shards) < SHARDS_MAX:
            third = (shards[place].last - shards[place].first) // 3
            stream.split(shards[place].id, shards[place].first + third, now)
        elif change == "merge" and place:
            stream.merge(shards[place - 1].id, shards[place].id, now)
        elif change == "double" and 2 * len(shards) <= SHARDS_MAX:
            stream.update_shard_count(2 * len(shards), now)
        elif change == "halve" and len(shards) % 2 == 0:
            stream.update_shard_count(len(shards) // 2, now)
        self.world.write([shard.first for shard in stream.open_shards])

    @rule(seconds=st.sampled_from([0.25, 1.0, 10.0, 280.0, 400.0, *(h * HOUR for h in HOURS)]))
    def pass_time(self, seconds: float) -> None:
        """Let a moment pass, or more than an iterator lives, or than a record is kept."""
        self.world.clock.advance(seconds)

    def _draw_process(self, data: st.DataObject) -> Process:
        return data.draw(st.sampled_from(self.world.processes))

    @rule(data=st.data(), at_once=st.booleans())
    def begin_call(self, data: st.DataObject, *, at_once: bool) -> None:
        """Begin a call that Kinesis carries out now, or later."""
        self.world.begin(self._draw_process(data), at_once=at_once)

    @precondition(lambda self: any(process.under_way for process in self.world.processes))
    @rule(data=st.data(), failure=st.none() | st.sampled_from(FAILURES))
    def end_call(self, data: st.DataObject, failure: str | None) -> None:
        """Let one of the calls under way end, well or badly."""
        busy = [process for process in self.world.processes if process.under_way]
        process = data.draw(st.sampled_from(busy))
        place = data.draw(st.integers(0, len(process.under_way) - 1))
        self.world.finish(process, place, failure)

    @rule(rounds=st.integers(1, 4), shuffle=st.booleans(), take=st.booleans(), write=st.booleans())
    def work(self, rounds: int, *, shuffle: bool, take: bool, write: bool) -> None:
        """Let all processes do what there is to do; calls end as they began, or in any order."""
        for _ in range(rounds):
            self.world.clock.advance(0.5)
            if write:
                self.world.write([shard.first for shard in self.world.stream.open_shards])
            for process in self.world.processes:
                while self.world.begin(process, at_once=True):
                    pass
                while count := len(process.under_way):
                    self.world.finish(process, int(shuffle * self.world.random() * count))
                if take:
                    self.world.take(process)

    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        """Take what a process has read."""
        self.world.take(self._draw_process(data))

    @rule()
    def commit(self) -> None:
        """End an epoch."""
        self.world.commit()

    @rule(count=st.integers(1, 4), is_clean=st.booleans())
    def stop(self, count: int, *, is_clean: bool) -> None:
        """End all processes, after a commit or without, and start some from the last commit."""
        if is_clean:
            self.world.commit()
        self.world.crash()
        self.world.start_processes(count)

    def teardown(self) -> None:
        """Read to the end, and look for each record."""
        if hasattr(self, "world"):
            self.world.drain()


TestReading = ReadingMachine.TestCase
TestReading.settings = settings(stateful_step_count=60)
