"""The snapshot benchmark runs, and the window of the one with several processes holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import snapshots
from benchmarks.processes_child import Window


def test_each_batch_is_a_commit_on_the_resumed_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """One commit a batch, each with all that a commit does; the store holds the profiles."""
    monkeypatch.setattr(snapshots, "COMMITS", 1)
    found = snapshots.measure_one(1_000)
    commits = found["resumed"]["commits"]
    assert len(commits) >= 2
    assert found["stored_bytes"] > 1_000 * 500
    assert found["commit_s"] > 0
    assert 0 < found["resume_s"] < found["resumed"]["run_s"]


def test_sizes_of_files_below_are_added_up(tmp_path: Path) -> None:
    """Files in folders within count; folders themselves do not."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(b"12345")
    (tmp_path / "b").write_bytes(b"123")
    assert snapshots.size(tmp_path) == 8


def test_a_window_is_noted_at_both_ends_once() -> None:
    """What is counted before and after it does not enter."""
    taken = 5
    window = Window(begin=100.0, end=110.0, rate=0, fill=0, taken=lambda: taken)
    assert not window.look(99.0)
    assert not window.look(100.5)
    taken = 25
    assert not window.look(105.0)
    assert window.look(110.0)
    taken = 99
    assert window.look(111.0)
    found = window.found()
    assert (9.5, 20) == (found["wall_s"], found["fragments"])
