"""What tests of more than one folder share: one emulated Kinesis, and a user's folder."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from connectors.kinesis.testing.emulator import Emulator
from tests.support.folder import Folder
from tests.support.streams import Stream

settings.register_profile(
    "test",
    deadline=None,  # a busy machine is no defect of ours
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("release", settings.get_profile("test"), max_examples=5_000)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "test")
settings.load_profile(PROFILE)

# Started in the background, as some machines start a gate, this process ignores Ctrl-C and so would
# each program that it starts; the tests that interrupt one need what a terminal gives.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def simulated_lives() -> int:
    """How many seeds of a simulation are played: half a minute, or half an hour."""
    return 250_000 if PROFILE == "release" else 5_000


@pytest.fixture(scope="session")
def emulator_url() -> Iterator[str]:
    """One emulator for all tests of a session; each makes streams of its own."""
    with Emulator() as running:
        yield running.url


@pytest.fixture
def stream(emulator_url: str) -> Stream:
    """An empty stream of one shard, which keeps records in the order they came."""
    return Stream.make(emulator_url)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder with a destination and an empty input."""
    return Folder(tmp_path)
