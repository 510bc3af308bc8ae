"""The hand-typed corpora under tests/data are well formed.

Promises: every file parses and has its fields; every expected message is compact JSON; there is
a decision for every fragment and a message for every export; every bad line is, by the standard
library's own decoders, of the kind its reason says. Leaves out: whether the expectations are
right, which is for those who run them. Imports nothing of the project, so that a slip of the
typist is not taken for a fault of the code.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parents[1] / "data"
LINE_REASONS = {
    "line_too_long",
    "not_utf8",
    "too_deep",
    "not_json",
    "not_an_object",
    "bad_batch",
    "empty_batch",
}
FRAGMENT_REASONS = {
    "bad_value",
    "too_many_identities",
    "id_too_long",
    "phone_not_e164",
    "no_key_identity",
    "ambiguous_key",
    "unknown_operation",
    "bad_time",
    "time_in_future",
    "unknown_status",
}
REASONS = LINE_REASONS | FRAGMENT_REASONS
EXPORT_REASONS = ["membership", "identity", "attribute", "delete"]
SKIPS = {
    "unchanged/same_value",
    "unchanged/stale",
    "filtered/unmapped",
    "filtered/not_qualified",
}
CASE_FIELDS = {"what", "destination", "arrival", "lines", "messages", "decisions"}


def _parsed(path: Path) -> dict[str, Any]:
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict), path.name
    return loaded


def _cases(folder: str) -> list[tuple[str, dict[str, Any]]]:
    return [(path.name, _parsed(path)) for path in sorted((DATA / folder).glob("*.yaml"))]


def _strict_json(text: str) -> Any:
    def refuse(token: str) -> Any:
        raise ValueError(f"{token} is no JSON")

    value = json.loads(text, parse_constant=refuse)
    json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate fails here
    return value


def _depth(text: str) -> int:
    """Count the deepest level of nesting; brackets in strings do not count."""
    level = deepest = 0
    for token in re.findall(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', text):
        level += (token in "[{") - (token in "]}")
        deepest = max(deepest, level)
    return deepest


def _text_lines(block: str) -> list[str]:
    """Split at line feeds alone, as a message may hold U+2028 and its like."""
    return [line for line in block.split("\n") if line.strip(" \t\r")]


def _fragments(case: dict[str, Any]) -> Iterator[Any]:
    for line in _text_lines(case["lines"]):
        value = _strict_json(line)
        yield from value.get("messages", [value])


def _line_bytes(entry: dict[str, Any]) -> bytes:
    if "base64" in entry:
        return base64.b64decode(entry["base64"], validate=True)
    if "repeat" in entry:
        repeat = entry["repeat"]
        assert set(repeat) == {"unit", "times", "before", "after"}
        return str(repeat["before"] + repeat["unit"] * repeat["times"] + repeat["after"]).encode()
    return str(entry["line"]).encode()


def _batch_reason(value: dict[str, Any]) -> str | None:
    if "messages" not in value:
        return None
    messages = value["messages"]
    if not isinstance(messages, list) or not all(isinstance(item, dict) for item in messages):
        return "bad_batch"
    if any("messages" in item for item in messages):
        return "bad_batch"
    return None if messages else "empty_batch"


def _line_reason(raw: bytes, limits: dict[str, int]) -> str | None:
    """Judge a line by its form alone, in order of precedence; None when it holds fragments."""
    try:
        text = raw.decode()
        value = _strict_json(text) if _depth(text) <= limits["depth"] else None
    except UnicodeDecodeError:
        reason: str | None = "not_utf8"
    except ValueError:
        reason = "not_json"
    else:
        deep = _depth(text) > limits["depth"]
        form = _batch_reason(value) if isinstance(value, dict) else "not_an_object"
        reason = "too_deep" if deep else form
    return "line_too_long" if len(raw) > limits["line_bytes"] else reason


def _check_decision(name: str, decision: str) -> None:
    export = re.fullmatch(r"export\((.+)\)", decision)
    if export:
        given = export[1].split(", ")
        assert given == [reason for reason in EXPORT_REASONS if reason in given], (name, decision)
        return
    outcome, _, reason = decision.partition("/")
    assert decision in SKIPS or (outcome == "rejected" and reason in REASONS), (name, decision)


def _check_case(name: str, case: dict[str, Any]) -> None:
    destination = yaml.safe_load(case["destination"])
    assert {"name", "stream", "identities", "activation", "inputs"} <= set(destination), name
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", case["arrival"]), name
    assert len(list(_fragments(case))) == len(case["decisions"]), name
    for decision in case["decisions"]:
        _check_decision(name, decision)
    messages = _text_lines(case["messages"])
    exports = [decision for decision in case["decisions"] if decision.startswith("export(")]
    assert len(messages) == len(exports), name
    for message, export in zip(messages, exports, strict=True):
        value = _strict_json(message)
        compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        assert message == compact, (name, "not compact, or not in the shortest form")
        metadata = value.get("_export", {})
        if metadata.keys() - {"dropped"}:
            assert metadata["id"] == "*", name
            assert export == f"export({', '.join(metadata['reasons'])})", name


def test_goldens_are_well_formed() -> None:
    """Every golden has its fields, source and normalisations, and messages for its decisions."""
    goldens = _cases("golden")
    assert len(goldens) >= 9
    for name, case in goldens:
        assert set(case) == CASE_FIELDS | {"source", "normalisations"}, name
        assert case["normalisations"], name
        assert all(isinstance(change, str) for change in case["normalisations"]), name
        _check_case(name, case)


def test_message_cases_are_well_formed() -> None:
    """There are at least 45 message cases, each with its fields and messages for its decisions."""
    cases = _cases("messages")
    assert len(cases) >= 45
    for name, case in cases:
        assert set(case) - {"record_bytes"} == CASE_FIELDS, name
        _check_case(name, case)


def test_bad_lines_cover_every_reason() -> None:
    """At least 120 lines are refused, each reason occurs twice, and 15 odd lines are accepted."""
    corpus = _parsed(DATA / "bad_input.yaml")
    assert set(corpus) == {"what", "destination", "arrival", "lines"}
    reasons = Counter(entry["reason"] for entry in corpus["lines"])
    assert reasons.pop(None) >= 15
    assert set(reasons) == REASONS
    assert min(reasons.values()) >= 2
    assert reasons.total() >= 120


def test_bad_lines_are_of_the_kind_they_say() -> None:
    """The standard library's decoders fail, or do not, as the reason of the line has it."""
    corpus = _parsed(DATA / "bad_input.yaml")
    limits = yaml.safe_load(corpus["destination"])["limits"]
    seen: set[bytes] = set()
    for entry in corpus["lines"]:
        assert set(entry) - {"line", "base64", "repeat"} == {"reason", "why"}, entry
        assert len(entry) == 3, entry
        raw = _line_bytes(entry)
        assert b"\n" not in raw, entry
        assert raw not in seen, entry
        seen.add(raw)
        expected = entry["reason"] if entry["reason"] in LINE_REASONS else None
        assert _line_reason(raw, limits) == expected, entry
