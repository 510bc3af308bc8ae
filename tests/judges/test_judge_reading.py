"""Hand-computed readings: what a line means, and why it is rejected."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.judges.lines import sha256
from tests.judges.oracle import BATCH_STEP, Fragment, Line, Reject, judge_line
from tests.judges.values import instant, written

ARRIVAL_US = 1_583_270_679_000_000  # 2020-03-03T21:24:39Z by `date -u -d @1583270679`


def destination(**identities: Any) -> dict[str, Any]:
    """A small destination; the keyword arguments replace identity settings."""
    return {
        "name": "leads",
        "identities": {"key": "crmid", **identities},
        "activation": {
            "segments": [{"id": "seg-a"}],
            "attributes": ["person.name.firstName", "loyalty.history"],
        },
        "limits": {"line_bytes": 2000, "depth": 6, "identities": 3, "id_chars": 70},
    }


def read(document: object, target: dict[str, Any] | None = None) -> Fragment | Reject:
    """The one outcome of a document on a line of its own."""
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    (outcome,) = judge_line(target or destination(), Line(raw, ARRIVAL_US, 0))
    return outcome


def fragment(document: object, target: dict[str, Any] | None = None) -> Fragment:
    """As `read`, for a document that must be accepted."""
    outcome = read(document, target)
    assert isinstance(outcome, Fragment), outcome
    return outcome


KEYED = {"identityMap": {"CRMID": [{"id": "c1"}]}}


@pytest.mark.parametrize(
    ("text", "time_us"),
    [
        ("2020-03-03T21:24:39Z", 1_583_270_679_000_000),
        ("2020-03-03T23:24:39+02", 1_583_270_679_000_000),
        ("2020-03-03T16:24:39-0500", 1_583_270_679_000_000),
        ("2020-03-04T02:54:39+05:30", 1_583_270_679_000_000),
        ("2020-03-03T21:24:39.5Z", 1_583_270_679_500_000),
        ("2020-03-03T21:24:39.123456789Z", 1_583_270_679_123_456),
        ("2021-05-05T17:51:45.1880+02", 1_620_229_905_188_000),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2020-03-03T21:24:39", None),
        ("2020-03-03", None),
        ("2020-02-30T00:00:00Z", None),
        ("2020-03-03T24:00:00Z", None),
        ("2020-03-03T21:24:39.1234567890Z", None),
        ("0001-01-01T00:00:00+02:00", None),
    ],
)
def test_times_are_instants(text: str, time_us: int | None) -> None:
    """Every offset and fraction form is one instant; anything else is no time."""
    assert instant(text) == time_us


def test_times_are_written_in_utc_with_the_shortest_fraction() -> None:
    """A fraction is written only if it is not zero."""
    assert written(ARRIVAL_US) == "2020-03-03T21:24:39Z"
    assert written(ARRIVAL_US + 500_000) == "2020-03-03T21:24:39.5Z"
    assert written(ARRIVAL_US + 1) == "2020-03-03T21:24:39.000001Z"
    assert written(-1) == "1969-12-31T23:59:59.999999Z"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b" " * 2001, "line_too_long"),
        (b'{"a":"\xff"}', "not_utf8"),
        (b'{"a":' + b"[" * 6 + b"]" * 6 + b"}", "too_deep"),
        (b'{"a":' + b"[" * 6, "too_deep"),
        (b'{"a":NaN}', "not_json"),
        (b'{"a":"\\ud800"}', "not_json"),
        (b"{} {}", "not_json"),
        (b"[{}]", "not_an_object"),
        (b'{"messages":{}}', "bad_batch"),
        (b'{"messages":[{"messages":[]}]}', "bad_batch"),
        (b'{"messages":[]}', "empty_batch"),
        (b"{}", "no_key_identity"),
    ],
)
def test_a_line_is_rejected_as_a_whole(raw: bytes, reason: str) -> None:
    """Faults of the line come first, each with its reason."""
    assert read(raw) == Reject(reason)


def test_brackets_within_strings_are_not_nesting() -> None:
    """A text full of brackets and escaped quotes is as flat as it looks."""
    assert fragment({**KEYED, "note": '[[[[[["{{{{{{\\'}).key == "c1"


def test_a_blank_line_carries_nothing() -> None:
    """White space alone is neither a fragment nor a reject."""
    assert judge_line(destination(), Line(b" \t\r", ARRIVAL_US, 0)) == []


def test_a_batch_gives_each_message_its_own_outcome_and_ordinal() -> None:
    """A bad message costs only itself, and its ordinal is not given to another."""
    raw = json.dumps({"messages": [KEYED, {}, KEYED]}).encode()
    first, second, third = judge_line(destination(), Line(raw, ARRIVAL_US, 7))
    assert isinstance(first, Fragment)
    assert isinstance(third, Fragment)
    assert second == Reject("no_key_identity")
    assert (first.ordinal, third.ordinal) == (7 * BATCH_STEP, 7 * BATCH_STEP + 2)


def test_all_three_forms_say_the_same() -> None:
    """A bare entity, a record and an upsert of the same entity are one fragment."""
    entity = {**KEYED, "person": {"name": {"firstName": "Jane"}}}
    record = {"header": {}, "body": {"xdmMeta": {}, "xdmEntity": entity}}
    upsert = {"header": {"operations": {"data": "merge"}}, "body": entity}
    expected = Fragment(
        "c1",
        ARRIVAL_US,
        0,
        attributes={"person.name.firstName": b'"Jane"'},
        identities=frozenset({("crmid", "c1")}),
    )
    assert [read(entity), read(record), read(upsert)] == [expected] * 3


def test_the_first_time_found_is_the_version() -> None:
    """Audit date, then timestamp, then createdAt, then arrival."""
    entity: dict[str, Any] = {
        **KEYED,
        "extSourceSystemAudit": {"lastUpdatedDate": "1970-01-01T00:00:01Z"},
        "timestamp": "1970-01-01T00:00:02Z",
    }
    document = {"header": {"createdAt": "3000"}, "body": entity}
    assert fragment(document).time_us == 1_000_000
    entity["extSourceSystemAudit"]["lastUpdatedDate"] = None
    assert fragment(document).time_us == 2_000_000
    entity["timestamp"] = ""
    assert fragment(document).time_us == 3_000_000
    document["header"]["createdAt"] = 4000
    assert fragment(document).time_us == 4_000_000
    del document["header"]["createdAt"]
    assert fragment(document).time_us == ARRIVAL_US


def test_a_day_ahead_is_the_latest_time_accepted() -> None:
    """24 h after arrival is in time, a microsecond more is not."""
    assert fragment({**KEYED, "timestamp": "2020-03-04T21:24:39Z"}).time_us == 1_583_357_079_000_000
    assert read({**KEYED, "timestamp": "2020-03-04T21:24:39.000001Z"}) == Reject("time_in_future")
    latest_ms = 1_583_357_079_000
    assert fragment({"header": {"createdAt": latest_ms}, "body": KEYED}).time_us == latest_ms * 1000
    late = {"header": {"createdAt": str(latest_ms + 1)}, "body": KEYED}
    assert read(late) == Reject("time_in_future")


def test_as_many_identities_as_allowed_are_accepted() -> None:
    """The limit counts every entry that is given, the key's among them."""
    items = [{"id": "a"}, {"id": "a"}]
    assert len(fragment({"identityMap": {"CRMID": [{"id": "c1"}], "ECID": items}}).identities) == 2
    crowded = {"identityMap": {"CRMID": [{"id": "c1"}], "ECID": [*items, {"id": "a"}]}}
    assert read(crowded) == Reject("too_many_identities")


def test_the_key_is_the_only_id_or_the_primary_one() -> None:
    """Namespaces compare without case; of several ids exactly one may be primary."""
    one, two = {"id": "c1"}, {"id": "c2"}
    primary = {"id": "c2", "primary": True}
    assert fragment({"identityMap": {"CRMID": [one], "CrmId": [one]}}).key == "c1"
    assert fragment({"identityMap": {"CRMID": [one], "crmid": [primary]}}).key == "c2"
    assert read({"identityMap": {"CRMID": [one], "crmid": [two]}}) == Reject("ambiguous_key")
    both = [{"id": "c1", "primary": True}, primary]
    assert read({"identityMap": {"crmid": both}}) == Reject("ambiguous_key")
    assert read({"identityMap": {"crmid": [{"id": ""}]}}) == Reject("no_key_identity")


def test_identities_come_from_attributes_too() -> None:
    """A configured field gives an identity; an integer counts as its decimal text."""
    target = destination(fields={"CRMID": "_acme.customerId"})
    assert fragment({"_acme": {"customerId": 42}}, target).key == "42"
    assert read({"_acme": {"customerId": True}}, target) == Reject("bad_value")
    assert read({"_acme": "42"}, target) == Reject("bad_value")


def test_a_hashed_email_is_an_identity_and_the_clear_one_is_gone() -> None:
    """Trimmed, lower-case, SHA-256; a value that is hashed already is taken as it is."""
    # printf ann@example.com | sha256sum
    digest = "71d4f55f72fa128dfb468a1a3901507c804b74316488744d769d7f4b16696476"
    target = destination(key="Email_LC_SHA256", hash={"Email": "Email_LC_SHA256"})
    for clear in (" Ann@Example.COM ", digest, digest.upper()):
        found = fragment({"identityMap": {"EMAIL": [{"id": clear}]}}, target)
        assert found.key == digest
        assert found.identities == {("email_lc_sha256", digest)}
    target["identities"]["export"] = ["email"]
    assert fragment({"identityMap": {"email": [{"id": "a@b"}]}}, target).identities == {
        ("email", "a@b"),
        ("email_lc_sha256", sha256("a@b")),
    }


@pytest.mark.parametrize("namespace", ["phone_sha256", "phone_sha256_e.164"])
def test_a_phone_is_hashed_in_its_international_form(namespace: str) -> None:
    """Signs are dropped; Phone_SHA256 hashes the digits, the other one the plus sign with them."""
    target = destination(hash={"Phone": namespace})
    clear = {**KEYED["identityMap"], "Phone": [{"id": "+1 (415) 555-01.00"}]}
    text = "14155550100" if namespace == "phone_sha256" else "+14155550100"
    assert (namespace, sha256(text)) in fragment({"identityMap": clear}, target).identities
    clear["Phone"] = [{"id": "0041446681800"}]
    assert read({"identityMap": clear}, target) == Reject("phone_not_e164")


def test_null_and_empty_are_absent_and_unmapped_is_not_kept() -> None:
    """Nothing is kept of empty values, and nothing of paths and segments that are not mapped."""
    entity = {
        **KEYED,
        "person": {"name": {"firstName": ""}, "gender": "female"},
        "loyalty": {"history": []},
        "segmentMembership": {
            "ups": {"seg-a": None, "seg-z": {"status": "realized"}},
            "AAM": None,
        },
    }
    found = fragment(entity)
    assert (found.attributes, found.memberships) == ({}, {})


def test_an_array_is_one_value_and_memberships_take_the_version_time() -> None:
    """Values are compact JSON in the order given; `existing` reads as `realized`."""
    entity = {
        **KEYED,
        "loyalty": {"history": [{"b": 1.50, "a": "Zoë"}]},
        "segmentMembership": {"ups": {"seg-a": {"status": "existing"}}},
    }
    found = fragment(entity)
    assert found.attributes == {"loyalty.history": '[{"b":1.5,"a":"Zoë"}]'.encode()}
    assert found.memberships == {("ups", "seg-a"): (ARRIVAL_US, "realized")}


def test_a_delete_adds_only_its_time() -> None:
    """The tombstone is the version time; attributes beside it are not merged."""
    body = {**KEYED, "timestamp": "1970-01-01T00:00:01Z", "person": {"name": {"firstName": "J"}}}
    document = {"header": {"operations": {"data": "delete"}}, "body": body}
    assert read(document) == Fragment("c1", 1_000_000, 0, delete=True)


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ({"identityMap": {"ECID": [{"id": str(n)} for n in range(4)]}}, "too_many_identities"),
        ({"identityMap": {"ECID": [{"id": "x" * 71}]}, "timestamp": 7}, "id_too_long"),
        ({"identityMap": {"ECID": {"id": "x"}}}, "bad_value"),
        ({"person": 7, "timestamp": "soon"}, "bad_value"),
        ({"loyalty": {"history": [{"far": float("1e308")}]}, "timestamp": "soon"}, "bad_time"),
        ({"segmentMembership": {"ups": {"seg-a": {}}}, "timestamp": "soon"}, "bad_time"),
        ({"segmentMembership": {"ups": {"seg-a": {"x": 1}}}}, "unknown_status"),
        ({"segmentMembership": {"ups": {"seg-a": {"status": "new"}}}}, "unknown_status"),
        (
            {
                "segmentMembership": {
                    "ups": {
                        "seg-a": {"status": "new", "lastQualificationTime": "2020-03-05T00:00:00Z"}
                    }
                }
            },
            "time_in_future",
        ),
    ],
)
def test_the_first_reason_in_the_list_is_named(extra: dict[str, Any], reason: str) -> None:
    """Of several faults the earlier reason counts, identities before everything else."""
    assert read({**KEYED, **extra}) == Reject(reason)


def test_a_number_beyond_a_double_is_a_bad_value_only_where_it_is_read() -> None:
    """1e999 at a mapped path is refused, elsewhere it is not looked at."""
    raw = b'{"identityMap":{"CRMID":[{"id":"c1"}]},"%s":{"history":1e999}}'
    assert read(raw % b"loyalty") == Reject("bad_value")
    assert fragment(raw % b"other").attributes == {}
