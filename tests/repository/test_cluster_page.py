"""The page about clusters says what the program does, where a reader would act on its numbers."""

from __future__ import annotations

import re
from pathlib import Path

from flows.place import PROCESSES
from flows.runner.store import RECOVERY_PARTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")


def test_the_page_names_the_numbers_of_processes() -> None:
    """What `-p` and `--addresses` take is what the page says they take."""
    assert (1, 2, 3, 4, 5, 6, 10, 12) == PROCESSES
    assert 6 == RECOVERY_PARTS
    assert "`-p` takes 1, 2, 3, 4, 5, 6, 10 or 12 processes, and `--addresses` lists 1 to 6" in PAGE


def test_the_page_says_where_each_part_of_the_store_lies() -> None:
    """In each row of the table all parts lie somewhere, on the machine that their number gives."""
    rows = re.findall(r"(?m)^\| (\d) \|(.+)\|$", PAGE)
    assert {
        machines: [[p for p in range(6) if p % machines == process] for process in range(machines)]
        for machines in range(1, 7)
    } == {
        int(machines): [[*map(int, cell.split())] for cell in cells.split("|") if cell.strip()]
        for machines, cells in rows
    }
