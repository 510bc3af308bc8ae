"""The end-to-end benchmarks run, so that they do not rot unnoticed, and compare like with like."""

from __future__ import annotations

import importlib
from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks import data
from benchmarks.end_to_end import CONTENDERS, OURS, run_child
from benchmarks.end_to_end_child import within
from benchmarks.epochs import Commit
from benchmarks.far_end import Behaviour, credentials, serving
from benchmarks.harness import write_lines
from benchmarks.job import Job, JobModule
from benchmarks.where import STEPS


def write(folder: Path, count: int) -> Path:
    """Write lines about a few customers."""
    path = folder / "lines.jsonl"
    write_lines(path, data.lines(count, identities=500, seed=1))
    return path


def test_all_contenders_send_as_many_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the same lines, read to their end, each makes the same number of records."""
    for name, value in credentials().items():
        monkeypatch.setenv(name, value)
    path = write(tmp_path, 3_000)
    acknowledged = []
    for contender in CONTENDERS:
        module: JobModule = importlib.import_module(contender.module)
        folder = tmp_path / contender.name
        folder.mkdir()
        with serving(Behaviour(), None) as far:
            job = Job(str(path), folder, far.url, 60.0)
            module.run(job)
        assert far.counts.accepted == job.acknowledged()
        acknowledged.append(far.counts.accepted)
    assert len(acknowledged) == 2
    assert acknowledged[0] == acknowledged[1] > 500


def test_a_run_measures_whole_epochs_and_where_their_time_goes(tmp_path: Path) -> None:
    """Fragments are those of one batch, each step is timed, and all that was sent arrived."""
    asked = Namespace(fill=8_192, epochs=1, epoch_s=0.001)
    ours = next(one for one in CONTENDERS if one.name == OURS)
    found = run_child(ours, write(tmp_path, 30_000), asked, where=True)
    assert 0 < found["fragments"] <= 8_192
    assert len(found["pauses_s"]) == 1
    assert 0 < found["acknowledged"] < found["run_acknowledged"] == found["far"]["accepted"]
    for name, _owner, _method in STEPS:
        assert 0 < found["where"][name]["cpu_s"] < found["cpu_s"]


def test_lines_that_end_too_soon_are_an_error(tmp_path: Path) -> None:
    """A rate is never taken of fewer epochs than were asked for."""
    asked = Namespace(fill=1_000, epochs=99, epoch_s=0.001)
    with pytest.raises(RuntimeError, match="of 99 epochs"):
        run_child(CONTENDERS[0], write(tmp_path, 2_000), asked)


def test_the_fill_is_not_measured() -> None:
    """The clocks start at the first commit that has all lines of the fill before it."""
    commits = [Commit(lines, 0, 0.0, 0.0, 0.0) for lines in (0, 90, 100, 130)]
    assert commits[2:] == within(commits, 100)
