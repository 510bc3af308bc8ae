"""A Kafka cluster within the process: the mock that librdkafka brings for its own tests.

It speaks the real protocol on a loopback port, to any client. The functions are those of librdkafka
2.16's `rdkafka_mock.h`, called in the library that confluent-kafka brings along. It cannot look up
offsets by time, its logs have no holes, and it keeps the newest 5 MB of a partition.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import confluent_kafka
from confluent_kafka import Producer

TOPIC_AUTHORIZATION_FAILED = 29
_PRODUCER = 0
_ALL_BROKERS = -1


class Cluster:
    """One broker, on a port of its own.

    Attributes:
        brokers: where to reach it.
    """

    def __init__(self, library: ctypes.CDLL, mock: ctypes.c_void_p) -> None:
        """Wrap a mock cluster."""
        self._library = library
        self._mock = mock
        text = library.rd_kafka_mock_cluster_bootstraps(mock)
        self.brokers = [text.decode()]
        self._producer = Producer({"bootstrap.servers": text.decode(), "log_level": 2})

    def create(self, topic: str, partitions: int) -> None:
        """Make a topic."""
        self._call("topic_create", topic.encode(), ctypes.c_int(partitions), ctypes.c_int(1))

    def delete(self, topic: str) -> None:
        """Remove a topic with all that it holds."""
        self._call("topic_delete", topic.encode())

    def write(
        self,
        topic: str,
        partition: int,
        *values: bytes | None,
        key: bytes | None = None,
        time_ms: int = 1_700_000_000_000,
    ) -> None:
        """Append records to a partition."""
        for value in values:
            self._producer.produce(
                topic, value=value, key=key, partition=partition, timestamp=time_ms
            )
        assert self._producer.flush(30) == 0

    def trim(self, topic: str, partition: int, before: int) -> None:
        """Delete the records of a partition before an offset."""
        self._call(
            "partition_delete_records",
            topic.encode(),
            ctypes.c_int32(partition),
            ctypes.c_int64(before),
        )

    def fail(self, topic: str, code: int) -> None:
        """Answer what concerns a topic with an error of the protocol; 0 to stop that."""
        self._library.rd_kafka_mock_topic_set_error(self._mock, topic.encode(), ctypes.c_int(code))

    def down(self) -> None:
        """Cut all connections and take no more."""
        self._call("broker_set_down", ctypes.c_int32(_ALL_BROKERS))

    def up(self) -> None:
        """Take connections again."""
        self._call("broker_set_up", ctypes.c_int32(_ALL_BROKERS))

    def _call(self, function: str, *args: Any) -> None:
        code = getattr(self._library, f"rd_kafka_mock_{function}")(self._mock, *args)
        assert code == 0, f"{function} answered {code}"


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a cluster."""
    package = Path(confluent_kafka.__file__).parent
    found = [
        *package.parent.glob("confluent_kafka.libs/librdkafka*"),
        *package.rglob("librdkafka*"),
    ]
    library = ctypes.CDLL(str(found[0]))
    for name in ("conf_new", "new", "mock_cluster_new"):
        getattr(library, f"rd_kafka_{name}").restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    library.rd_kafka_mock_topic_set_error.restype = None
    why = ctypes.create_string_buffer(512)
    conf = ctypes.c_void_p(library.rd_kafka_conf_new())
    library.rd_kafka_conf_set(conf, b"log_level", b"2", why, ctypes.c_size_t(len(why)))
    client = ctypes.c_void_p(
        library.rd_kafka_new(ctypes.c_int(_PRODUCER), conf, why, ctypes.c_size_t(len(why)))
    )
    mock = ctypes.c_void_p(library.rd_kafka_mock_cluster_new(client, ctypes.c_int(1)))
    try:
        yield Cluster(library, mock)
    finally:
        library.rd_kafka_mock_cluster_destroy(mock)
        library.rd_kafka_destroy(client)
