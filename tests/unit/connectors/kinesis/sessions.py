"""Sessions and clients for the tests: credentials that are none, and a model that is read once."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import create_loader

from connectors.kinesis.client import KinesisClient


@cache  # as reading the model of the service is most of what a client costs
def _loader() -> Any:
    return create_loader()


def any_session() -> Any:
    """Make a session of its own, so that what is registered on it stays there."""
    core = botocore.session.Session()
    core.register_component("data_loader", _loader())
    return boto3.Session("any", "any", region_name="us-east-1", botocore_session=core)


def make_client(**arguments: Any) -> Any:
    """Make a client of Kinesis that leaves records unchecked, as ours does, and is else plain."""
    config = arguments.pop("config", Config(parameter_validation=False))
    return any_session().client("kinesis", config=config, **arguments)


def client_of(endpoint_url: str | None = None, **more: Any) -> KinesisClient:
    """Build a client of ours of the stream `leads`."""
    arguments: dict[str, Any] = {
        "stream": "leads",
        "region": "us-east-1",
        "session": any_session(),
        "connections": 1,
        "request_timeout_s": 10.0,
    }
    return KinesisClient(endpoint_url=endpoint_url, **{**arguments, **more})
