"""A cluster for each test that asks for one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support.kafka import Cluster, cluster


@pytest.fixture
def kafka() -> Iterator[Cluster]:
    """Run a cluster of one broker."""
    with cluster() as made:
        yield made


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have settings of his own."""
    for name in [each for each in os.environ if each.startswith("KAFKA_")]:
        monkeypatch.delenv(name)
