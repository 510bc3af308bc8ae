"""The supervisor over stand-ins that live and die by a plan, and one real member that loses it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from flows.place import Place
from flows.runner import supervise
from flows.runner.report import Spec, Total, encode
from flows.runner.state_directory import StoreLocked
from flows.runner.store import Store, open_store
from flows.runner.supervise import MemberFailed, Supervisor
from tests.support import made
from tests.support.member import is_alive, lives
from tests.support.program import TIMEOUT_S, environment
from tests.support.started import addresses
from tests.support.waiting import wait_until

MEMBER = Path(__file__).parents[3] / "support" / "member.py"
MANY = 7
"""Pauses between the first life and the last one; the next start would be somebody else's."""


class Supervised:
    """A supervisor over stand-ins."""

    def __init__(self, folder: Path, store: Store) -> None:
        """Take the folder of the plan."""
        self.total = Total(resumed=True)
        self._folder = folder
        self._store = store

    def plan(self, *lives: list[Any]) -> Supervisor:
        """Give the supervisor of so many processes, each with its lives."""
        (self._folder / "plan.json").write_text(json.dumps(lives))
        return Supervisor(
            made.destination(), self._store, len(lives), self.total, log_level="warning"
        )

    def end_unread(self) -> None:
        """Let all end before they have read anything."""
        (self._folder / "unread").touch()

    def lives(self) -> list[dict[str, Any]]:
        """Give each life that began."""
        return lives(self._folder)

    def assert_rounds(self, rounds: int, processes: int) -> None:
        """Check that all began so often, each round after the one before was over, and are gone."""
        found = self.lives()
        expected = [(life, process) for life in range(rounds) for process in range(processes)]
        assert expected == sorted((each["life"], each["process"]) for each in found)
        assert [] == [pid for each in found for pid in each["left"]]
        assert [] == [each["pid"] for each in found if is_alive(each["pid"])]


@pytest.fixture
def supervised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervised]:
    """Stand-ins that are started again without a pause."""
    monkeypatch.setattr(supervise, "_COMMAND", (sys.executable, "-I", str(MEMBER), str(tmp_path)))
    monkeypatch.setattr(supervise, "PAUSE_S", (0.0,) * MANY)
    with open_store(made.destination(state={"path": str(tmp_path / "state")})) as store:
        yield Supervised(tmp_path, store)


def failure_of(supervisor: Supervisor) -> tuple[int, str]:
    """Run to a bad end: its code and its words."""
    with pytest.raises(MemberFailed) as caught:
        supervisor.run()
    return caught.value.code, str(caught.value)


def test_a_job_ends_when_all_its_processes_have(supervised: Supervised) -> None:
    """With the counts of all together."""
    progress = supervised.plan(["work"], ["work"], [0]).run()

    assert (20, 2) == (progress.funnel.received, progress.funnel.rejected.total())
    assert progress.resumed
    supervised.assert_rounds(1, 3)


@pytest.mark.parametrize("bad", [1, 69, 75, "killed", "half", "fail"])
def test_all_start_again_when_one_ends_badly(supervised: Supervised, bad: object) -> None:
    """However it ends; those that went on are ended first, and only the last round counts."""
    progress = supervised.plan([bad, "work"], ["deaf", "work"]).run()

    assert 20 == progress.funnel.received
    supervised.assert_rounds(2, 2)


def test_a_process_that_did_its_part_starts_again_with_the_others(supervised: Supervised) -> None:
    """Bytewax commits an epoch for all of them or for none."""
    assert 20 == supervised.plan(["work"], [69, "work"]).run().funnel.received
    supervised.assert_rounds(2, 2)


WORDS = {
    "fail": "process 1 ended with 69: the stream is out of reach",
    "killed": "process 1 was ended by SIGKILL",
    "half": "process 1 was ended by SIGKILL",
}


@pytest.mark.parametrize("bad", WORDS)
def test_one_that_fails_again_and_again_is_somebody_else_s(
    supervised: Supervised, bad: str
) -> None:
    """After the last pause it ends with 75, and says how the last one ended."""
    supervisor = supervised.plan(["deaf"], [bad])

    assert (75, f"{WORDS[bad]}. Start again; nothing was lost.") == failure_of(supervisor)
    supervised.assert_rounds(MANY + 1, 2)


def test_a_long_life_makes_the_next_failure_the_first(
    supervised: Supervised, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that fails every few minutes is started again for ever."""
    monkeypatch.setattr(supervise, "LONG_LIFE_S", 0.0)
    assert 10 == supervised.plan([*[69] * (2 * MANY), "work"]).run().funnel.received
    supervised.assert_rounds(2 * MANY + 1, 1)


@pytest.mark.parametrize("code", [2, 77, 78])
def test_what_needs_a_person_is_not_tried_again(supervised: Supervised, code: int) -> None:
    """Usage, permission, configuration: the code is handed on."""
    expected = (code, f"process 0 ended with {code}")
    assert expected == failure_of(supervised.plan([code], ["deaf"]))
    supervised.assert_rounds(1, 2)


def test_pauses_grow_to_half_a_minute() -> None:
    """A minute in all before it gives up, so that a short outage is lived through."""
    assert [0, 1, 2, 4, 8, 16, 30] == [*supervise.PAUSE_S]


def test_who_is_told_to_stop_tells_all(supervised: Supervised) -> None:
    """They drain, and it ends well."""
    supervisor = supervised.plan(["drain"], ["drain"])

    def stop() -> None:
        wait_until(lambda: supervised.total.progress.funnel.received == 2 * 10)
        supervisor.stop()

    with_it = Thread(target=stop)
    with_it.start()
    assert 20 == supervisor.run().funnel.received
    with_it.join(TIMEOUT_S)
    supervised.assert_rounds(1, 2)


def test_one_that_has_ended_already_cannot_be_told(supervised: Supervised) -> None:
    """It ended well, so the job does, when the others have drained."""
    supervisor = supervised.plan(["work"], ["drain"])

    def stop() -> None:
        wait_until(lambda: supervised.total.progress.funnel.received == 2 * 10)
        (done,) = [each["pid"] for each in supervised.lives() if each["process"] == 0]
        wait_until(lambda: not is_alive(done))
        supervisor.stop()

    with_it = Thread(target=stop)
    with_it.start()
    assert 20 == supervisor.run().funnel.received
    with_it.join(TIMEOUT_S)


def test_one_that_ends_before_it_reads_is_no_accident(supervised: Supervised) -> None:
    """What was said to it is lost with it."""
    supervised.end_unread()
    assert 0 == supervised.plan([0], [0]).run().funnel.received


def test_stopped_before_the_start_is_stopped(supervised: Supervised) -> None:
    """A signal may come at any time."""
    supervisor = supervised.plan(["drain"], ["drain"])
    supervisor.stop()
    supervisor.run()
    supervised.assert_rounds(1, 2)


def test_nothing_is_started_again_that_was_told_to_stop(supervised: Supervised) -> None:
    """Who fails to drain leaves the rest to the next run."""
    supervisor = supervised.plan([69], ["deaf"])
    supervisor.stop()

    assert (75, "process 0 ended with 69. Start again; nothing was lost.") == (
        failure_of(supervisor)
    )
    supervised.assert_rounds(1, 2)


def test_a_pause_ends_when_it_is_told_to_stop(
    supervised: Supervised, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without another start."""
    supervisor = supervised.plan([69])

    class Pauses(tuple[float, ...]):
        """A pause of an hour, in which it is told to stop."""

        __slots__ = ()

        def __getitem__(self, _: Any) -> Any:
            supervisor.stop()
            return 3_600.0

    monkeypatch.setattr(supervise, "PAUSE_S", Pauses((0.0,)))
    assert (75, "told to stop while it was to start again") == failure_of(supervisor)
    supervised.assert_rounds(1, 1)


def test_killed_means_gone(supervised: Supervised) -> None:
    """From another thread, while it runs: as a second signal does before it ends the process."""
    supervisor = supervised.plan(["deaf"], ["deaf"])
    ends: list[tuple[int, str]] = []
    runs = Thread(target=lambda: ends.append(failure_of(supervisor)))
    runs.start()
    wait_until(lambda: len(supervised.lives()) == len(["deaf", "deaf"]))
    supervisor.stop()  # so that it starts none again
    supervisor.kill()
    assert [] == [each["pid"] for each in supervised.lives() if is_alive(each["pid"])]
    runs.join(TIMEOUT_S)
    assert [75] == [code for code, _ in ends]


def test_a_member_whose_supervisor_is_gone_ends(tmp_path: Path) -> None:
    """At once with 75 wherever it is, and only then the state directory is free."""
    destination = made.destination(state={"path": str(tmp_path / "state")})
    with open_store(destination) as store:
        # A peer that never comes keeps it waiting.
        place = Place(0, tuple(addresses(2).split(",")))
        child = subprocess.Popen(
            [sys.executable, "-I", "-m", "flows.cli.member"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(tmp_path),
            pass_fds=(store.lock,),
        )
        assert child.stdin is not None
        child.stdin.write(encode(Spec(destination, store, place, "warning")))
        child.stdin.flush()
        assert child.stdout is not None
        assert b"received" in child.stdout.readline()
    with child:
        with pytest.raises(StoreLocked), open_store(destination):
            pass
        child.stdin.close()
        assert 75 == child.wait(TIMEOUT_S)
    with open_store(destination) as store:
        assert store.resumed
