"""Who takes part in the sink benchmark, and what is asked of whom."""

from __future__ import annotations

from dataclasses import dataclass

IN_FLIGHT = 16
BOTO3 = ("boto3", "botocore", "urllib3")


@dataclass(frozen=True)
class Contender:
    """One way to write records.

    `module` offers `get_writer(far)` and `BATCH_RECORDS`; `packages` are those whose versions
    matter, the first one of all that of the rival itself. `apart`: it runs in the rivals' own
    environment.
    """

    name: str
    module: str
    about: str
    packages: tuple[str, ...] = BOTO3
    apart: bool = False


OURS, BATCH, POOL, CEILING = "ours", "boto3", "boto3-pool", "ready-body"
CONTENDERS = (
    Contender(OURS, "benchmarks.contenders.sink_ours", "KinesisSink of this project"),
    Contender(BATCH, "benchmarks.rivals.sink_boto3", "boto3 put_records(500), one thread"),
    Contender(
        POOL, "benchmarks.rivals.sink_boto3_pool", f"boto3 put_records(500), {IN_FLIGHT} threads"
    ),
    Contender("boto3-record", "benchmarks.rivals.sink_boto3_record", "boto3 put_record"),
    Contender(
        "quixstreams",
        "benchmarks.rivals.sink_quixstreams",
        "KinesisSink of Quix Streams",
        ("quixstreams", *BOTO3),
        apart=True,
    ),
    Contender(
        "async-kinesis",
        "benchmarks.rivals.sink_async_kinesis",
        "Producer of async-kinesis",
        ("async-kinesis", "aiobotocore", "aiohttp"),
        apart=True,
    ),
    Contender(
        "aiokpl",
        "benchmarks.rivals.sink_aiokpl",
        "Producer of aiokpl, not aggregating",
        ("aiokpl", "aiobotocore", "aiohttp"),
        apart=True,
    ),
    Contender(CEILING, "benchmarks.rivals.sink_ready_body", "what the far end can take", ()),
)
MAIN = (OURS, BATCH, POOL)


@dataclass(frozen=True)
class Case:
    """What is asked of which contenders.

    `busy`: each message is decoded and encoded on its way to the writer, as in a step before a
    sink. `skewed`: keys as customers come (Zipf) instead of distinct ones. `baseline`: whom the
    others are compared with.
    """

    name: str
    title: str
    size: int = 400
    latency_ms: float = 0
    fail_percent: int = 0
    tls: bool = False
    busy: bool = False
    skewed: bool = False
    baseline: str = BATCH
    who: tuple[str, ...] = MAIN


ALL = tuple(contender.name for contender in CONTENDERS)
CAN_FAIL = tuple(name for name in ALL if name not in {"boto3-record", CEILING})
CASES = (
    Case("cpu", "400 B, answers at once", who=ALL),
    Case(
        "wall",
        "400 B, answers after 20 ms, busy worker",
        latency_ms=20,
        busy=True,
        baseline=POOL,
        who=tuple(name for name in ALL if name != CEILING),
    ),
    Case("200", "200 B", size=200),
    Case("1000", "1,000 B", size=1000),
    Case("tls", "400 B over TLS", tls=True),
    Case("tls-1000", "1,000 B over TLS", size=1000, tls=True),
    Case("fail-1", "400 B, 1 % of the entries fail", fail_percent=1, who=CAN_FAIL),
    Case("fail-10", "400 B, 10 % of the entries fail", fail_percent=10),
    Case("wall-idle", "400 B, answers after 20 ms", latency_ms=20, baseline=POOL),
    Case(
        "wall-tls",
        "400 B over TLS, answers after 20 ms, busy worker",
        latency_ms=20,
        tls=True,
        busy=True,
        baseline=POOL,
    ),
    Case(
        "wall-fail-1",
        "400 B, answers after 20 ms, 1 % of the entries fail, busy worker",
        latency_ms=20,
        fail_percent=1,
        busy=True,
        baseline=POOL,
    ),
    Case("hot", "400 B, Zipf keys", skewed=True, who=(OURS,)),
)
