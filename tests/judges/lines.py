"""Hypothesis strategies for destinations and for input lines over one small world.

Promises lines with what to expect of them: `None` for a fragment, else the reason of the reject,
known from how the line was made and not from reading it. The world is small so that keys,
versions and values collide often. Leaves out what the published rules do not settle (see
`reading`). Imports nothing of the project.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.judges.plan import Plan, settle
from tests.judges.reading import Line

START_US = 1_583_270_679_000_000
"""2020-03-03T21:24:39Z, the moment of the published exit sample."""

HOUR_US = 3_600_000_000

CUSTOMERS = ("c1", "c1", "c1", "c2", "Ç3")
EMAILS = (
    "ann@example.com",
    "Bob@Example.com",
    "  ann@example.com ",
    "ANN@EXAMPLE.COM",
    "élan@x.fr",
)
PHONES = ("+14155550100", "+1 (415) 555-0100", " +1.415.555.0100 ", "+493012345678")
DEVICES = ("14575006536349286404619648085736425115", "66478888669296734530114754794777368480")
SEGMENTS = (("ups", "seg-a"), ("ups", "seg-b"), ("CustomerAudienceUpload", "seg-c"), ("AAM", "1"))
ATTRIBUTES: dict[str, tuple[object, ...]] = {
    "person.name.firstName": ("Jane", "Zoë", "名前 \U0001f600", 'a "quoted" \\ text\n', "", None),
    "person.name.lastName": ("Doe", "d'Árc", None),
    "person.birthYear": (1969, 1970, 0, None),
    "loyalty.tier": ("gold", "silver", ""),
    "loyalty.points": (1, 1.5, True, "1", -7, 2**53 + 1, 2**63 - 1, -(2**63), 12.25),
    "loyalty.history": ([1, 2], [2, 1], [], [{"a": None}, []], {"b": 1, "a": 2}, {"a": 2, "b": 1}),
    "personalEmail.address": ("ann@example.com", " Ann@Example.com", "", None),
    "consents": ({"collect": {"val": "y"}}, {"collect": {"val": "n"}, "x": {}}, {}, None),
    "testProfile": (True, False, None),
    "_acme.score": (0.5, 0.25, 100.0, 1e9),
}
SMALL_LIMITS = {"line_bytes": 16_384, "depth": 12, "identities": 12, "id_chars": 80, "future_h": 24}

Destination = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """A line and, for each of its fragments, None or the reason why it is rejected."""

    line: Line
    outcomes: tuple[str | None, ...]


@dataclass
class Draft:
    """One fragment before it is put into its form: bare, record (`xdmEntity`) or upsert."""

    form: str
    header: dict[str, Any]
    entity: dict[str, Any]

    def document(self) -> dict[str, Any]:
        """The JSON object of the fragment."""
        if self.form == "bare":
            return self.entity
        if self.form == "record":
            meta = {"schemaRef": {"id": "https://ns.adobe.com/acme/schemas/1"}}
            return {"header": self.header, "body": {"xdmMeta": meta, "xdmEntity": self.entity}}
        return {"header": self.header, "body": self.entity}


def sha256(text: str) -> str:
    """SHA-256 in lower-case hex."""
    return hashlib.sha256(text.encode()).hexdigest()


@st.composite
def destinations(draw: st.DrawFn) -> Destination:
    """Small destinations, as the parsed form of their YAML, with every toggle."""
    segments = draw(st.lists(st.sampled_from(SEGMENTS), min_size=1, unique=True))
    toggles = ("segment_names", "segment_timestamps", "unmapped_segments", "metadata", "newline")
    attributes = draw(st.lists(st.sampled_from(sorted(ATTRIBUTES)), unique=True))
    partition_key = draw(st.sampled_from(["hashed", "identity"]))
    drops = st.permutations(attributes).map(lambda drop: {"drop": drop})
    return {
        "name": "leads",
        "account": {"region": "us-east-1"},
        "stream": {"name": "leads", "partition_key": partition_key},
        "identities": draw(_identity_settings()),
        "activation": {
            "segments": draw(
                st.just("all") | st.just([draw(_segment(*each)) for each in segments])
            ),
            "attributes": attributes,
            "keep_unmapped": draw(st.booleans()),
        },
        "triggers": {"unchanged_attributes": draw(st.booleans())},
        "message": {toggle: draw(st.booleans()) for toggle in toggles},
        "inputs": [{"name": "profiles", "jsonl": {"path": "profiles/"}}],
        "limits": dict(SMALL_LIMITS),
        "delivery": {"oversize": draw(st.just("dead_letter") | drops)},
    }


@st.composite
def _identity_settings(draw: st.DrawFn) -> dict[str, Any]:
    key = draw(st.sampled_from(["CRMID", "crmid", "Email_LC_SHA256"]))
    fields, hashes = {}, {}
    if key == "Email_LC_SHA256" or draw(st.booleans()):
        hashes["Email"] = "Email_LC_SHA256"
    if draw(st.booleans()):
        hashes["phone"] = draw(st.sampled_from(["Phone_SHA256_E.164", "phone_sha256"]))
    if key == "crmid":
        fields["CRMID"] = "_acme.customerId"
    if key == "CRMID" and draw(st.booleans()):
        fields["email"] = "personalEmail.address"
    named = ["ECID", "email", "Email_LC_SHA256", "CRMId", "Phone", "phone_sha256"]
    export = draw(st.just("all") | st.lists(st.sampled_from(named), unique=True, min_size=1))
    return {"key": key, "fields": fields, "hash": hashes, "export": export}


@st.composite
def _segment(draw: st.DrawFn, namespace: str, name: str) -> dict[str, Any]:
    segment: dict[str, Any] = {"id": name}
    if namespace != "ups" or draw(st.booleans()):
        segment["namespace"] = namespace
    if draw(st.booleans()):
        segment["name"] = f"Sègment {name}"
    for key in draw(st.lists(st.sampled_from(["created_at", "mapping_updated_at"]), unique=True)):
        segment[key] = 1_648_553_325_000
    return segment


def arrivals() -> st.SearchStrategy[int]:
    """Arrival times in µs, few enough to collide with the times within the lines."""
    return st.integers(0, 4).map(lambda second: START_US + second * 1_000_000)


def moments(arrival_us: int) -> st.SearchStrategy[int]:
    """Version and qualification times in µs, up to the latest one that is allowed."""
    near = st.builds(
        lambda second, micro: START_US + second * 1_000_000 + micro,
        st.integers(-1, 5),
        st.sampled_from([0, 0, 1, 188_000, 500_000, 999_999]),
    )
    return near | near | near | st.just(arrival_us + 24 * HOUR_US)


@st.composite
def iso(draw: st.DrawFn, time_us: int) -> str:
    """Any of the accepted ways to write a time: offsets, and as many fraction digits as it takes.

    Digits below a microsecond stay below a half, where cutting off and rounding agree.
    """
    sign, hours, minutes = draw(
        st.sampled_from([("+", 0, 0), ("+", 2, 0), ("-", 5, 0), ("+", 5, 30), ("-", 3, 30)])
    )
    shift_s = (hours * 3600 + minutes * 60) * (1 if sign == "+" else -1)
    seconds, micros = divmod(time_us, 1_000_000)
    fractions = [f".{micros:06d}", f".{micros:06d}000", f".{micros:06d}4", f".{micros:06d}499"]
    shortest = f".{micros:06d}".rstrip("0").rstrip(".")
    fractions += [shortest, shortest] + ([".0"] if micros == 0 else [])
    offsets = [f"{sign}{hours:02d}:{minutes:02d}", f"{sign}{hours:02d}{minutes:02d}"]
    if minutes == 0:
        offsets.append(f"{sign}{hours:02d}")
    if shift_s == 0:
        offsets.append("Z")
    days, rest = divmod(seconds + shift_s, 86_400)
    day = _day(days)
    clock = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{day}T{clock}{draw(st.sampled_from(fractions))}{draw(st.sampled_from(offsets))}"


def _day(days: int) -> str:
    """The date so many days after 1970-01-01; the world lies in February to April of 2020."""
    offset = days - 18_321  # 2020-02-29
    assert -28 <= offset <= 61
    if offset <= 0:
        return f"2020-02-{29 + offset:02d}"
    return f"2020-03-{offset:02d}" if offset <= 31 else f"2020-04-{offset - 31:02d}"


@st.composite
def drafts(
    draw: st.DrawFn, destination: Mapping[str, Any], arrival_us: int, *, deletes: bool = True
) -> Draft:
    """Fragments that are accepted, in all three forms; some delete, if `deletes`."""
    plan = settle(destination)
    form = draw(st.sampled_from(["bare", "record", "upsert"]))
    draft = Draft(form, {"datasetId": "62259f817f62d71947929a7b"}, {"_id": "346576345"})
    if form == "upsert":
        operations = ["create", "merge", "merge"] + (["delete"] if deletes else [])
        draft.header["operations"] = {"data": draw(st.sampled_from(operations))}
    draw(_put_identities(plan, draft))
    draw(_put_times(draft, arrival_us))
    if draft.header.get("operations") != {"data": "delete"}:
        draw(_put_attributes(draft))
        draw(_put_memberships(draft, arrival_us))
    return draft


def put(entity: dict[str, Any], path: str, value: object) -> None:
    """Set the value at a dot path."""
    *parents, leaf = path.split(".")
    for name in parents:
        entity = entity.setdefault(name, {})
    entity[leaf] = value


@st.composite
def _put_identities(draw: st.DrawFn, plan: Plan, draft: Draft) -> None:
    found: dict[str, Any] = {}

    def add(namespace: str, name: object, *, primary: bool | None = None) -> None:
        spelled = draw(st.sampled_from([namespace, namespace.lower(), namespace.upper()]))
        item = {"id": name} if primary is None else {"id": name, "primary": primary}
        found.setdefault(spelled, []).append(item)

    others = {"ECID": (*DEVICES, "", None), "AdCloud": ("x" * 80,), "Phone": PHONES}
    if plan.key == "crmid":
        customer = draw(st.sampled_from(CUSTOMERS))
        if plan.fields and plan.fields[0][0] == "crmid" and draw(st.booleans()):
            put(draft.entity, "_acme.customerId", draw(st.sampled_from([customer, 42])))
        else:
            add("CRMID", customer, primary=draw(st.sampled_from([None, False, True])))
            if found and draw(st.integers(0, 4)) == 0:
                found = {"CrmId": [{"id": customer, "primary": True}, {"id": "c9"}]}
        others |= {"Email": EMAILS, "Email_LC_SHA256": ("655332b5fa2aea4498bf7a290cff017cb4",)}
    else:
        email = draw(st.sampled_from(EMAILS))
        digest = sha256(email.strip().lower())
        clear = draw(st.sampled_from([email, digest, digest.upper()]))
        add(*draw(st.sampled_from([("Email", clear), ("Email_LC_SHA256", digest)])))
    for namespace in draw(st.lists(st.sampled_from(sorted(others)), max_size=3)):
        add(namespace, draw(st.sampled_from(others[namespace])))
    if len(found) > 0 or draw(st.booleans()):
        found["IDFA"] = draw(st.sampled_from([None, [], [{"id": None}]]))
        draft.entity["identityMap"] = found


@st.composite
def _put_times(draw: st.DrawFn, draft: Draft, arrival_us: int) -> None:
    if draw(st.booleans()):
        moment = draw(iso(draw(moments(arrival_us))))
        audit = draw(st.sampled_from([None, {}, {"lastUpdatedDate": None}]) | st.just(moment))
        value = {"lastUpdatedDate": audit} if isinstance(audit, str) else audit
        draft.entity["extSourceSystemAudit"] = value
    if draw(st.booleans()):
        moment = draw(iso(draw(moments(arrival_us))))
        draft.entity["timestamp"] = draw(st.sampled_from([moment, moment, "", None]))
    if draw(st.booleans()):
        millis = draw(moments(arrival_us)) // 1000
        draft.header["createdAt"] = draw(st.sampled_from([millis, str(millis), None]))


@st.composite
def _put_attributes(draw: st.DrawFn, draft: Draft) -> None:
    for path in draw(st.lists(st.sampled_from(sorted(ATTRIBUTES)), unique=True, max_size=5)):
        put(draft.entity, path, draw(st.sampled_from(ATTRIBUTES[path])))
    if "person" not in draft.entity:
        draft.entity["person"] = draw(st.sampled_from([None, {}, {"name": None}, {"gender": "x"}]))


@st.composite
def _put_memberships(draw: st.DrawFn, draft: Draft, arrival_us: int) -> None:
    found: dict[str, Any] = {}
    for namespace, name in draw(st.lists(st.sampled_from(SEGMENTS), unique=True, max_size=3)):
        status = draw(st.sampled_from(["realized", "existing", "exited"]))
        last = draw(iso(draw(moments(arrival_us))))
        entry = {"status": status, "lastQualificationTime": last, "version": "15"}
        untimed = {"status": status}
        unknown = {"status": status, "lastQualificationTime": draw(st.sampled_from([None, ""]))}
        choices: list[Any] = [entry, entry, entry, untimed, unknown, None, {}]
        choice = draw(st.sampled_from(choices))
        found.setdefault(namespace, {})[name] = choice
    if len(found) > 0 or draw(st.booleans()):
        draft.entity["segmentMembership"] = found or draw(
            st.sampled_from([{}, None, {"ups": None}])
        )


@st.composite
def spelled(draw: st.DrawFn, document: object) -> bytes:
    """A document as JSON text: escaped or not, spaced or not."""
    text = json.dumps(
        document,
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")])),
    )
    return text.encode()
