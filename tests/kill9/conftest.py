"""How many kills are enough."""

from __future__ import annotations

import os

import pytest

KILLS_WANTED = 1_000 if os.environ.get("HYPOTHESIS_PROFILE") == "release" else 30


@pytest.fixture
def kills_wanted() -> int:
    """Kills proven to have hit the middle of the work."""
    return KILLS_WANTED
