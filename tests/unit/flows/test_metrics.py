"""Metrics: what a reading shows, that it is served, and that the documentation names them all."""

from __future__ import annotations

import platform
import re
import socket
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from connectors.kafka import KafkaStats
from connectors.kinesis import DeliveryStats, KinesisRecord, Levels, ReadStats
from flows.funnel import Funnel
from flows.metrics import JobCollector, MetricsUnavailable, serve
from flows.runner.progress import Progress

DOCUMENTED = Path(__file__).parents[3] / "docs" / "operations.md"
DEADLINE_S = 20
READ = ReadStats(
    records=120,
    bytes=48_000,
    calls={"ListShards": 2, "GetRecords": 30},
    failed=3,
    throttled=2,
    trimmed=1,
    aggregates=5,
    corrupt=4,
    out_of_range=6,
    lag_ms={"shardId-000000000001": 2_500, "shardId-000000000004": 0},
)
TOPIC = KafkaStats(records=8, record_bytes=900, held_bytes=0, gaps=2, behind={0: 3, 11: 0})
NOW_US = 1_700_000_000_000_000

# Written by hand, in the text format of
# https://prometheus.io/docs/instrumenting/exposition_formats/, without HELP and TYPE.
EXPECTED = """\
profile_export_info{bytewax="BYTEWAX",destination="leads",python="PYTHON",version="VERSION"} 1.0
profile_export_received_total{destination="leads"} 12.0
profile_export_backfilled_total{destination="leads"} 1.0
profile_export_exported_total{destination="leads"} 7.0
profile_export_fragments_total{destination="leads",outcome="rejected",reason="not_json"} 2.0
profile_export_fragments_total{destination="leads",outcome="rejected",reason="bad_time"} 1.0
profile_export_fragments_total{destination="leads",outcome="unchanged",reason="stale"} 2.0
profile_export_fragments_total{destination="leads",outcome="filtered",reason="unmapped"} 1.0
profile_export_fragments_total{destination="leads",outcome="acknowledged",reason=""} 4.0
profile_export_fragments_total{destination="leads",outcome="dead_lettered",reason=""} 1.0
profile_export_fragments_total{destination="leads",outcome="superseded",reason=""} 2.0
profile_export_lane_profiles{destination="leads",lane="232"} 3.0
profile_export_lane_profiles{destination="leads",lane="10"} 1.0
profile_export_lane_bytes{destination="leads",lane="232"} 900.0
profile_export_lane_bytes{destination="leads",lane="10"} 250.0
profile_export_batches_total{destination="leads"} 5.0
profile_export_epochs_total{destination="leads"} 6.0
profile_export_epoch_wait_seconds_total{destination="leads"} 1.5
profile_export_last_epoch_wait_seconds{destination="leads"} 0.25
profile_export_read_lag_seconds{destination="leads",input="segments",shard="shardId-000000000001"} \
2.5
profile_export_read_lag_seconds{destination="leads",input="segments",shard="shardId-000000000004"} \
0.0
profile_export_read_lag_records{destination="leads",input="crm",partition="0"} 3.0
profile_export_read_lag_records{destination="leads",input="crm",partition="11"} 0.0
profile_export_read_calls_total{destination="leads",input="segments",operation="ListShards"} 2.0
profile_export_read_calls_total{destination="leads",input="segments",operation="GetRecords"} 30.0
profile_export_read_records_total{destination="leads",input="segments"} 120.0
profile_export_read_records_total{destination="leads",input="crm"} 8.0
profile_export_read_bytes_total{destination="leads",input="segments"} 48000.0
profile_export_read_bytes_total{destination="leads",input="crm"} 900.0
profile_export_read_gaps_total{destination="leads",input="segments"} 1.0
profile_export_read_gaps_total{destination="leads",input="crm"} 2.0
profile_export_read_failed_calls_total{destination="leads",input="segments"} 3.0
profile_export_read_throttled_calls_total{destination="leads",input="segments"} 2.0
profile_export_read_aggregates_total{destination="leads",input="segments"} 5.0
profile_export_read_corrupt_aggregates_total{destination="leads",input="segments"} 4.0
profile_export_read_out_of_range_total{destination="leads",input="segments"} 6.0
profile_export_requests_total{destination="leads"} 8.0
profile_export_records_retried_total{destination="leads",shard=""} 500.0
profile_export_records_retried_total{destination="leads",shard="shardId-000000000007"} 3.0
profile_export_records_throttled_total{destination="leads",shard=""} 0.0
profile_export_records_throttled_total{destination="leads",shard="shardId-000000000007"} 3.0
profile_export_freshness_seconds_bucket{destination="leads",le="0.05"} 0.0
profile_export_freshness_seconds_bucket{destination="leads",le="0.1"} 0.0
profile_export_freshness_seconds_bucket{destination="leads",le="0.2"} 1.0
profile_export_freshness_seconds_bucket{destination="leads",le="0.3"} 1.0
profile_export_freshness_seconds_bucket{destination="leads",le="0.5"} 1.0
profile_export_freshness_seconds_bucket{destination="leads",le="1.0"} 1.0
profile_export_freshness_seconds_bucket{destination="leads",le="2.0"} 2.0
profile_export_freshness_seconds_bucket{destination="leads",le="5.0"} 2.0
profile_export_freshness_seconds_bucket{destination="leads",le="10.0"} 2.0
profile_export_freshness_seconds_bucket{destination="leads",le="30.0"} 2.0
profile_export_freshness_seconds_bucket{destination="leads",le="60.0"} 2.0
profile_export_freshness_seconds_bucket{destination="leads",le="300.0"} 2.0
profile_export_freshness_seconds_bucket{destination="leads",le="1800.0"} 2.0
profile_export_freshness_seconds_bucket{destination="leads",le="3600.0"} 2.0
profile_export_freshness_seconds_bucket{destination="leads",le="21600.0"} 2.0
profile_export_freshness_seconds_bucket{destination="leads",le="86400.0"} 2.0
profile_export_freshness_seconds_bucket{destination="leads",le="+Inf"} 3.0
profile_export_freshness_seconds_count{destination="leads"} 3.0
profile_export_freshness_seconds_sum{destination="leads"} 172801.625
profile_export_requests_in_flight{destination="leads"} 2.0
profile_export_records_waiting{destination="leads"} 40.0
profile_export_buffered_bytes{destination="leads"} 16000.0
profile_export_queued_keys{destination="leads"} 3.0
profile_export_deepest_queue_records{destination="leads"} 9.0
"""


def progress() -> Progress:
    """Give the counts of a job that is small enough to be written down."""
    funnel = Funnel()
    funnel.received, funnel.backfilled, funnel.exported = 12, 1, 7
    funnel.rejected.update({"not_json": 2, "bad_time": 1})
    funnel.unchanged["stale"] += 2
    funnel.filtered["unmapped"] += 1
    funnel.weigh("232", 3, 900)
    funnel.weigh("10", 1, 250)
    sent = DeliveryStats(offered=9, acknowledged=4, dead_lettered=1, superseded=2, requests=8)
    sent.failed(None, 500)
    sent.failed("shardId-000000000007", 3, throttled=True)
    ages_us = (125_000, 1_500_000, 172_800_000_000)
    sent.freshness.observe(
        [KinesisRecord(b"", "k", time_us=NOW_US - age_us) for age_us in ages_us], NOW_US
    )
    counted = Progress(
        funnel,
        sent,
        levels=lambda: Levels(
            in_flight=2, waiting=40, bytes=16_000, queued_keys=3, deepest_queue=9
        ),
        reads={"segments": lambda: READ, "crm": lambda: TOPIC},
    )
    pacing = counted.pacing
    pacing.batches, pacing.epochs = 5, 6
    pacing.epoch_wait_s, pacing.epoch_waits_s = 0.25, 1.5
    return counted


def exposed(counted: Progress) -> str:
    """Give what a reading shows."""
    registry = CollectorRegistry()
    registry.register(JobCollector("leads", counted))
    return generate_latest(registry).decode()


def samples(text: str) -> list[str]:
    """Give the lines that hold a number."""
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def free_port() -> int:
    """Find a port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def test_a_reading_shows_what_was_counted() -> None:
    """Every number, under its name and labels."""
    text = EXPECTED.replace("BYTEWAX", "0.21.1").replace("PYTHON", platform.python_version())
    assert samples(text.replace("VERSION", version("profile-export"))) == samples(
        exposed(progress())
    )


def test_a_reading_shows_what_holds_now() -> None:
    """Nothing is kept from one to the next."""
    counted = progress()
    before = samples(exposed(counted))
    counted.funnel.received += 1
    counted.pacing.batches += 2
    assert [
        'profile_export_received_total{destination="leads"} 13.0',
        'profile_export_batches_total{destination="leads"} 7.0',
    ] == [line for line in samples(exposed(counted)) if line not in before]


def test_a_dry_run_has_no_delivery() -> None:
    """What it has no count of is left out, not shown as 0."""
    text = exposed(Progress(Funnel()))
    assert "profile_export_received_total" in text
    assert [] == re.findall(r"acknowledged|requests|freshness|waiting", text)


def test_counts_are_served_until_the_job_ends() -> None:
    """Over HTTP, in the text format, and only as long as the block lasts."""
    counted, port = progress(), free_port()
    url = f"http://127.0.0.1:{port}/metrics"
    serving = serve("leads", counted, host="127.0.0.1", port=port)
    with serving, urlopen(url, timeout=DEADLINE_S) as answer:
        assert HTTPStatus.OK == answer.status
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        assert samples(exposed(counted)) == samples(answer.read().decode())
    with pytest.raises(OSError, match="refused"):
        urlopen(url, timeout=DEADLINE_S)


def test_a_port_that_is_taken_is_told_with_the_way_out() -> None:
    """The first keeps it, and the second says which and what to set."""
    port = free_port()
    with serve("leads", progress(), host="127.0.0.1", port=port):
        second = serve("leads", progress(), host="127.0.0.1", port=port)
        with pytest.raises(
            MetricsUnavailable, match=rf"127\.0\.0\.1, port {port} .*`metrics.port`"
        ):
            second.__enter__()


@pytest.mark.parametrize(
    ("host", "port"),
    [("192.0.2.1", 9464), ("127.0.0.1", 65_536)],
    ids=["another-machine", "no-port"],
)
def test_a_place_that_is_not_ours_is_refused(host: str, port: int) -> None:
    """An address of documentation (RFC 5737), and a port above all."""
    with pytest.raises(MetricsUnavailable, match=f"cannot listen on {host}, port {port}"):
        serve("leads", progress(), host=host, port=port).__enter__()


def test_the_documentation_names_exactly_the_metrics_there_are() -> None:
    """The table has each by the name, the type and the labels that a reading shows."""
    rows = re.findall(
        r"^\| `(profile_export_\w+)` \| (\w+) \| (.*?) \|",
        DOCUMENTED.read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    documented = {
        name: (kind, {*re.findall(r"`(\w+)`", labels), "destination"})
        for name, kind, labels in rows
    }
    text = exposed(progress())
    given = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, flags=re.MULTILINE))
    shown = {name: (kind, labels_of(name, text)) for name, kind in given.items()}
    assert shown == documented


def labels_of(name: str, text: str) -> set[str]:
    """Give the labels of a metric, but the bounds of a histogram's buckets."""
    shown = re.findall(rf"^{name}(?:_bucket|_sum|_count)?{{(.*)}} ", text, flags=re.MULTILINE)
    return {label for labels in shown for label in re.findall(r'(\w+)="', labels)} - {"le"}
