"""An execution of a Kafka source: all of its slots, asked as Bytewax asks them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bytewax.inputs import StatefulSourcePartition

from connectors.kafka import KafkaRecord, KafkaSource
from tests.support.waiting import wait_until

QUICK = {"fetch.wait.max.ms": "10", "fetch.error.backoff.ms": "10"}
"""The mock answers a fetch only when its time is up, and nobody else has to be spared."""


class Execution:
    """What one execution gave out.

    Attributes:
        lists: the items, in order.
    """

    def __init__(self, source: KafkaSource, states: Mapping[str, bytes]) -> None:
        """Build all slots."""
        self.source = source
        self.parts: dict[str, StatefulSourcePartition[list[KafkaRecord], bytes]] = {
            name: source.build_part("read", name, states.get(name)) for name in source.list_parts()
        }
        self.lists: list[list[KafkaRecord]] = []

    @property
    def records(self) -> list[KafkaRecord]:
        """All records."""
        return [each for batch in self.lists for each in batch]

    def values(self, partition: int) -> list[bytes | None]:
        """Return what the records of a partition held, in order."""
        return [each.value for each in self.records if each.partition == partition]

    def ask(self) -> None:
        """Ask each slot once."""
        for part in self.parts.values():
            self.lists += part.next_batch()

    def read(self, count: int) -> None:
        """Ask until this many records came in all."""

        def came() -> bool:
            self.ask()
            return len(self.records) >= count

        wait_until(came)

    def snapshot(self) -> dict[str, bytes]:
        """End an epoch."""
        return {name: part.snapshot() for name, part in self.parts.items()}

    def close(self) -> None:
        """End."""
        for part in self.parts.values():
            part.close()


@contextmanager
def execution(
    topic: str, brokers: list[str], states: Mapping[str, bytes] | None = None, **options: Any
) -> Iterator[Execution]:
    """Run a source of a topic, on from these states."""
    run = Execution(KafkaSource(topic, brokers=brokers, options=QUICK, **options), states or {})
    try:
        yield run
    finally:
        run.close()
