"""Neither credentials nor personal data get out by what a running job tells of itself.

Metrics are read from a job whose every identity, partition key and value is a canary, while records
wait, fail and are put aside. Logs are the program's own, at their most verbose, with the loggers of
the AWS SDK at DEBUG as well.
"""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from connectors.kinesis import DeliveryStats, KinesisRecord
from connectors.kinesis.core.actions import DeliverySettings
from connectors.kinesis.core.answer import Entry
from connectors.kinesis.core.delivery import Delivery
from flows.batch import Batch
from flows.destination.load import load
from flows.funnel import Funnel
from flows.join import Lane
from flows.metrics import JobCollector
from flows.profile.exporter import Exporter
from flows.readers import Readers
from flows.route import Frame, Router
from flows.runner.progress import Progress
from tests.support.answering import Answering
from tests.support.canaries import ID, SECRETS, TIER, found_in, leaks, person
from tests.support.folder import Folder
from tests.support.program import MAIN, Ended, environment, python, run

THROTTLED = "ProvisionedThroughputExceededException"
CLEAR_KEYS = ("stream.partition_key=identity", "limits.id_chars=250")
QUOTING = f"Rate exceeded for crmid:{ID}, {TIER}"


def joined(folder: Folder, funnel: Funnel) -> list[KinesisRecord]:
    """Give the records of three fragments of one person; a fourth is rejected."""
    destination = load(folder.config, environment={}, overrides=CLEAR_KEYS)
    tiers = [person(loyalty={"tier": f"{TIER}-{number}"}).encode() for number in range(3)]
    batch = Batch("profiles", f"{ID}.jsonl", 0, 1, 0, [*tiers, f"{{{ID}".encode()])
    lane = Lane(destination, Readers(destination), Exporter(destination), funnel, None)
    frames = [
        item
        for _, item in Router(destination, Readers(destination), funnel).to_lanes([batch])
        if isinstance(item, Frame)
    ]
    records = [
        record
        for item in lane.on_batch(list(frames))[0]
        if isinstance(item, list)
        for record in item
    ]
    lane.snapshot()
    return records


def test_metrics_name_nobody(folder: Folder) -> None:
    """A key with a queue, a throttle that quotes the key, a dead letter: only numbers are told."""
    funnel, stats = Funnel(), DeliveryStats()
    records = joined(folder, funnel)
    assert f"crmid:{ID}" == records[0].partition_key
    settings = DeliverySettings(
        max_in_flight=1,
        linger_s=0,
        give_up_s=900,
        max_record_bytes=1_000,
        buffer_records=100,
        buffer_bytes=100_000,
    )
    delivery = Delivery(stats, settings, lambda: 0.5)
    delivery.offer([KinesisRecord(TIER.encode() * 1_000, ID), *records], 0, 0.0)
    (request,) = delivery.poll(0.0).requests
    answer = [Entry(error_code=THROTTLED, error_message=QUOTING)]
    delivery.answered(request, answer, 0.0, 1)
    registry = CollectorRegistry()
    progress = Progress(funnel, stats, levels=delivery.levels)
    registry.register(JobCollector("leads", progress))
    text = generate_latest(registry).decode()
    for told in (
        'deepest_queue_records{destination="leads"} 2.0',
        'records_throttled_total{destination="leads",shard=""} 1.0',
        'outcome="dead_lettered",reason=""} 1.0',
        'outcome="rejected",reason="not_json"} 1.0',
        "lane_profiles{",
    ):
        assert told in text
    assert [] == found_in(text)


# Somebody wants to see the SDK's requests, whose loggers then say all, whatever ours are set to.
VERBOSE_SDK = """
import logging
for name in ("botocore.endpoint", "botocore.auth", "botocore.parsers", "urllib3.connectionpool"):
    logging.getLogger(name).setLevel(logging.DEBUG)
"""
ANYBODYS_HANDLER = """
from flows.cli import logs
logs.configure = lambda level="warning": logging.basicConfig(level=level.upper(), force=True)
"""


def attempt(folder: Folder, planted: str, *arguments: str) -> Ended:
    """Run the job with the canaries for credentials and its log at the most verbose."""
    path, main = MAIN.split("; from ")
    line = python(f"{path}\n{planted}\nfrom {main}", "run", "--log-level=debug", *arguments)
    return run(line, cwd=folder.path, env=environment(folder.home, **SECRETS))


ANSWERS: dict[str, tuple[int, dict[str, Any], int]] = {
    "throttled": (200, {"Records": [{"ErrorCode": THROTTLED, "ErrorMessage": QUOTING}]}, 69),
    "denied": (400, {"__type": "AccessDeniedException", "message": QUOTING}, 77),
    "unreadable": (200, {"Records": QUOTING}, 69),
    "taken": (200, {"Records": [{"SequenceNumber": "1", "ShardId": "shardId-000000000000"}]}, 0),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_log_names_nobody_at_any_level(folder: Folder, name: str) -> None:
    """Whatever Kinesis answers, and though the SDK has much to say of it."""
    status, body, code = ANSWERS[name]
    folder.add(person(), f"{{{ID}")
    with Answering(status, body) as url:
        ended = attempt(
            folder,
            VERBOSE_SDK,
            f"--set=account.endpoint_url={url}",
            *(f"--set={key}" for key in CLEAR_KEYS),
        )
    assert code == ended.code, ended.err
    assert '"event": "started"' in ended.err
    assert [] == leaks(folder, ended.out, ended.err)


def test_the_sdk_would_have_said_it(folder: Folder) -> None:
    """With a handler like any other in the place of ours, the same loggers show the request."""
    status, body, _ = ANSWERS["taken"]
    folder.add(person())
    with Answering(status, body) as url:
        ended = attempt(
            folder, f"{VERBOSE_SDK}{ANYBODYS_HANDLER}", f"--set=account.endpoint_url={url}"
        )
    assert SECRETS["AWS_ACCESS_KEY_ID"] in found_in(ended.err)
