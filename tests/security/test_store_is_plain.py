"""The recovery store holds plain values: to load it can neither run code nor need a class of ours.

Bytewax keeps what a step snapshots as a pickle. A pickle that names anything, a class or a
function, is refused here by an unpickler that knows no names.
"""

from __future__ import annotations

import pickle
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from tests.support.folder import Folder, fragment
from tests.support.plain import load
from tests.support.streams import Stream


def values(store: Path) -> list[tuple[str, bytes]]:
    """Read every kept value with its step, from every file of a store, past epochs included."""
    found: list[tuple[str, bytes]] = []
    for file in store.glob("*.sqlite3"):
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        try:
            found += connection.execute(
                "SELECT step_id, ser_change FROM snaps WHERE ser_change IS NOT NULL"
            ).fetchall()
        finally:
            connection.close()
    return found


def test_a_value_that_names_something_is_refused() -> None:
    """The judge refuses a class, an instance and a function, and loads what is plain."""
    for named in (Path, Path("x"), print, Counter("a")):
        with pytest.raises(pickle.UnpicklingError, match="the value names"):
            load(pickle.dumps(named))
    plain = [None, True, 1, 2.5, "text", b"bytes", {"a": (1, [2])}]
    assert plain == load(pickle.dumps(plain))


def test_everything_in_the_store_is_plain(folder: Folder, stream: Stream) -> None:
    """After a run, a resumed one and an unfinished backfill, every value of every step loads."""
    folder.add("no JSON", *(fragment(f"c{n}", tier="gold", status="realized") for n in range(50)))
    assert 0 == folder.run("run", *stream.options).code
    folder.add(fragment("c1", tier="silver"))
    assert 0 == folder.run("run", *stream.options).code
    broken_off = ("--set=stream.name=missing", "--set=state.epoch_s=0.001")
    assert 69 == folder.run("backfill", "--all", *stream.options, *broken_off).code
    kept = values(folder.path / "state" / "current" / "recovery")
    steps = {step.rpartition(".")[2] for step, _ in kept}
    assert {"read-profiles", "wake", "join", "kinesis", "rejects"} <= steps
    for _, data in kept:
        assert isinstance(load(data), (bytes, type(None)))
    assert any(isinstance(load(data), bytes) for step, data in kept if step.endswith(".wake"))
