"""The wheel works on its own, also where the current folder has packages of the same names."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.support.folder import DESTINATION, fragment, message
from tests.support.program import ROOT, TIMEOUT_S, Ended, environment, run

PACKAGES = ("flows", "connectors")


def call(*line: str, cwd: Path = ROOT) -> str:
    """Run a tool that must succeed; returns what it printed."""
    ended = subprocess.run(
        line, cwd=cwd, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert 0 == ended.returncode, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, as its build tool makes it from this working folder."""
    folder = tmp_path_factory.mktemp("wheel")
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    (built,) = folder.glob("profile_export-*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment of its own with the wheel and what it requires.

    What it requires is borrowed from the environment of these tests by a path file. Such a file
    is not followed to another, so an editable install of this working folder stays out of sight.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    python = str(folder / "bin" / "python")
    site = call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    required = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    Path(site, "required.pth").write_text("\n".join(sorted(required)), encoding="utf-8")
    call(
        *(sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"),
        *("install", "--quiet", "--no-deps", "--no-index", str(wheel)),
    )
    return folder / "bin"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder that has packages with our names, which must never be imported."""
    folder = tmp_path / "hostile"
    for package in PACKAGES:
        (folder / package).mkdir(parents=True)
        text = f"raise SystemExit('{package} of the current folder was imported')\n"
        (folder / package / "__init__.py").write_text(text, encoding="utf-8")
    return folder


def installed(programs: Path, folder: Path, *arguments: str) -> Ended:
    """Run the installed program in a folder; its home and its temporary files are beside it."""
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    return run([str(programs / "profile-export"), *arguments], cwd=folder, env=environment(home))


def test_the_wheel_holds_the_packages_whole_and_nothing_else(wheel: Path) -> None:
    """Code, sample, template and schema are in it, and no test, benchmark or result of a run."""
    listing = call("git", "ls-files", "--cached", "--others", "--exclude-standard", *PACKAGES)
    ours = {name for name in listing.splitlines() if (ROOT / name).is_file()}
    found = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert {"flows/cli/template.yaml", "flows/sample/destination.yaml"} < ours
    assert ours == found


def test_the_wheel_says_what_it_is(programs: Path, hostile: Path, wheel: Path) -> None:
    """The version is that of the wheel's name, the licence is with it."""
    version = wheel.name.split("-")[1]
    assert (0, f"profile-export, version {version}\n", "") == (
        installed(programs, hostile, "--version")
    )
    assert any(name.endswith("/licenses/LICENSE") for name in ZipFile(wheel).namelist())


def test_the_demo_runs_where_our_names_are_taken(programs: Path, hostile: Path) -> None:
    """Neither the program nor the emulator that it starts imports from the current folder."""
    ended = installed(programs, hostile, "demo")
    assert (0, "") == (ended.code, ended.err)
    assert "qualified people shows their present profile" in ended.out


def test_a_destination_can_be_begun_and_tried(programs: Path, hostile: Path) -> None:
    """init, check --offline and run --dry-run find what they need in the wheel."""
    begun = installed(programs, hostile, "init")
    assert 0 == begun.code, begun.err
    (hostile / "profiles").mkdir()
    assert 0 == installed(programs, hostile, "check", "--offline").code
    (hostile / "trial.yaml").write_text(DESTINATION, encoding="utf-8")
    line = fragment("c1", tier="gold", status="realized")
    (hostile / "profiles.jsonl").write_text(line, encoding="utf-8")
    dry = installed(programs, hostile, "run", "--dry-run", "-c", "trial.yaml")
    assert (0, f"{message('c1', 'gold')}\n") == (dry.code, dry.out)
