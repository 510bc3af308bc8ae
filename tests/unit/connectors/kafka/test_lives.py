"""Executions that end anywhere, over the real protocol: what their epochs kept is the topic."""

from __future__ import annotations

import random

import pytest

from connectors.kafka import KafkaRecord
from tests.support.kafka import Cluster
from tests.unit.connectors.kafka.execution import execution

LIVES = 6
PARTITIONS = 3


@pytest.mark.parametrize("seed", range(3))
def test_committed_epochs_hold_each_record_once_and_in_order(kafka: Cluster, seed: int) -> None:
    """Each execution goes on from the last snapshot, whatever was given out after it."""
    dice = random.Random(seed)
    kafka.create("t", PARTITIONS)
    written = dict.fromkeys(range(PARTITIONS), 0)
    kept: list[KafkaRecord] = []
    states: dict[str, bytes] = {}
    for life in range(LIVES):
        with execution("t", kafka.brokers, states) as run:
            done = 0
            for _ in range(dice.randint(1, 3)):
                for partition in range(PARTITIONS):
                    count = dice.randint(0, 5)
                    values = [b"%d" % (written[partition] + n) for n in range(count)]
                    kafka.write("t", partition, *values)
                    written[partition] += count
                unread = sum(written.values()) - len(kept) - (len(run.records) - done)
                last = life == LIVES - 1
                run.read(len(run.records) + (unread if last else dice.randint(0, unread)))
                if last or dice.random() < 0.5:
                    states = run.snapshot()
                    kept += run.records[done:]
                    done = len(run.records)
    for partition in range(PARTITIONS):
        mine = [(each.offset, each.value) for each in kept if each.partition == partition]
        assert [(n, b"%d" % n) for n in range(written[partition])] == mine, f"seed {seed}"
