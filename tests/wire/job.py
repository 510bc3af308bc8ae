"""A sink on a scripted stream, driven without any waiting."""

from __future__ import annotations

from connectors.kinesis import DeadLetters, KinesisRecord, KinesisSink
from tests.wire.scripted import ScriptedKinesis, Sent, Step

A1, A2, A3 = ("a", b"a1"), ("a", b"a2"), ("a", b"a3")
B1, B2, C1 = ("b", b"b1"), ("b", b"b2"), ("c", b"c1")


class Job:
    """A sink with one partition and one request at a time, which never really waits.

    Its clock is that of the stream, and its pauses have no length.
    """

    def __init__(
        self,
        kinesis: ScriptedKinesis,
        give_up_s: float = 900,
        dead_letters: DeadLetters | None = None,
    ) -> None:
        """Connect to the scripted stream."""
        self.sink = KinesisSink(
            "leads",
            session=kinesis.session,
            partitions=1,
            max_in_flight=1,
            linger_ms=10_000,
            give_up_s=give_up_s,
            dead_letters=dead_letters,
            _clock=lambda: kinesis.now,
            _random=lambda: 0.0,
        )
        self.part = self.sink.build_part("kinesis", "0000", None)

    def deliver(self, *records: Sent) -> None:
        """Write one list of records, end the epoch, and stop."""
        try:
            self.write(*records)
            self.part.snapshot()
        finally:
            self.part.close()

    def write(self, *records: Sent) -> None:
        """Write one list of records."""
        self.part.write_batch([[KinesisRecord(data, key) for key, data in records]])


def deliver(step: Step, *records: Sent) -> ScriptedKinesis:
    """Deliver records when the first answer is `step`; everything must be acknowledged."""
    kinesis = ScriptedKinesis(step)
    job = Job(kinesis)
    job.deliver(*records)
    assert len(records) == job.sink.stats.offered
    assert len(records) == job.sink.stats.acknowledged
    assert len(kinesis.requests) == job.sink.stats.requests
    return kinesis
