"""Docker Compose itself reads the compose file, without an engine and without a network.

Its program comes from a package that carries it for one platform only; elsewhere these are skipped
and `test_containers.py` still reads the file. The package's own console script loses the exit code,
so the program in it is called.
"""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The same condition as in pyproject.toml: where it holds, a missing program is a failure.
CARRIED = ("linux", "x86_64", (3, 11))
HERE = (sys.platform, platform.machine(), sys.version_info[:2])

pytestmark = pytest.mark.skipif(HERE != CARRIED, reason="no Docker Compose is packed for this one")


def compose(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Let Docker Compose read a file, with neither an engine nor settings of this user."""
    package = find_spec("compose")
    assert package is not None
    assert package.submodule_search_locations is not None
    program = Path(package.submodule_search_locations[0], "docker-compose")
    return subprocess.run(
        [program, "--file", file, *options],
        check=False,
        capture_output=True,
        text=True,
        env={"DOCKER_HOST": "unix:///nowhere"},
        timeout=60,
    )


def services(*options: str) -> list[str]:
    """Return the names of the services that Docker Compose would start."""
    done = compose(ROOT / "docker-compose.yml", *options, "config", "--services")
    assert (0, "") == (done.returncode, done.stderr)
    return sorted(done.stdout.split())


def test_the_single_job_is_the_default() -> None:
    """Without a profile there are the emulator and one job."""
    assert ["emulator", "job"] == services()


def test_the_profile_adds_the_cluster() -> None:
    """With the profile there are three jobs more, and Docker Compose takes every key of them."""
    assert ["emulator", "job", "job-0", "job-1", "job-2"] == services("--profile", "cluster")


@pytest.mark.parametrize(
    ("sound", "broken", "complaint"),
    [
        ("pids_limit: 256", "pids_limits: 256", "pids_limits is not allowed"),
        ("stop_grace_period: 90s", "stop_grace_period: long", 'invalid duration "long"'),
        ("  emulator:\n    <<", "  emulators:\n    <<", "undefined service emulator"),
        ("  state-1:\n", "", "undefined volume state-1"),
        ("*config", "*configs", "unknown anchor 'configs'"),
    ],
    ids=["key", "value", "service", "volume", "anchor"],
)
def test_a_broken_file_is_refused(tmp_path: Path, sound: str, broken: str, complaint: str) -> None:
    """A file with one defect ends in an error that names it: Docker Compose is known to look."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert sound in text
    file = tmp_path / "docker-compose.yml"
    file.write_text(text.replace(sound, broken), encoding="utf-8")
    done = compose(file, "--profile", "cluster", "config", "--quiet")
    assert 0 != done.returncode
    assert complaint in done.stderr
