"""Amazon Kinesis for Bytewax: a sink that is at least once and keeps order per partition key.

    sink = KinesisSink("leads", region="us-east-1", dead_letters=DeadLetters("dead/", 1 << 30))
    op.output("kinesis", stream_of_key_and_records, sink)  # items (key, list[KinesisRecord])

The way of a record, from top to bottom:

    sink          what Bytewax sees
    dispatch      does what is decided: threads, back-pressure, keeping dead letters
    core/         decides: what waits, what is sent next, what an answer means
    client        makes the calls; shortcut, transport and codec make them fast, refusals words them
    dead_letters  keeps what can never be accepted; dead_letter_file reads it, replay sends it again
    testing/      a strict fake stream with faults, a contract for sinks, an emulator

Nothing happens at import, and boto3 is imported only when a sink connects. The folder imports
itself only relatively, so it can be taken as it is.
"""

from __future__ import annotations

from .core.record import KinesisRecord
from .core.stats import DeliveryStats, Levels
from .dead_letters import DeadLetterKeeper, DeadLetters
from .errors import (
    DeadLettersFull,
    DeadLettersUnusable,
    KinesisAccountingError,
    KinesisConfigurationError,
    KinesisError,
    KinesisPermissionDenied,
    KinesisRecordRefused,
    KinesisRequestRefused,
    KinesisStreamNotFound,
    KinesisUnreachable,
)
from .sink import KinesisSink

__all__ = [
    "DeadLetterKeeper",
    "DeadLetters",
    "DeadLettersFull",
    "DeadLettersUnusable",
    "DeliveryStats",
    "KinesisAccountingError",
    "KinesisConfigurationError",
    "KinesisError",
    "KinesisPermissionDenied",
    "KinesisRecord",
    "KinesisRecordRefused",
    "KinesisRequestRefused",
    "KinesisSink",
    "KinesisStreamNotFound",
    "KinesisUnreachable",
    "Levels",
]
