"""The endpoints that the source is read from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.kinesis.testing.fake import FakeKinesis
from connectors.kinesis.testing.server import FakeServer
from tests.emulators.kinesis_mock import KinesisMock


@pytest.fixture(params=["fake", "kinesis-mock"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An endpoint without streams: ours, in this process, or another's, in one of its own."""
    with FakeServer(FakeKinesis()) if request.param == "fake" else KinesisMock() as server:
        yield server.url
