"""The state directory is one job's, and the last process of that job gives it back."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from flows.destination import Destination
from flows.runner.state_directory import StoreLocked, StoreUnusable, hold_state, unusable
from tests.support import made


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the state directory will be."""
    return tmp_path / "there" / "state"


def destination(state: Path) -> Destination:
    """Give a destination whose state is there."""
    return made.destination(state={"path": str(state)})


def test_it_is_made_for_its_owner_alone(state: Path) -> None:
    """With the folders above it; nothing but the lock is in it."""
    with hold_state(destination(state), "Wait.") as held:
        assert state == held.folder
        assert {"lock"} == {path.name for path in state.iterdir()}
        assert 0o700 == stat.S_IMODE(state.stat().st_mode)
        assert 0o600 == stat.S_IMODE((state / "lock").stat().st_mode)
    assert {"lock"} == {path.name for path in state.iterdir()}


def test_a_second_holder_is_refused_with_its_own_way_out(state: Path) -> None:
    """Also within one process; afterwards it is free."""
    for _ in range(2):
        with hold_state(destination(state), "Wait."):
            with (
                pytest.raises(StoreLocked) as caught,
                hold_state(destination(state), "Come back later."),
            ):
                pass
            words = f"{state}: another process runs on this state directory. Come back later."
            assert words == str(caught.value)


def test_who_inherits_the_lock_holds_the_directory_too(state: Path) -> None:
    """A job that was killed is not over while a process that it started runs on."""
    with hold_state(destination(state), "Wait.") as held:
        child = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"],
            stdin=subprocess.PIPE,
            pass_fds=(held.lock,),
        )
    with child:
        with pytest.raises(StoreLocked), hold_state(destination(state), "Wait."):
            pass
        assert child.stdin is not None
        child.stdin.close()
        assert 0 == child.wait()
    with hold_state(destination(state), "Wait."):
        pass


def test_a_process_that_does_not_inherit_the_lock_does_not_hold(state: Path) -> None:
    """As any other program that was started meanwhile."""
    with hold_state(destination(state), "Wait."):
        child = subprocess.Popen(
            [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            close_fds=False,
        )
        assert child.stdout is not None
        assert child.stdout.readline()  # before it is another program it has all that we have
    with child, hold_state(destination(state), "Wait."):
        assert child.poll() is None
        assert child.stdin is not None
        child.stdin.close()


def test_a_directory_that_cannot_be_used_says_why_and_what_to_do(tmp_path: Path) -> None:
    """As if its name is a file's."""
    (tmp_path / "state").touch()
    with pytest.raises(StoreUnusable) as caught, hold_state(destination(tmp_path / "state"), ""):
        pass
    assert (
        f"{tmp_path}/state: the state directory cannot be used (File exists). Let this user write "
        "there, or give another `state.path`."
    ) == str(caught.value)
    assert str(unusable(tmp_path, OSError(28, os.strerror(28)))).startswith(
        f"{tmp_path}: the state directory cannot be used (No space left on device)."
    )
