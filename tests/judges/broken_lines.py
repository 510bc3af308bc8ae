"""Hypothesis strategies for whole inputs: accepted and broken lines, each with its outcome.

Promises for every line the outcome that follows from how it was made; where two things are wrong
at once, the reason that comes first in the list of reasons. Imports nothing of the project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.judges.lines import HOUR_US, Draft, Made, arrivals, drafts, iso, sha256, spelled
from tests.judges.plan import Plan, settle
from tests.judges.reading import Line

ORDER = (
    ("identity", "bad_value"),
    ("identity", "too_many_identities"),
    ("identity", "id_too_long"),
    ("identity", "phone_not_e164"),
    ("identity", "no_key_identity"),
    ("identity", "ambiguous_key"),
    ("attribute", "bad_value"),
    ("membership", "bad_value"),
    ("time", "bad_value"),
    ("operation", "unknown_operation"),
    ("membership", "bad_time"),
    ("time", "bad_time"),
    ("membership", "time_in_future"),
    ("time", "time_in_future"),
    ("membership", "unknown_status"),
)
"""(what is broken, reason), the first to be named first."""

Fault = tuple[str, str]

_BAD_TIMES = (
    "2020-03-03",
    "2020-03-03T21:24:39",
    "yesterday",
    "2020-02-30T00:00:00Z",
    "2020-03-03T25:00:00Z",
    "1583270679",
)
_BAD_PHONES = ("0041 44 668 18 00", "+0123456789", "+12345", "+1234567890123456", "+1415555010a")


@dataclass
class _Breaker:
    """Breaks one draft in a given way; each method handles one area."""

    draw: st.DrawFn
    plan: Plan
    draft: Draft
    arrival_us: int

    def pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def late(self) -> int:
        latest_us = self.arrival_us + self.plan.limits["future_h"] * HOUR_US
        return latest_us + self.draw(st.sampled_from([1, HOUR_US]))

    def identity(self, reason: str) -> None:
        entity, limits = self.draft.entity, self.plan.limits
        found = dict(entity.get("identityMap") or {})
        if reason == "bad_value":
            wrong = ({"id": "x"}, ["x"], [{"id": 7}], [{"id": True}], "x", 7)
            found = self.pick(7, [1], *({**found, "ECID": each} for each in wrong))
        elif reason == "too_many_identities":
            found["GAID"] = [{"id": f"g{count}"} for count in range(limits["identities"] + 1)]
        elif reason == "id_too_long":
            found["GAID"] = [{"id": "é" * (limits["id_chars"] + 1)}]
        elif reason == "phone_not_e164":
            found["Phone"] = [{"id": self.pick(*_BAD_PHONES)}]
        else:
            entity.pop("_acme", None)
            first, second = {"id": sha256("a")}, {"id": sha256("b")}
            found = self.pick(
                {self.plan.key: [first, second]},
                {self.plan.key: [first], self.plan.key.upper(): [second]},
                {self.plan.key: [{**first, "primary": True}, {**second, "primary": True}]},
            )
            if reason == "no_key_identity":
                found = self.pick(None, {}, {"ECID": [first]}, {self.plan.key: [{"id": ""}]})
        entity["identityMap"] = found

    def attribute(self, reason: str) -> None:
        assert reason == "bad_value"
        self.draft.entity[self.pick(*_roots(self.plan))] = self.pick(7, "text", [1], True)

    def membership(self, reason: str) -> None:
        entry: Any = {"status": "realized"}
        if reason == "bad_value":
            wrong = {**entry, "lastQualificationTime": self.pick(7, True, {"at": 1})}
            entry = self.pick("realized", 7, [1], wrong)
        elif reason == "bad_time":
            entry["lastQualificationTime"] = self.pick(*_BAD_TIMES)
        elif reason == "time_in_future":
            entry["lastQualificationTime"] = self.draw(iso(self.late()))
        else:
            last = {"lastQualificationTime": "2020-03-03T21:24:39Z"}
            entry = {
                **last,
                **self.pick({}, {"status": "churned"}, {"status": ""}, {"status": None}),
            }
        pairs = [("ups", "seg-a")]
        if self.plan.segments is not None:
            pairs = [segment.pair for segment in self.plan.segments]
        namespace, name = self.pick(*pairs)
        self.draft.entity["segmentMembership"] = {namespace: {name: entry}}

    def time(self, reason: str) -> None:
        entity = self.draft.entity
        place = self.pick("audit", "timestamp", "createdAt")
        late = self.late()
        value = {
            "bad_value": self.pick(7, True, {"at": 1}),
            "bad_time": self.pick(*_BAD_TIMES),
            "time_in_future": self.draw(iso(late)),
        }[reason]
        entity["extSourceSystemAudit"] = {"lastUpdatedDate": value} if place == "audit" else None
        if place != "audit":
            entity["timestamp"] = value if place == "timestamp" else None
        if place == "createdAt":
            self.draft.form = self.pick("record", "upsert")
            self.draft.header["createdAt"] = {
                "bad_value": self.pick(True, {"at": 1}, ["1583270679000"]),
                "bad_time": self.pick("soon", "2020-03-03T21:24:39Z"),
                "time_in_future": self.pick(late // 1000 + 1, str(late // 1000 + 1)),
            }[reason]

    def operation(self, reason: str) -> None:
        assert reason == "unknown_operation"
        self.draft.form = "upsert"
        self.draft.header["operations"] = {"data": self.pick("update", "upsert_array_append")}


def _roots(plan: Plan) -> list[str]:
    """Names under which mapped attributes lie, and no identity."""
    roots = {path.split(".")[0] for path in plan.attributes if "." in path}
    return sorted(roots & {"person", "loyalty"})


def _faults(plan: Plan) -> list[Fault]:
    phones = "phone" in plan.hash
    return [
        fault
        for fault in ORDER
        if (fault[1] != "phone_not_e164" or phones) and (fault[0] != "attribute" or _roots(plan))
    ]


@st.composite
def broken_documents(
    draw: st.DrawFn, destination: Mapping[str, Any], arrival_us: int
) -> tuple[dict[str, Any], str]:
    """A fragment with one fault, or two of different kinds, and the reason to be named."""
    plan = settle(destination)
    draft = draw(drafts(destination, arrival_us, deletes=False))
    chosen = draw(
        st.lists(
            st.sampled_from(_faults(plan)),
            min_size=1,
            max_size=draw(st.sampled_from([1, 1, 2])),
            unique_by=lambda fault: fault[0],
        )
    )
    breaker = _Breaker(draw, plan, draft, arrival_us)
    for area, reason in chosen:
        getattr(breaker, area)(reason)
    return draft.document(), min(chosen, key=ORDER.index)[1]


@st.composite
def documents(
    draw: st.DrawFn,
    destination: Mapping[str, Any],
    arrival_us: int,
    *,
    broken: bool = True,
    deletes: bool = True,
) -> tuple[dict[str, Any], str | None]:
    """A fragment and its outcome; one in eight is broken, if `broken`."""
    if broken and draw(st.integers(0, 7)) == 0:
        return draw(broken_documents(destination, arrival_us))
    return draw(drafts(destination, arrival_us, deletes=deletes)).document(), None


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


@st.composite
def broken_lines(
    draw: st.DrawFn, destination: Mapping[str, Any], arrival_us: int
) -> tuple[bytes, tuple[str | None, ...]]:
    """A line that is wrong as a whole, or blank, and its outcome."""
    limits = settle(destination).limits
    good = draw(drafts(destination, arrival_us)).document()
    text = draw(spelled(good))
    line_bytes, depth = limits["line_bytes"], limits["depth"]
    texts: dict[str, tuple[bytes, ...]] = {
        "line_too_long": (text.ljust(line_bytes + 1), b"\xff" * (line_bytes + 1)),
        "not_utf8": (b'{"a":"\xff"}', b'{"a":"caf\xe9"', b'{"a":"\xed\xa0\x80"}', b"\xc0\xaf"),
        "not_json": (
            *(text[:-1], text + text, text + b"]", b'{"a":NaN}', b'{"a":-Infinity}', b"{'a':1}"),
            *(b'{"a":1,}', b'{"a":01}', b'{"a":"\t"}', b"nonsense", b"[", b'{"a":.5}'),
        ),
        "not_an_object": (b"[]", b'"text"', b"7", b"null", b"[" + text + b"]"),
        "empty_batch": (b'{"messages":[]}', b' {"header":{},"messages": [ ] }'),
    }
    documents_: dict[str, tuple[dict[str, Any], ...]] = {
        "too_deep": ({**good, "_deep": _nested(depth)}, {"messages": [good, _nested(depth)]}),
        "bad_batch": (
            *({"messages": wrong} for wrong in (7, "text", good, [good, 7], [None], [[good]])),
            {"messages": [good, {"messages": [good]}]},
        ),
    }
    reason = draw(st.sampled_from(["blank", *texts, *documents_]))
    if reason == "blank":
        return draw(st.sampled_from([b"", b" ", b"\t \r"])), ()
    if reason in texts:
        return draw(st.sampled_from(texts[reason])), (reason,)
    return draw(spelled(draw(st.sampled_from(documents_[reason])))), (reason,)


@st.composite
def made_lines(
    draw: st.DrawFn,
    destination: Mapping[str, Any],
    ordinal: int,
    *,
    broken: bool = True,
    deletes: bool = True,
) -> Made:
    """One line: mostly a fragment, sometimes a batch of several, sometimes broken as a whole."""
    limits = settle(destination).limits
    arrival_us = draw(arrivals())
    kind = draw(st.integers(0, 9))
    if kind == 0 and broken:
        raw, outcomes = draw(broken_lines(destination, arrival_us))
        return Made(Line(raw, arrival_us, ordinal), outcomes)
    one = documents(destination, arrival_us, broken=broken, deletes=deletes)
    if kind <= 2:
        batch = draw(st.lists(one, min_size=1, max_size=3))
        raw = draw(spelled({"messages": [document for document, _ in batch]}))
        return Made(Line(raw, arrival_us, ordinal), tuple(outcome for _, outcome in batch))
    document, outcome = draw(one)
    edge = draw(st.integers(0, 19))
    if edge == 0:
        document = {**document, "_deep": _nested(limits["depth"] - 1)}
    raw = draw(spelled(document))
    if edge == 1:
        raw = raw.ljust(limits["line_bytes"])
    return Made(Line(raw, arrival_us, ordinal), (outcome,))


@st.composite
def made_streams(
    draw: st.DrawFn,
    destination: Mapping[str, Any],
    *,
    max_lines: int = 12,
    broken: bool = True,
    deletes: bool = True,
) -> list[Made]:
    """The lines of one source partition in order, ordinals from 0, with their outcomes."""
    count = draw(st.integers(1, max_lines))
    return [
        draw(made_lines(destination, ordinal, broken=broken, deletes=deletes))
        for ordinal in range(count)
    ]


def streams(
    destination: Mapping[str, Any],
    *,
    max_lines: int = 12,
    broken: bool = True,
    deletes: bool = True,
) -> st.SearchStrategy[list[Line]]:
    """As `made_streams`, the lines alone."""
    made = made_streams(destination, max_lines=max_lines, broken=broken, deletes=deletes)
    return made.map(lambda each: [one.line for one in each])
