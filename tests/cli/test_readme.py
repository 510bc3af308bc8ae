"""README.md does what it shows: its commands and programs run, in its order, with its output."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.program import MAIN, ROOT, environment
from tests.support.readme import Shell, Step, matches, steps
from tests.support.streams import Stream

README = ROOT / "README.md"
EMULATOR = "http://127.0.0.1:5000"
"""Where the pages have the emulator; the emulator of these tests stands for it."""

EXCEPTED = {
    "git clone": "a copy of this working folder stands for the clone",
    "cd profile-export": "as git clone: the copy is entered already",
    "make": "what the gate itself does; it needs the network",
    "docker": "needs a container engine; tests/repository reads the files",
    "pip install": "needs the network; test_installed.py installs the wheel",
    "aws": "needs a program that is not ours",
    "profile-export emulator": "runs until interrupted; the emulator of these tests stands for it",
}


def is_excepted(step: Step) -> bool:
    """Whether a step is one that is not done here, for the reason that stands above."""
    return any(step.script == each or step.script.startswith(f"{each} ") for each in EXCEPTED)


def faults(page: str, folder: Path, env: Mapping[str, str], emulator: str) -> Iterator[str]:
    """Do what a page shows in a folder; yields where it does not do so."""
    with Shell(folder, env) as shell:
        for step in steps(page):
            if is_excepted(step):
                continue
            code, shown = shell.run(step.script.replace(EMULATOR, emulator))
            shown = shown.replace(emulator, EMULATOR)
            if code != 0:
                yield f"line {step.line}: exit code {code}: {step.script}\n{shown}"
            elif not matches(step.expected, shown):
                expected = "\n".join(step.expected)
                yield f"line {step.line}: {step.script}\nexpected:\n{expected}\nshown:\n{shown}"


def programs(folder: Path) -> Path:
    """Make the environment that `make` would have made; returns its folder of programs."""
    folder.mkdir(parents=True)
    lines = {
        "profile-export": f'exec {sys.executable} -I -c "{MAIN}" "$@"',
        "python": f'exec {sys.executable} "$@"',
        "activate": "",
    }
    for name, line in lines.items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The variables of a user who has made the environment and activated it."""
    home = tmp_path / "home"
    home.mkdir()
    variables = environment(home, EDITOR="true")
    path = programs(tmp_path / "profile-export" / ".venv" / "bin")
    return variables | {"PATH": f"{path}:{variables['PATH']}"}


def test_the_readme_does_what_it_shows(
    tmp_path: Path, env: dict[str, str], emulator_url: str
) -> None:
    """From top to bottom, each command and program of README.md works and shows what it says."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    copy = tmp_path / "profile-export"
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    Stream.make(emulator_url, "leads")
    page = README.read_text(encoding="utf-8")
    assert list(steps(page))
    assert [] == list(faults(page, copy, env | {"AWS_ENDPOINT_URL": emulator_url}, emulator_url))


GOOD = r"""
# A page

```console
$ mkdir inside && cd inside && n=3
$ echo $n \
  > file
$ cat file; read line; pwd
3
.../inside
$ printf 'one\ntwo\nthree\nfour'
one
...
f...r
```

Text, and blocks that are only read:

```yaml
$ false
```

```console
$ git clone somewhere
$ make test
$ profile-export emulator --port 5000
Ctrl-C ends it
$ echo http://127.0.0.1:5000/ at work
http://127.0.0.1:5000/ at work
$ profile-export --help
Usage: profile-export [OPTIONS] COMMAND [ARGS]...
...
```

```sh
# a script
test -f file
for n in 1 2; do echo "$n"; done
```

```python
from pathlib import Path

assert Path("file").read_text() == '3\n', "a program in the same folder"
```
"""


def test_a_page_is_done_in_one_shell_from_top_to_bottom(
    tmp_path: Path, env: dict[str, str]
) -> None:
    """Folder and variables last, output is compared where it is shown, exceptions left out."""
    assert [] == list(faults(GOOD, tmp_path, env, "http://127.0.0.1:1"))
    assert "3\n" == (tmp_path / "inside" / "file").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("block", "found"),
    [
        ("console\n$ false", "line 2: exit code 1: false"),
        ("console\n$ true\n$ nonesuch", "line 3: exit code 127: nonesuch"),
        ("console\n$ echo b\na", "line 2: echo b"),
        ("console\n$ printf 'a\\nb'\na", "line 2: printf"),
        ("console\n$ printf 'a'\na\nb", "line 2: printf"),
        ("console\n$ printf 'ab'\na...c", "line 2: printf"),
        ("console\n$ echo a >&2\nb", "line 2: echo a >&2"),
        ("sh\ntrue\nfalse", "line 2: exit code 1: true\nfalse"),
        ("python\nraise SystemExit(3)", "line 2: exit code 3: python"),
    ],
)
def test_what_a_page_shows_wrongly_is_found(
    tmp_path: Path, env: dict[str, str], block: str, found: str
) -> None:
    """A failure, other output, more of it or less, on either stream, is named with its line."""
    (fault,) = faults(f"```{block}\n```\n", tmp_path, env, EMULATOR)
    assert fault.startswith(found)


def test_output_without_a_command_is_refused() -> None:
    """A console block that does not follow the convention is an error, and not passed over."""
    with pytest.raises(ValueError, match="line 2: a console block starts with a command"):
        list(steps("```console\nprofile-export demo\n```\n"))
