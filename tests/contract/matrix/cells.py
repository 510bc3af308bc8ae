"""The cells of `fault_matrix.yaml`, and how what is stated there compares with what was seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

TABLE = Path(__file__).parents[1] / "fault_matrix.yaml"

At = Literal[
    "first record",
    "middle record",
    "last record",
    "first request",
    "middle request",
    "last request",
]


class Cell(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of the table, whose head explains the fields."""

    fault: str
    variety: str
    rule: str
    at: At
    times: Literal["once", "three times", "for ever"]
    ends: Literal["returns", "at once", "gives up"]
    requests: int | str
    stored: str
    retried: int | str = 0
    throttled: int | str = 0
    acknowledged: int | None = None
    letters: tuple[str, ...] = ()
    error: str
    code: str
    person: bool = False
    says: str = ""
    how: str = ""
    request_timeout_s: float = 10.0
    give_up_s: float = 0.1

    def __str__(self) -> str:
        """Name the cell, as a test is named."""
        words = (self.fault, self.variety, self.at, self.times)
        return "-".join(word.replace(" ", "_") for word in words if word)

    @property
    def count(self) -> int | None:
        """How often the fault happens; None for ever."""
        return {"once": 1, "three times": 3, "for ever": None}[self.times]

    @property
    def place(self) -> int:
        """Which of three is hit, from 0."""
        return ("first", "middle", "last").index(self.at.partition(" ")[0])

    @property
    def written(self) -> tuple[list[str], list[str]]:
        """Names of the records to flush before the fault, and of those that meet it."""
        if self.at.endswith("request"):
            cut = 2 * self.place
            return ["a1", "b1", "a2", "b2"][:cut], ["a1", "b1", "a2", "b2", "a3", "b3"][cut:]
        names = ["a1", "b1", "c1", f"{'abc'[self.place]}2"]
        if self.fault == "throttle and internal failure in one answer":
            names.append(f"{'abc'[(self.place + 1) % 3]}2")
        return [], names


def cells() -> list[Cell]:
    """Read the table."""
    table: dict[str, dict[str, Any]] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return [cell for fault, group in table.items() for cell in _cells(fault, group)]


def _cells(fault: str, group: dict[str, Any]) -> Iterator[Cell]:
    plain, varied = group.pop("cells"), group.pop("varieties", [])
    for row in (*plain, *varied):
        variety = row.get("how", row.get("code", ""))
        yield msgspec.convert({"fault": fault, "variety": variety, **group, **row}, Cell)


def within(stated: int | str, seen: int) -> bool:
    """Whether a number is the stated one, or within `least..most`."""
    least, _, most = str(stated).partition("..")
    return int(least) <= seen <= int(most or least)


def as_stated(names: Iterable[str], stated: str) -> str:
    """Write down which records were seen, in the words of the table.

    Args:
        names: Records as they were seen.
        stated: What the table says, for which of them any number will do.
    """
    by_key: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_key[name[0]].append(name)
    words = []
    for key in sorted(by_key):
        for name, same in groupby(by_key[key]):
            count = len(list(same))
            if f"{name}+" in stated.split():
                words.append(f"{name}+")
            else:
                words.append(name if count == 1 else f"{name}*{count}")
    return " ".join(words) or "nothing"
