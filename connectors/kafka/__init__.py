"""Kafka for Bytewax: a source whose positions live in the recovery store.

Read `source` first, then `reader` for who does what when. `read_topic` reads a topic to its end,
outside Bytewax. Needs the package confluent-kafka, which is loaded when a source connects.
"""

from .errors import (
    KafkaConfigurationError,
    KafkaError,
    KafkaPermissionDenied,
    KafkaTopicNotFound,
    KafkaUnreachable,
    KafkaUnreadable,
)
from .record import KafkaRecord
from .source import KafkaSource
from .stats import KafkaStats
from .topic import read_topic

__all__ = [
    "KafkaConfigurationError",
    "KafkaError",
    "KafkaPermissionDenied",
    "KafkaRecord",
    "KafkaSource",
    "KafkaStats",
    "KafkaTopicNotFound",
    "KafkaUnreachable",
    "KafkaUnreadable",
    "read_topic",
]
