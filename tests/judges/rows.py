"""Rows: what XDM a flat row stands for, and a Hypothesis strategy for columns and rows.

Promises, for any row, the XDM document that must give the same fragment, or be refused for the same
reason. It is written from the documents of `fields`, plainly, with the standard library alone.
Leaves out what a row cannot say. Imports nothing of the project.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

Row = Mapping[str, Any]

YEAR_1_MS = -62_135_596_800_000
YEAR_10000_MS = 253_402_300_800_000


def xdm_of(fields: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """The XDM document of a row; `fields` as in the configuration, with every default written."""
    entity: dict[str, Any] = {
        "identityMap": {
            ns: [{"id": _id(row.get(at))}]
            for ns, at in fields["identity"].items()
            if row.get(at) not in (None, "")
        }
    }
    for path, column in fields["attributes"].items():
        _put(entity, path, row.get(column))
    header: dict[str, Any] = {}
    time = row.get(fields["time"]) if fields["time"] else None
    if _is_ms(time):
        header["createdAt"] = time
    else:
        entity["timestamp"] = time
    if fields["segment"]:
        entity["segmentMembership"] = _membership(fields["segment"], row)
    if fields["delete"]:
        operation = row.get(fields["delete"]["column"])
        if isinstance(operation, (list, dict)):
            header["operations"] = {"data": operation}
        elif operation is not None and _text(operation) in fields["delete"]["values"]:
            header["operations"] = {"data": "delete"}
    return {"header": header, "body": {"xdmEntity": entity}}


def _membership(segment: Mapping[str, Any], row: Row) -> dict[str, Any]:
    name, status = row.get(segment["id"]), row.get(segment["status"])
    time = row.get(segment["time"]) if segment["time"] else None
    wrong = isinstance(name, (bool, float, list, dict)) or isinstance(status, (list, dict))
    if wrong or isinstance(time, (bool, list, dict)):
        return {segment["namespace"]: {"x": {"status": []}}}  # what no membership is
    if name in (None, ""):
        return {}
    word = "" if status is None else _text(status)
    known = "realized" if word in segment["realized"] else ""
    known = "exited" if word in segment["exited"] else known
    last = _iso(time) if _is_ms(time) else time
    return {segment["namespace"]: {str(name): {"status": known, "lastQualificationTime": last}}}


def _id(value: Any) -> Any:
    """An id as XDM writes it; what is none stays as it is, and is as wrong there."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _is_ms(value: Any) -> bool:
    if isinstance(value, str):
        return re.fullmatch("-?[0-9]{1,18}", value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _iso(value: Any) -> str:
    millis = float(value)
    if millis < YEAR_1_MS:
        return "before the year 1"  # no time, as no time can be written there
    if millis >= YEAR_10000_MS:
        return "9999-12-31T23:59:59.999999Z"
    whole, half = divmod(int(millis * 2), 2)
    at = datetime(1970, 1, 1) + timedelta(milliseconds=whole, microseconds=half * 500)  # noqa: DTZ001
    return at.isoformat() + "Z"


def _put(entity: dict[str, Any], path: str, value: Any) -> None:
    *parents, leaf = path.split(".")
    for name in parents:
        entity = entity.setdefault(name, {})
    entity[leaf] = value


_WRONG = st.sampled_from([True, 1.5, [], ["c1"], {}, {"id": "c1"}])
_ABSENT = st.sampled_from([None, ""])
_GOOD_TIMES = st.sampled_from(
    [
        *("2020-03-03T21:24:39Z", "2020-03-03T23:24:39.5+02:00", "2020-03-04T21:24:39Z", "-1", "0"),
        *("1583270679188", 0, -1, 1583270679188, 1583270679188.5, 1583357079000, YEAR_1_MS),
    ]
)
_BAD_TIMES = st.sampled_from(
    [
        *("2020-03-03", "now", "15832706791880000000", "2020-03-04T21:24:39.000001Z"),
        *(1583357079001, YEAR_1_MS - 1, YEAR_10000_MS - 1, YEAR_10000_MS, 1e300, -1e300, 2**80),
    ]
)
_TIMES = _GOOD_TIMES | _GOOD_TIMES | _GOOD_TIMES | _BAD_TIMES
ARRIVAL_US = 1_583_270_679_000_000
"""2020-03-03T21:24:39Z: 24 h later is 1583357079000 ms."""

_IDS = st.sampled_from(["c1", "c1", "c1", "7", 7, 0, 2**70, " C1 ", "x" * 30])
_MAILS = st.sampled_from(["a@x.fr", "A@X.fr", 7, "c1"])
_PHONES = st.sampled_from(["+14155550100", "+1 (415) 555-0100", "+14155550100", "0041", 7])
_VALUES = st.sampled_from(["Jane", 0, 1.5, False, [1, [2]], {"a": None}, "c1", 7, 2**70])
_SEGMENTS = st.sampled_from(["s1", "s2", 7, "7", "ups"])
_STATES = st.sampled_from(["in", "out", "in", "out", "realized", "true", True, 1, "1", 0, 1.0, "?"])
_OPERATIONS = st.sampled_from(["d", "u", True, "true", 1, 0.0, "delete"])

COLUMNS = {
    "user": _IDS,
    "mail": _MAILS,
    "phone": _PHONES,
    **dict.fromkeys(["name", "tier"], _VALUES),
    **dict.fromkeys(["changed", "since"], _TIMES),
    "list": _SEGMENTS,
    "state": _STATES,
    "op": _OPERATIONS,
    **dict.fromkeys(["messages", "header", "body", "identityMap", "timestamp"], _VALUES),
}


@st.composite
def fields(draw: st.DrawFn) -> dict[str, Any]:
    """What columns mean; some columns mean two things, and some have names that XDM has too."""
    identity = {"crmid": draw(st.sampled_from(["user", "user", "user", "header"]))}
    identity |= draw(st.sampled_from([{}, {"email": "mail"}, {"email": "mail", "phone": "phone"}]))
    name = draw(st.sampled_from(["name", "mail", "changed", "body"]))
    segment = {
        "id": draw(st.sampled_from(["list", "messages"])),
        "status": draw(st.sampled_from(["state", "op"])),
        "realized": draw(st.sampled_from([["realized", "in", "true"], ["in", "true", "0"]])),
        "exited": draw(st.sampled_from([["exited", "out"], ["out", "1", "1.0"]])),
        "namespace": draw(st.sampled_from(["ups", "AAM"])),
        "time": draw(st.sampled_from([None, "since", "changed"])),
    }
    delete = {"column": draw(st.sampled_from(["op", "state"])), "values": ["d", "true", "0.0"]}
    return {
        "identity": identity,
        "time": draw(st.sampled_from([None, "changed", "changed"])),
        "attributes": draw(st.sampled_from([{}, {"person.name": name, "person.tier": "tier"}])),
        "segment": draw(st.sampled_from([None, segment, segment])),
        "delete": draw(st.sampled_from([None, delete])),
    }


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """Rows, most of them good; in some a column holds what it should not."""
    some = st.fixed_dictionaries({}, optional=COLUMNS)
    row = draw(st.fixed_dictionaries(COLUMNS) | some)
    row.setdefault("user", "c1")
    faults = st.sets(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=2)
    for column in draw(st.just(()) | st.just(()) | faults):
        row[column] = draw(_ABSENT | _WRONG)
    return row
