"""What holds of the source as a whole: who may import whom, how long a thing may be, what it names.

Judged from the syntax tree of the files git would track, so nothing of the project is imported
here. The import rules are first tried on planted trees that break them: a judge that finds nothing
must be known to be able to find something.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("flows", "connectors")
FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 60

# A pure module decides and never does: the same arguments always give the same answer.
PURE = (
    "flows/profile/*.py",
    "flows/explain.py",
    "flows/backfill.py",
    "flows/destination/__init__.py",
    "flows/destination/delivery.py",
    "flows/destination/values.py",
    "flows/destination/rules.py",
    "connectors/lockstep.py",
    "connectors/kinesis/core/*.py",
)
PURE_MODULES_MIN = 8
PURE_LIBRARIES = {"msgspec"}
IMPURE_STDLIB = {
    *("time", "random", "secrets", "uuid"),  # clocks and dice
    *("os", "io", "shutil", "tempfile", "signal", "subprocess", "logging"),  # the machine
    *("socket", "ssl", "http", "urllib", "select", "selectors"),  # the network
    *("asyncio", "threading", "multiprocessing", "concurrent", "queue"),  # who runs when
}
CLOCK_CALLS = {"now", "today", "utcnow"}


@cache
def project_files() -> list[Path]:
    """Return what a clone would hold: tracked files, and new ones that are not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [
        ROOT / name for name in sorted(set(listed.split("\0")) - {""}) if (ROOT / name).is_file()
    ]


def python_files(*folders: str) -> list[Path]:
    """Return the project's Python files under these top-level folders."""
    return [
        f for f in project_files() if f.suffix == ".py" and f.relative_to(ROOT).parts[0] in folders
    ]


def parse(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def module_name(path: Path, root: Path) -> str:
    """Return the dotted name of a file; a package goes by its folder."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def module_file(name: str, root: Path) -> Path | None:
    """Return the file of a dotted name within the project, if it has one."""
    stem = root.joinpath(*name.split("."))
    return next((f for f in (stem.with_suffix(".py"), stem / "__init__.py") if f.is_file()), None)


def imports(path: Path, root: Path) -> Iterator[tuple[int, str, ast.Import | ast.ImportFrom]]:
    """Yield (line, absolute dotted name, statement) for all imports of a file, nested ones too.

    `from a import b` yields `a.b` where that is a module of the project, and `a` otherwise.
    """
    package = module_name(path, root).split(".")
    if path.name != "__init__.py":
        package.pop()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                name = f"{origin}.{alias.name}"
                yield node.lineno, name if module_file(name, root) else origin, node


def impurities(path: Path, root: Path) -> Iterator[str]:
    """Yield what makes a module impure, in it or in any project module that it imports."""
    seen, todo = {path}, [path]
    while todo:
        current = todo.pop()
        for line, name, _ in imports(current, root):
            top, where = name.partition(".")[0], f"{current.relative_to(root)}:{line}"
            found = module_file(name, root) if top in PACKAGES else None
            if found:
                todo.extend({found} - seen)
                seen.add(found)
            elif top in IMPURE_STDLIB or top not in {*sys.stdlib_module_names, *PURE_LIBRARIES}:
                yield f"{where} imports {name}"
        for node in ast.walk(parse(current)):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in CLOCK_CALLS
                and ast.unparse(node.value).split(".")[-1] in {"date", "datetime"}
            ):
                yield f"{current.relative_to(root)}:{node.lineno} reads the clock"


def strays(path: Path, root: Path) -> Iterator[str]:
    """Yield the imports of a connector that leave the folder it may be taken away in."""
    kinesis = path.is_relative_to(root / "connectors" / "kinesis")
    for line, name, node in imports(path, root):
        where = f"{path.relative_to(root)}:{line} imports {name}"
        if name.partition(".")[0] == "flows":
            yield where
        elif kinesis and name.partition(".")[0] == "connectors":
            relative = isinstance(node, ast.ImportFrom) and node.level > 0
            if not relative or not f"{name}.".startswith("connectors.kinesis."):
                yield where


def plant(root: Path, files: dict[str, str]) -> Path:
    """Write a small source tree and return the file named first."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root / next(iter(files))


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from os import environ",
        "import boto3",
        "from bytewax import operators",
        "def f():\n    import random",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import date\ndate.today()",
        "from flows.clock import later",
        "from ..clock import later",
        "from .. import clock",
    ],
)
def test_each_kind_of_impurity_is_found(tmp_path: Path, source: str) -> None:
    """An impure import or clock is found, direct, nested or behind another module."""
    planted = {"flows/profile/policy.py": source, "flows/clock.py": "import time"}
    assert len(list(impurities(plant(tmp_path, planted), tmp_path))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import hashlib, msgspec",
        "from .state import pack",
        "from datetime import datetime, timezone",
    ],
)
def test_a_pure_module_is_called_pure(tmp_path: Path, source: str) -> None:
    """The standard library, msgspec and other pure modules are allowed."""
    planted = {"flows/profile/policy.py": source, "flows/profile/state.py": "import struct"}
    assert [] == list(impurities(plant(tmp_path, planted), tmp_path))


@pytest.mark.parametrize(
    "source",
    [
        "from flows import route",
        "import flows.route",
        "from connectors.kinesis import errors",
        "import connectors.kinesis.errors",
        "from .. import paced",
        "from ..paced import Paced",
    ],
)
def test_each_kind_of_stray_import_is_found(tmp_path: Path, source: str) -> None:
    """An import out of the folder is found, by its full name or by too many dots."""
    planted = {"connectors/kinesis/sink.py": source, "connectors/paced.py": ""}
    assert len(list(strays(plant(tmp_path, planted), tmp_path))) == 1


def test_decisions_are_pure() -> None:
    """Pure modules reach only the standard library and msgspec, and no clock, dice or machine."""
    modules = {pattern: set(ROOT.glob(pattern)) for pattern in PURE}
    assert [] == [pattern for pattern, found in modules.items() if not found]
    pure = sorted(set().union(*modules.values()))
    assert len(pure) >= PURE_MODULES_MIN
    assert [] == sorted({fault for path in pure for fault in impurities(path, ROOT)})


def test_connectors_can_be_taken_alone() -> None:
    """Connectors never import flows, and the Kinesis package imports itself by dots only."""
    connectors = python_files("connectors")
    assert any(path.parent.name == "kinesis" for path in connectors)
    assert [] == [fault for path in connectors for fault in strays(path, ROOT)]


def test_files_and_functions_fit_in_the_mind() -> None:
    """A source file has at most 300 lines and a function at most 60."""
    sources = python_files(*PACKAGES)
    assert sources
    long = []
    for path in sources:
        name, lines = path.relative_to(ROOT), len(path.read_text(encoding="utf-8").splitlines())
        if lines > FILE_LINES_MAX:
            long.append(f"{name} has {lines} lines")
        for node in ast.walk(parse(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    long.append(f"{name}:{node.lineno} {node.name} has {lines} lines")
    assert [] == long


def test_every_module_says_what_it_is() -> None:
    """Each Python file that is not empty opens with a docstring."""
    files = [f for f in project_files() if f.suffix == ".py" and f.stat().st_size]
    assert [] == [str(f.relative_to(ROOT)) for f in files if not ast.get_docstring(parse(f))]


def test_tests_never_sleep() -> None:
    """A test waits for a condition or moves a clock of its own, and never for time to pass."""
    sleeping = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files("tests")
        for node in ast.walk(parse(path))
        if (isinstance(node, ast.Attribute) and ast.unparse(node) == "time.sleep")
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "time"
            and "sleep" in {alias.name for alias in node.names}
        )
    ]
    assert [] == sleeping


# Spelt backwards or in pieces, so that this file is not what it looks for.
MACHINE_FOLDER = b"|".join(name[::-1] for name in (b"toor", b"krow", b"pmt", b"emoh", b"sresU"))
MACHINE_PATH = rb"(?<![\w.])/(?:" + MACHINE_FOLDER + rb")/\w"
REGISTRY_HOST = b"|".join(
    re.escape(b".".join(host))
    for host in (
        (b"pypi", b"org"),
        (b"pythonhosted", b"org"),
        (b"npmjs", b"org"),
        (b"npmjs", b"com"),
        (b"deb", b"debian", b"org"),
    )
)


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY_HOST], ids=["path", "host"])
def test_the_repository_names_no_machine_and_no_registry(pattern: bytes) -> None:
    """No file holds an absolute path of somebody's machine or the host of a package registry."""
    hits = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in project_files()
        for number, line in enumerate(path.read_bytes().splitlines(), start=1)
        if re.search(pattern, line)
    ]
    assert [] == hits


def test_the_patterns_find_what_they_look_for() -> None:
    """A planted path and a planted host are found, and a path inside the project is not."""
    assert re.search(MACHINE_PATH, b"open('/" + b"tmp/x')")
    assert re.search(REGISTRY_HOST, b"https://" + b".".join([b"files", b"pythonhosted", b"org"]))
    assert not re.search(MACHINE_PATH, b"flows/tmp/x and tmpfs: [/tmp] and /var/lib/profile-export")
