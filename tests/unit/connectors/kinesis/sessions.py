"""Sessions and clients for the tests: credentials that are none, and a model that is read once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import create_loader

from connectors.kinesis.client import KinesisClient
from connectors.kinesis.read_client import ReadClient


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


class Session:
    """A session whose clients are made in another way."""

    def __init__(self, make: Callable[..., Any]) -> None:
        """Take the way."""
        self._make = make

    def client(self, name: str, **arguments: Any) -> Any:
        """Make a client as a session does."""
        assert "kinesis" == name
        return self._make(**arguments)


def without(event: str) -> Callable[..., Any]:
    """Make clients that do not emit an event, as those of a botocore that has changed."""

    def make(**arguments: Any) -> Any:
        client = make_client(**arguments)
        register = client.meta.events.register

        def pass_over(name: str, *how: Any, **more: Any) -> None:
            if not name.startswith(event):
                register(name, *how, **more)

        client.meta.events.register = pass_over
        return client

    return make


def without_events(event: str) -> Session:
    """Make a session whose clients do not emit an event."""
    return Session(without(event))


def _way(endpoint_url: str | None, more: dict[str, Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "stream": "leads",
        "region": "us-east-1",
        "session": any_session(),
        "connections": 1,
        "request_timeout_s": 10.0,
    }
    return {"endpoint_url": endpoint_url, **arguments, **more}


def client_of(endpoint_url: str | None = None, **more: Any) -> KinesisClient:
    """Build a client of ours that writes to the stream `leads`."""
    return KinesisClient(**_way(endpoint_url, more))


def read_client_of(endpoint_url: str | None = None, **more: Any) -> ReadClient:
    """Build a client of ours that reads the stream `leads`."""
    return ReadClient(**_way(endpoint_url, more))
