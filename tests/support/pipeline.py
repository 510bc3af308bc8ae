"""Runs lines through the job's pure steps one by one, and tells what each fragment did."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import yaml

from flows.destination import Destination
from flows.destination.load import load
from flows.profile.exporter import Exporter
from flows.profile.instant import parse_instant
from flows.profile.line import PLACE_BITS, check_line, split_line
from flows.profile.merge import EMPTY, Profile
from flows.profile.policy import Decision, Export
from flows.profile.reject import Rejected
from flows.profile.state import pack, unpack

DATA = Path(__file__).parents[1] / "data"


class Case(NamedTuple):
    """One hand-written file of ``tests/data``: a destination, lines, and what they must do.

    `record_bytes` is the largest record: a small one where a case says so, else Kinesis's own.
    """

    destination: Destination
    arrival: int
    lines: list[bytes]
    messages: list[str]
    decisions: list[str]
    record_bytes: int


class Outcome(NamedTuple):
    """What the lines did: messages in order, one decision per fragment, profiles by key id."""

    messages: list[bytes]
    decisions: list[str]
    profiles: dict[str, bytes]


def read_case(path: Path, folder: Path) -> Case:
    """Read a case; its destination is written to ``folder`` and loaded from there, as a user's."""
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    file = folder / "destination.yaml"
    file.write_text(case["destination"], encoding="utf-8")
    return Case(
        load(file, environment={}),
        parse_instant(case["arrival"]),
        [line.encode() for line in case["lines"].split("\n") if line],
        [message for message in (case["messages"] or "").split("\n") if message],
        case["decisions"],
        case.get("record_bytes", 1_048_576),
    )


def run_lines(
    destination: Destination, lines: Iterable[bytes], arrival: int, *, record_bytes: int = 1_048_576
) -> Outcome:
    """Run lines in order, packing each profile between fragments as the lane does."""
    exporter = Exporter(destination, record_bytes=record_bytes)
    messages: list[bytes] = []
    decisions: list[str] = []
    profiles: dict[str, bytes] = {}
    for number, line in enumerate(lines):
        try:
            check_line(line, destination.limits)
            raws = split_line(line)
        except Rejected as rejected:
            decisions.append(f"rejected/{rejected.reason}")
            continue
        for index, raw in enumerate(raws):
            try:
                exporter.reader.key(raw)
                fragment = exporter.reader.read(raw, arrival, (number << PLACE_BITS) + index)
            except Rejected as rejected:
                decisions.append(f"rejected/{rejected.reason}")
                continue
            packed = profiles.get(fragment.key)
            before: Profile = EMPTY if packed is None else unpack(packed)
            step = exporter.apply(before, fragment)
            profiles[fragment.key] = pack(step.after)
            decisions.append(describe(step.decision))
            if step.message:
                messages.append(step.message)
    return Outcome(messages, decisions, profiles)


def describe(decision: Decision) -> str:
    """Write a decision as the cases do."""
    if isinstance(decision, Export):
        return f"export({', '.join(decision.reasons)})"
    return f"{decision.outcome}/{decision.reason}"
