"""Our sink keeps the contract that any Kinesis sink must keep."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from connectors.kinesis import KinesisRecord, KinesisSink
from connectors.kinesis.testing.contract import Case, Endpoint, SinkContract

SESSION: Any = boto3.Session("any", "any")  # shared, as reading the service's model is slow


def make_sink(endpoint: Endpoint) -> KinesisSink:
    """Our sink, with few partitions."""
    return KinesisSink(
        endpoint.stream,
        region=endpoint.region,
        endpoint_url=endpoint.url,
        session=SESSION,
        partitions=3,
        give_up_s=endpoint.give_up_s,
        request_timeout_s=endpoint.request_timeout_s,
    )


CONTRACT = SinkContract(make_sink, KinesisRecord, lingers=True)


@pytest.mark.parametrize("case", CONTRACT.cases, ids=str)
def test_our_sink_keeps_each_promise(case: Case) -> None:
    """No fault loses, reorders or leaks a record, and no trouble lasts for ever."""
    CONTRACT.check(case)
