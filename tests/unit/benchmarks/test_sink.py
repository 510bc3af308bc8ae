"""The sink benchmark runs, so that it does not rot unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import certificate
from benchmarks.sink import RIVALS_PYTHON, Conditions, run_child
from benchmarks.sink_cases import BATCH, CONTENDERS, OURS, POOL, Case


@pytest.mark.parametrize("name", [OURS, BATCH, POOL])
def test_every_record_handed_over_is_accepted_once(name: str, tmp_path: Path) -> None:
    """Over TLS and with failing entries: handed, accepted and acknowledged are one number."""
    given = Conditions(0.05, 0.05, (None, None), RIVALS_PYTHON, certificate.write(tmp_path), False)
    case = Case("all", "all at once", size=200, fail_percent=10, tls=True, busy=True)
    contender = next(one for one in CONTENDERS if one.name == name)
    found = run_child(contender, case, given)
    assert found["handed"] == found["acknowledged"] == found["far"]["accepted"] >= 1000
    assert found["far"]["records"] > found["handed"]
