"""What the tests of the loader share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.minimal import MINIMAL


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the path of a minimal destination."""
    path = tmp_path / "destination.yaml"
    path.write_text(MINIMAL, encoding="utf-8")
    return path
