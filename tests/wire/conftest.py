"""Both ways through botocore, for tests of what comes through it."""

from __future__ import annotations

import pytest

from connectors.kinesis import client


@pytest.fixture(params=["short way", "long way"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Through botocore by its events, or as with a botocore that has none of them."""
    if request.param == "long way":
        monkeypatch.setattr(client, "shortcut_works", lambda _: False)
    return str(request.param)
