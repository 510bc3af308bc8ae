"""A topic read to its end, outside Bytewax."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from .connection import Connection, Start, checked_start, connect
from .record import KafkaRecord


def read_topic(
    topic: str,
    *,
    brokers: Sequence[str],
    start: Start = "earliest",
    options: Mapping[str, str] | None = None,
    give_up_s: float = 30.0,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[KafkaRecord]:
    """Yield each record that a topic holds when this begins, in the order of its partition.

    Args:
        topic: Name of the topic.
        brokers: Some brokers of the cluster, as host:port.
        start: Where to begin, as for `KafkaSource`.
        options: Further settings of librdkafka.
        give_up_s: How long nothing may come before that is an error, seconds.
        clock: Seconds, never going back.

    Raises:
        ValueError: An argument cannot be right.
        KafkaError: The topic cannot be read.
    """
    to = Connection(topic=topic, brokers=tuple(brokers), options=dict(options or {}))
    client = connect(to, queue_bytes=32 << 20, tells_end=True)
    try:
        found = client.partitions()
        begins, ends = client.offsets(checked_start(start), found), client.offsets("latest", found)
        unread = {each for each in found if begins[each] < ends[each]}
        client.read({each: begins[each] for each in unread})
        heard = clock()
        while unread:
            received = client.receive(1.0)
            for partition, records in received.records.items():
                yield from (each for each in records if each.offset < ends[partition])
                if records[-1].offset + 1 >= ends[partition]:
                    unread.discard(partition)
            # The last offsets may hold no record (markers of transactions, compacted ones), so that
            # nothing comes of them but the news that all was read.
            unread.difference_update(received.ended)
            client.skip(received.gone)
            if received.records or received.gone:
                heard = clock()
            elif clock() - heard >= give_up_s:
                raise client.trouble()
    finally:
        client.close()
