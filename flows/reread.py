"""Reread: each input from its start to its present end, as the job reads it, but by no engine."""

from __future__ import annotations

import time
from collections.abc import Iterator

from connectors.jsonl import JsonlSource
from connectors.kafka import read_topic
from connectors.kinesis.read_client import ReadClient
from connectors.kinesis.tail import read_stream
from flows.batch import Batch
from flows.destination import Destination, Jsonl, Kafka, Kinesis
from flows.read import (
    batch_of_lines,
    batch_of_messages,
    batch_of_records,
    kafka_start,
    key_namespace,
    kinesis_start,
)
from flows.readers import RETRY
from flows.retry import inputs

_REQUEST_TIMEOUT_S = 10.0
_GIVE_UP_S = 30.0
"""A person waits for the answer, so not as long as the job would."""

_IDLE_S = 0.01
"""Between two looks at a standard input that has nothing yet."""


def reread(destination: Destination) -> Iterator[Batch]:
    """Give the batches of the inputs, one input after the other, in the order of the configuration.

    Raises:
        JsonlError, KinesisError, KafkaError: an input cannot be read.
    """
    for each in inputs(destination):
        if each.jsonl is not None:
            yield from _files(destination, each.name, each.jsonl)
        if each.kinesis is not None:
            yield from _stream(destination, each.name, each.kinesis)
        if each.kafka is not None:
            yield from _topic(destination, each.name, each.kafka)


def _files(destination: Destination, name: str, jsonl: Jsonl) -> Iterator[Batch]:
    source = JsonlSource(
        name, jsonl.path, optional=name == RETRY, line_bytes=destination.limits.line_bytes
    )
    part = source.build_part("reread", name, None)
    try:
        while True:
            try:
                batches = part.next_batch()
            except StopIteration:
                return
            if not batches and jsonl.path == "-":
                time.sleep(_IDLE_S)
            yield from map(batch_of_lines, batches)
    finally:
        part.close()


def _stream(destination: Destination, name: str, kinesis: Kinesis) -> Iterator[Batch]:
    account = destination.account
    client = ReadClient(
        kinesis.stream,
        region=kinesis.region or account.region,
        endpoint_url=kinesis.endpoint_url or account.endpoint_url,
        session=account.profile,
        connections=1,
        request_timeout_s=_REQUEST_TIMEOUT_S,
    )
    try:
        for record in read_stream(
            client,
            start=kinesis_start(kinesis.start),
            follow=False,
            give_up_s=_GIVE_UP_S,
            out_of_range=kinesis.out_of_range,
        ):
            yield batch_of_records(name, [record])
    finally:
        client.close()


def _topic(destination: Destination, name: str, kafka: Kafka) -> Iterator[Batch]:
    start = kafka_start(kafka.start)
    key = key_namespace(destination)
    for record in read_topic(kafka.topic, brokers=kafka.brokers, start=start, give_up_s=_GIVE_UP_S):
        yield batch_of_messages(name, kafka.topic, key, [record])
