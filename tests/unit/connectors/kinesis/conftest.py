"""What tests of the connector share: an environment of nobody's, and threads for what blocks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture
def nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor the files of whoever runs the tests have a say."""
    for name in os.environ:
        if name.startswith("AWS_") or name.upper().endswith(("_PROXY", "CA_BUNDLE")):
            monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Threads for what blocks."""
    with ThreadPoolExecutor() as made:
        yield made
