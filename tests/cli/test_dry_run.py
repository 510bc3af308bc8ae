"""`run --dry-run`: on stdout the messages and nothing else, byte for byte as a record has them."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.folder import STANDARD_INPUT, Folder, fragment, message
from tests.support.program import TIMEOUT_S, command, environment, run, start

DATA = Path(__file__).parents[1] / "data"
CASES = [
    *sorted((DATA / "golden").glob("*.yaml")),
    *sorted((DATA / "messages").glob("*-metadata.yaml")),
    *sorted((DATA / "messages").glob("*-newline.yaml")),
]
_MESSAGE_ID = re.compile(r'("_export":\{"id":")[0-9a-f]{32}"')


def lay_out(path: Path, folder: Path) -> list[str]:
    """Write a hand-written case as a user's files; returns the messages it must give."""
    case: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    folder.joinpath("destination.yaml").write_text(case["destination"], encoding="utf-8")
    folder.joinpath("in").mkdir()
    lines = folder / "in" / "lines.jsonl"
    lines.write_text(case["lines"], encoding="utf-8")
    arrival = datetime.fromisoformat(case["arrival"].replace("Z", "+00:00")).timestamp()
    os.utime(lines, (arrival, arrival))  # a file arrived when it was last modified
    return [line for line in (case["messages"] or "").split("\n") if line]


def without_ids(out: str) -> list[str]:
    """Give the messages of an output, with a star for each message id, which no person can type."""
    assert out.endswith("\n") or not out
    return _MESSAGE_ID.sub(r'\1*"', out).split("\n")[:-1]


def test_there_are_cases() -> None:
    """The files are found, so that the test below is known to look at something."""
    assert len(CASES) >= 11


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_piped_dry_run_prints_the_golden_messages(path: Path, tmp_path: Path) -> None:
    """A child's standard output is the hand-written messages, one a line, in order."""
    expected = lay_out(path, tmp_path)
    ended = run(command("run", "--dry-run"), cwd=tmp_path, env=environment(tmp_path))
    assert 0 == ended.code
    assert expected == without_ids(ended.out)


def test_messages_on_stdout_and_the_funnel_on_stderr(folder: Folder) -> None:
    """What is piped on is data alone; where each fragment ended is talk."""
    folder.add("no JSON", "", fragment("c1", tier="gold", status="realized"))
    folder.add(fragment("c2", tier="gold"))
    ended = folder.run("run", "--dry-run")
    assert (0, f"{message('c1', 'gold')}\n") == (ended.code, ended.out)
    assert [
        "received 3 = rejected 1 + unchanged 0 + filtered 1 + exported 1",
        "  rejected   not_json 1",
        "  filtered   not_qualified 1",
        "profiles 2: with both 1, attributes only 1, memberships only 0",
    ] == ended.err.splitlines()


def test_standard_input_can_be_piped_through(folder: Folder) -> None:
    """A lone dash reads standard input, as a stage of a pipe; an empty one is no fault."""
    line = fragment("c1", tier="gold", status="realized").encode()
    ended = folder.run("run", "--dry-run", "--set", STANDARD_INPUT, stdin=line)
    assert (0, f"{message('c1', 'gold')}\n") == (ended.code, ended.out)
    assert (0, "") == folder.run("run", "--dry-run", "--set", STANDARD_INPUT)[:2]


def test_text_is_utf_8_in_any_locale(folder: Folder) -> None:
    """A message is bytes: a locale that cannot show a letter does not change it."""
    tier = "\u00e9\u4f60"
    folder.add(fragment("c1", tier=tier, status="realized"))
    ended = folder.run("run", "--dry-run", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert (0, f"{message('c1', tier)}\n") == (ended.code, ended.out)


def test_a_reader_that_has_seen_enough_is_no_accident(folder: Folder) -> None:
    """With the reader of its pipe gone, as in `| head -1`, it ends without a crash."""
    folder.add(*(fragment(f"c{n}", tier="gold", status="realized") for n in range(2000)))
    line = command("run", "--dry-run")
    with start(line, cwd=folder.path, env=environment(folder.home)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert process.stdout.readline().startswith(b'{"loyalty"')
            process.stdout.close()
            talk = process.stderr.read().decode()
            process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode >= 0, f"killed by signal {-process.returncode}"
    assert "Traceback" not in talk
    assert "panic" not in talk
