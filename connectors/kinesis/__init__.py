"""Amazon Kinesis for Bytewax: a sink and a source that are at least once and keep order.

The sink keeps the order of each partition key, the source that of each shard, through reshards.

    sink = KinesisSink("leads", region="us-east-1", dead_letters=DeadLetters("dead/", 1 << 30))
    op.output("kinesis", stream_of_key_and_records, sink)  # items (key, list[KinesisRecord])

    source = KinesisSource("leads", region="us-east-1", start="latest")
    lists = op.input("leads", flow, source)  # items list[KinesisSourceRecord], of one shard

The way of a record, from top to bottom:

    sink          what Bytewax sees            source        what Bytewax sees
    dispatch      does what is decided         fetch         does what is decided
    core/         decides: delivery            core/         decides: reading; aggregates opens some
    client        makes the calls              read_client   makes the calls

    connection    what both clients are: a way to Kinesis, whose failures are put into words by
                  refusals; shortcut, read_shortcut, transport and codec make the calls fast
    dead_letters  keeps what can never be accepted; dead_letter_file reads it, replay sends it again
    tail          reads a stream in one thread, for tools; operators has the source as a step
    testing/      a strict fake stream with faults, a contract for sinks, an emulator

Nothing happens at import, and boto3 is imported only when a sink connects. The folder imports
itself only relatively, so it can be taken as it is.
"""

from __future__ import annotations

from .core.read_stats import ReadStats
from .core.record import KinesisRecord
from .core.source_record import KinesisSourceRecord
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
    KinesisShardNotFound,
    KinesisStateUnreadable,
    KinesisStreamNotFound,
    KinesisUnreachable,
)
from .sink import KinesisSink
from .source import KinesisSource

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
    "KinesisShardNotFound",
    "KinesisSink",
    "KinesisSource",
    "KinesisSourceRecord",
    "KinesisStateUnreadable",
    "KinesisStreamNotFound",
    "KinesisUnreachable",
    "Levels",
    "ReadStats",
]
