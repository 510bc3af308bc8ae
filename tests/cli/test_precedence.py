"""Where a value comes from: the file, then the environment, then `--set`."""

from __future__ import annotations

import pytest

from tests.support.folder import Folder, fragment
from tests.support.program import command, environment, run


@pytest.mark.parametrize(
    ("variable", "option", "expected"),
    [
        ("", "", "trial"),
        ("from-environment", "", "from-environment"),
        ("", "from-option", "from-option"),
        ("from-environment", "from-option", "from-option"),
    ],
    ids=["file", "environment", "option", "option-over-environment"],
)
def test_an_option_goes_before_the_environment_before_the_file(
    folder: Folder, variable: str, option: str, expected: str
) -> None:
    """The name that `check` shows is the one with precedence."""
    options = [f"--set=name={option}"] if option else []
    ended = folder.run("check", "--offline", *options, PROFILE_EXPORT_NAME=variable)
    assert f"ok    destination.yaml: {expected}" == ended.out.splitlines()[0]


def test_two_underscores_step_into_a_section(folder: Folder) -> None:
    """PROFILE_EXPORT_MESSAGE__METADATA sets message.metadata, and its value is YAML."""
    folder.add(fragment("c1", tier="gold", status="realized"))
    plain = folder.run("run", "--dry-run")
    with_metadata = folder.run("run", "--dry-run", PROFILE_EXPORT_MESSAGE__METADATA="true")
    assert '"_export":' not in plain.out
    assert '"_export":' in with_metadata.out


def test_the_last_of_two_options_counts(folder: Folder) -> None:
    """An option given twice means its last value, as everywhere on a command line."""
    ended = folder.run("check", "--offline", "--set", "name=first", "--set", "name=last")
    assert "ok    destination.yaml: last" == ended.out.splitlines()[0]


def test_a_wrong_value_is_blamed_on_where_it_came_from(folder: Folder) -> None:
    """A problem names the variable or the option, not the file that is right."""
    ended = folder.run("check", "--offline", "--set=nmae=x", PROFILE_EXPORT_STREAM__NMAE="x")
    assert 78 == ended.code
    assert "--set nmae: " in ended.err
    assert "PROFILE_EXPORT_STREAM__NMAE: " in ended.err
    assert "destination.yaml" not in ended.err


def test_relative_paths_start_at_the_file(folder: Folder) -> None:
    """A destination named from another folder reads and would write beside itself."""
    folder.add(fragment("c1", tier="gold", status="realized"))
    line = command("check", "--offline", "-c", "../work/destination.yaml")
    ended = run(line, cwd=folder.home, env=environment(folder.home))
    assert 0 == ended.code
    assert f"ok    input profiles: {folder.input}" in ended.out
    assert f"ok    state: {folder.path}/state" in ended.out
