"""Help is instant: it loads neither the engine nor an AWS client."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.program import ROOT, environment, python, run
from tests.support.verbs import verbs

HEAVY = ["boto3", "botocore", "bytewax", "moto"]
VERBS = ["", *verbs()]
PROBE = f"""
import contextlib, io, json, sys
sys.path.insert(0, {str(ROOT)!r})
from flows.cli import main

loaded = {{}}
for verb in {VERBS}:
    with contextlib.redirect_stdout(io.StringIO()) as help_text:
        main([*verb.split(), "--help"], standalone_mode=False)
    assert "Usage:" in help_text.getvalue()
    loaded[verb] = sorted(set({HEAVY}) & sys.modules.keys())
import boto3, flows.runner.execution, moto
loaded["all"] = sorted(set({HEAVY}) & sys.modules.keys())
print(json.dumps(loaded))
"""


def test_help_loads_no_engine_and_no_client(tmp_path: Path) -> None:
    """Neither the group's help nor a verb's loads what a run needs; the probe would see it."""
    ended = run(python(PROBE), cwd=tmp_path, env=environment(tmp_path))
    assert (0, "") == (ended.code, ended.err)
    expected = {verb: list[str]() for verb in VERBS} | {"all": HEAVY}
    assert expected == json.loads(ended.out)
