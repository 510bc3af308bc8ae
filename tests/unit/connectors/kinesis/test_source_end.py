"""How the source ends, what it refuses, and what its errors say."""

from __future__ import annotations

import gc
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from bytewax.errors import BytewaxRuntimeError

from connectors.kinesis import (
    KinesisPermissionDenied,
    KinesisSource,
    KinesisStateUnreadable,
    KinesisStreamNotFound,
    ReadStats,
)
from connectors.kinesis.testing.faults import Refusal
from connectors.kinesis.testing.faulty import FaultyKinesis, script
from connectors.kinesis.testing.server import FakeServer
from tests.unit.connectors.kinesis.source_runs import STREAM, read, source_on, stream_of_four

pytestmark = pytest.mark.usefixtures("nobodys")

ROOT = Path(__file__).parents[4]


def test_a_state_that_is_none_is_refused() -> None:
    """It says what to do."""
    for state in (b"", b"\x92\x63\x90", b"canary"):
        with pytest.raises(KinesisStateUnreadable, match="recovery store") as caught:
            KinesisSource(STREAM, region="us-east-1").build_part("in", "000", state)
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("operation", "code", "error", "said"),
    [
        ("ListShards", "AccessDeniedException", KinesisPermissionDenied, "kinesis:ListShards"),
        ("GetShardIterator", "AccessDenied", KinesisPermissionDenied, "kinesis:GetShardIterator"),
        ("GetRecords", "KMSAccessDeniedException", KinesisPermissionDenied, "kms:Decrypt"),
        ("ListShards", "ResourceNotFoundException", KinesisStreamNotFound, "create it"),
    ],
)
def test_what_only_a_person_can_mend_ends_the_run(
    operation: str, code: str, error: type[Exception], said: str
) -> None:
    """At once, and by its name."""
    kinesis = FaultyKinesis(stream_of_four(), script(), refused={operation: Refusal(code)})
    with FakeServer(kinesis) as server, pytest.raises(BytewaxRuntimeError) as caught:
        read(source_on(server), 1)
    cause: BaseException | None = caught.value
    while cause is not None and not isinstance(cause, error):
        cause = cause.__cause__
    assert said in str(cause)


@pytest.mark.parametrize(
    ("argument", "wrong"),
    [
        ("buffer_bytes", 0),
        ("max_in_flight", 0),
        ("give_up_s", -1),
        ("request_timeout_s", 0),
    ],
)
def test_an_argument_out_of_range_is_refused(argument: str, wrong: int) -> None:
    """It is named, with what it is, where it is given."""
    arguments: dict[str, Any] = {argument: wrong}
    with pytest.raises(ValueError, match=f"{argument} is {wrong}, not "):
        KinesisSource(STREAM, **arguments)


def test_a_start_without_a_zone_is_refused() -> None:
    """It would be another instant on another machine."""
    with pytest.raises(ValueError, match="2026-11-24T10:00:00, a time without a zone"):
        KinesisSource(STREAM, start=datetime(2026, 11, 24, 10))  # noqa: DTZ001 - that is the point


def test_slots_that_were_dropped_stop_the_reading() -> None:
    """Bytewax does not close the slots of a dataflow that was aborted; the next one begins anew."""
    source = KinesisSource(STREAM, region="us-east-1")
    part = source.build_part("in", "000", None)
    dropped = part._fetcher  # type: ignore[attr-defined]
    del part
    gc.collect()
    assert dropped.is_abandoned
    after = source.build_part("in", "000", None)
    assert after._fetcher is not dropped  # type: ignore[attr-defined]
    after.close()
    after.close()
    assert ReadStats() == source.stats()


def test_importing_it_connects_nothing() -> None:
    """Boto3 comes with the first partition."""
    code = "import sys, connectors.kinesis; sys.exit('boto3' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
