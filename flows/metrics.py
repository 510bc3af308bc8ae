"""Metrics: the counts of a running job, for Prometheus to read over HTTP.

Promise: nothing is counted here and nothing costs anything between two readings, as each one looks
at what the job counts anyway. No identity, partition key or value of an input is told: labels are
the destination's name, outcomes, reasons, shards, lanes and versions. docs/operations.md has the
table of all of them.

Left out: metrics of the engine's own (`BYTEWAX_DATAFLOW_API_ENABLED` opens a server for those).
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import TypeVar

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from typing_extensions import override

from connectors.kafka import KafkaStats
from connectors.kinesis import DeliveryStats, ReadStats
from connectors.kinesis.core.freshness import BOUNDS_S
from flows.runner.progress import Progress

_US_PER_S = 1_000_000
_MS_PER_S = 1_000

_M = TypeVar("_M", GaugeMetricFamily, CounterMetricFamily)

_LAG_S = "Age of what comes next in a shard that is read"
_LAG_RECORDS = "Records of a topic partition that were not given out"
_READ_COUNTS = {
    "records": ("Records of a stream or topic given out", "records"),
    "bytes": ("Bytes of data read from a stream or topic", "bytes", "record_bytes"),
    "gaps": ("Times that records were gone before they were read", "trimmed", "gaps"),
    "failed_calls": ("Calls that failed, throttled ones too", "failed"),
    "throttled_calls": ("Calls answered with a throttle", "throttled"),
    "aggregates": ("Records opened as they held others", "aggregates"),
    "corrupt_aggregates": ("Records that begin as an aggregate and are none", "corrupt"),
    "out_of_range": ("Records of aggregates outside their shard's range", "out_of_range"),
}
"""Counters of reading: the help, and the fields of `ReadStats` or `KafkaStats` that each tells."""


class MetricsUnavailable(RuntimeError):
    """Nobody can listen on the configured host and port."""


@contextmanager
def serve(destination_name: str, progress: Progress, *, host: str, port: int) -> Iterator[None]:
    """Answer `GET /metrics` from a thread of its own while the block runs.

    Args:
        destination_name: the label of every metric.
        progress: what the job counts.
        host: the address to listen on.
        port: the port to listen on.

    Raises:
        MetricsUnavailable: the port is taken, or the host is no address of this machine.
    """
    registry = CollectorRegistry()
    registry.register(JobCollector(destination_name, progress))
    try:
        server, thread = start_http_server(port, host, registry)
    except (OSError, OverflowError) as error:  # the latter: a port above 65,535
        raise MetricsUnavailable(
            f"metrics: cannot listen on {host}, port {port} ({error}). Set "
            "`metrics.host` to an address of this machine and `metrics.port` to a free port, or "
            "to null for no metrics."
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class JobCollector(Collector):
    """Reads the counts of one job whenever they are asked for, from any thread.

    A dict that another thread counts in is copied first, which the interpreter does in one step.
    """

    def __init__(self, destination_name: str, progress: Progress) -> None:
        """Keep what to read."""
        self._destination = destination_name
        self._progress = progress
        self._versions = {
            "version": version("profile-export"),
            "bytewax": version("bytewax"),
            "python": platform.python_version(),
        }

    @override
    def collect(self) -> Iterable[Metric]:
        """Give all metrics; in a dry run, without those of the delivery."""
        yield self._info()
        yield from self._funnel()
        yield from self._lanes()
        yield from self._pace()
        yield from self._read()
        delivery = self._progress.delivery
        if delivery is not None:
            yield from self._delivered(delivery)
            yield from self._held()

    def _info(self) -> Metric:
        info = InfoMetricFamily("profile_export", "The program that runs", labels=["destination"])
        info.add_metric([self._destination], self._versions)
        return info

    def _funnel(self) -> Iterator[Metric]:
        funnel, delivery = self._progress.funnel, self._progress.delivery
        yield self._counter("received", "Fragments read, and lines without one", funnel.received)
        yield self._counter(
            "backfilled", "Profiles exported again by a backfill", funnel.backfilled
        )
        yield self._counter("exported", "Fragments that became a record", funnel.exported)
        ended = CounterMetricFamily(
            "profile_export_fragments",
            "Fragments that ended, by outcome and reason",
            labels=["destination", "outcome", "reason"],
        )
        skipped = {
            "rejected": funnel.rejected,
            "unchanged": funnel.unchanged,
            "filtered": funnel.filtered,
        }
        for outcome, by_reason in skipped.items():
            for reason, count in dict(by_reason).items():
                ended.add_metric([self._destination, outcome, reason], count)
        if delivery is not None:
            for outcome in ("acknowledged", "dead_lettered", "superseded"):
                ended.add_metric([self._destination, outcome, ""], getattr(delivery, outcome))
        yield ended

    def _lanes(self) -> Iterator[Metric]:
        funnel = self._progress.funnel
        yield self._by_lane("profiles", "Profiles held", funnel.lane_profiles)
        yield self._by_lane("bytes", "Size of the state when last saved", funnel.lane_bytes)

    def _by_lane(self, what: str, help_: str, counts: Mapping[str, int]) -> Metric:
        name = f"profile_export_lane_{what}"
        gauge = GaugeMetricFamily(name, f"{help_}, by lane", labels=["destination", "lane"])
        for lane, count in dict(counts).items():
            gauge.add_metric([self._destination, lane], count)
        return gauge

    def _pace(self) -> Iterator[Metric]:
        pacing = self._progress.pacing
        yield self._counter("batches", "Batches read", pacing.batches)
        yield self._counter("epochs", "Epochs ended, one per partition read", pacing.epochs)
        yield self._counter(
            "epoch_wait_seconds",
            "Time that partitions waited between two epochs, for the slowest worker, the flush of "
            "the sinks and the commit",
            pacing.epoch_waits_s,
        )
        yield self._gauge(
            "last_epoch_wait_seconds",
            "Time that a partition waited last between two epochs",
            pacing.epoch_wait_s,
        )

    def _read(self) -> Iterator[Metric]:
        reads = [(name, stats()) for name, stats in self._progress.reads.items()]
        streams = [(name, stats) for name, stats in reads if isinstance(stats, ReadStats)]
        topics = [(name, stats) for name, stats in reads if isinstance(stats, KafkaStats)]
        lag = self._by_input(GaugeMetricFamily, "lag_seconds", _LAG_S, "shard")
        calls = self._by_input(CounterMetricFamily, "calls", "Calls made to read", "operation")
        behind = self._by_input(GaugeMetricFamily, "lag_records", _LAG_RECORDS, "partition")
        for name, stream in streams:
            for shard, lag_ms in stream.lag_ms.items():
                lag.add_metric([self._destination, name, shard], lag_ms / _MS_PER_S)
            for operation, count in stream.calls.items():
                calls.add_metric([self._destination, name, operation], count)
        for name, topic in topics:
            for partition, count in topic.behind.items():
                behind.add_metric([self._destination, name, str(partition)], count)
        yield from (lag, behind, calls)
        for metric, (help_, *fields) in _READ_COUNTS.items():
            counter = self._by_input(CounterMetricFamily, metric, help_)
            for name, stats in (*streams, *topics):
                for field in fields:
                    if hasattr(stats, field):
                        counter.add_metric([self._destination, name], getattr(stats, field))
            yield counter

    def _by_input(self, kind: type[_M], what: str, help_: str, *labels: str) -> _M:
        return kind(f"profile_export_read_{what}", help_, labels=["destination", "input", *labels])

    def _delivered(self, delivery: DeliveryStats) -> Iterator[Metric]:
        yield self._counter("requests", "PutRecords calls made", delivery.requests)
        shards = dict(delivery.by_shard)
        for what, help_ in (
            ("retried", "Records that had to be offered again"),
            ("throttled", "Records answered with a throttle"),
        ):
            counter = CounterMetricFamily(
                f"profile_export_records_{what}",
                f"{help_}, by shard as far as it is known",
                labels=["destination", "shard"],
            )
            for shard, counts in shards.items():
                counter.add_metric([self._destination, shard], getattr(counts, what))
            yield counter
        freshness = HistogramMetricFamily(
            "profile_export_freshness_seconds",
            "Time from what a record shows to its acknowledgement",
            labels=["destination"],
        )
        bounds = [*(str(float(bound_s)) for bound_s in BOUNDS_S), "+Inf"]
        within = zip(bounds, delivery.freshness.within, strict=True)
        freshness.add_metric(
            [self._destination], list(within), delivery.freshness.sum_us / _US_PER_S
        )
        yield freshness

    def _held(self) -> Iterator[Metric]:
        levels = self._progress.levels()
        yield self._gauge("requests_in_flight", "Requests under way", levels.in_flight)
        yield self._gauge("records_waiting", "Records in no request yet", levels.waiting)
        yield self._gauge("buffered_bytes", "Data of all records not settled", levels.bytes)
        yield self._gauge(
            "queued_keys",
            "Partition keys with a record that waits for an earlier one of its key",
            levels.queued_keys,
        )
        yield self._gauge(
            "deepest_queue_records",
            "Most records that wait behind one of their partition key",
            levels.deepest_queue,
        )

    def _counter(self, name: str, help_: str, count: float) -> Metric:
        counter = CounterMetricFamily(f"profile_export_{name}", help_, labels=["destination"])
        counter.add_metric([self._destination], count)
        return counter

    def _gauge(self, name: str, help_: str, value: float) -> Metric:
        gauge = GaugeMetricFamily(f"profile_export_{name}", help_, labels=["destination"])
        gauge.add_metric([self._destination], value)
        return gauge
