"""Events of the log: the table of the documentation names each one, once, with its level."""

from __future__ import annotations

import re

from tests.support.program import ROOT

EVENT = re.compile(r"_log\.(\w+)\(\s*\"(\w+)\"")
ENDED_AT_ONCE = re.compile(r"_end\(\"(\w+)\"")  # attended.py logs these as errors
ROW = re.compile(r"^\| `(\w+)` \| (debug|info|warning|error) \|", re.MULTILINE)


def test_every_event_is_documented_once() -> None:
    """Its name and level, as a collector of logs needs them."""
    logged = []
    for path in (*ROOT.glob("flows/**/*.py"), *ROOT.glob("connectors/**/*.py")):
        source = path.read_text("utf-8")
        logged += [(name, level) for level, name in EVENT.findall(source)]
        logged += [(name, "error") for name in ENDED_AT_ONCE.findall(source)]
    assert len(logged) > 5
    assert sorted(logged) == sorted(ROW.findall((ROOT / "docs/operations.md").read_text("utf-8")))
