"""Hand-computed messages, byte for byte."""

from __future__ import annotations

import json
from typing import Any

from tests.judges.oracle import (
    NO_EXPORT_ID,
    Decision,
    Export,
    Fragment,
    Line,
    judge_lines,
    mask_export_id,
    replay,
)

A = ("ups", "seg-a")


def decide(
    activation: dict[str, Any], fragment: Fragment, message: dict[str, bool] | None = None
) -> list[Decision]:
    """The decision on the only fragment of a profile."""
    target = {"name": "d", "identities": {"key": "crmid"}, "activation": activation}
    return replay({**target, "message": message or {}}, [fragment])


def sent(decision: Decision) -> str:
    """The text of an export, which must say the same as its message."""
    assert isinstance(decision, Export), decision
    assert json.loads(decision.data) == decision.message
    return decision.data.decode()


def test_the_published_exit_sample_is_exported_byte_for_byte() -> None:
    """Adobe's sample of a profile with two hashed e-mails that leaves a segment, made valid."""
    segment = "7841ba61-23c1-4bb3-a495-00d695fe1e93"
    target = {
        "name": "leads",
        "identities": {"key": "crmid", "export": ["Email_LC_SHA256"]},
        "activation": {"segments": [{"id": segment, "namespace": "ups"}], "attributes": []},
    }
    emails = ["66baf76ef9de8b42df8903f00e0e3dc0b7", "655332b5fa2aea4498bf7a290cff017cb4"]
    event_ = {
        "identityMap": {
            "CRMID": [{"id": "c1", "primary": True}],
            "Email_LC_SHA256": [{"id": each} for each in emails],
        },
        "segmentMembership": {
            "ups": {
                segment: {
                    "lastQualificationTime": "2020-03-03T22:24:39+01:00",
                    "status": "exited",
                }
            }
        },
    }
    found = judge_lines(target, [Line(json.dumps(event_).encode(), 1_583_270_700_000_000, 0)])
    (decision,) = replay(target, [each for each in found if isinstance(each, Fragment)])
    assert sent(decision) == (
        '{"segmentMembership":{"ups":{"7841ba61-23c1-4bb3-a495-00d695fe1e93":'
        '{"lastQualificationTime":"2020-03-03T21:24:39Z","status":"exited"}}},'
        '"identityMap":{"email_lc_sha256":[{"id":"655332b5fa2aea4498bf7a290cff017cb4"},'
        '{"id":"66baf76ef9de8b42df8903f00e0e3dc0b7"}]}}'
    )


def test_a_message_is_in_configuration_order_with_every_toggle() -> None:
    """Attributes and segments as configured, then the details, the metadata and the newline."""
    activation = {
        "segments": [
            {"id": "z", "name": "Zèd", "created_at": 1, "mapping_updated_at": 4},
            {"id": "x", "namespace": "AAM"},
            {"id": "a", "updated_at": 2},
        ],
        "attributes": ["n.l", "t", "n.f"],
    }
    toggles = ("segment_names", "segment_timestamps", "metadata", "newline")
    fragment = Fragment(
        "c1",
        1_500_000,
        0,
        attributes={"t": b"[1,{}]", "n.f": '"Zoë"'.encode(), "n.l": b'"/"'},
        memberships={("AAM", "x"): (0, "exited"), **{("ups", s): (0, "realized") for s in "az"}},
        identities=frozenset({("ecid", "2"), ("crmid", "c1"), ("ecid", "10")}),
    )
    (decision,) = decide(activation, fragment, dict.fromkeys(toggles, True))
    at = '"lastQualificationTime":"1970-01-01T00:00:00Z"'
    text = (
        '{"n":{"l":"/","f":"Zoë"},"t":[1,{}],"segmentMembership":{"ups":{'
        f'"z":{{{at},"status":"realized","createdAt":1,"mappingUpdatedAt":4,"name":"Zèd"}},'
        f'"a":{{{at},"status":"realized","updatedAt":2}}}},'
        f'"AAM":{{"x":{{{at},"status":"exited"}}}}}},'
        '"identityMap":{"crmid":[{"id":"c1"}],"ecid":[{"id":"10"},{"id":"2"}]},'
        f'"_export":{{"id":"{NO_EXPORT_ID}","reasons":["membership","identity","attribute"],'
        '"at":"1970-01-01T00:00:01.5Z"}}\n'
    )
    assert sent(decision) == text
    real = text.replace(NO_EXPORT_ID, "0123456789abcdef" * 2).encode()
    assert mask_export_id(real) == text.encode()


def test_an_absent_attribute_does_not_move_the_others() -> None:
    """A name stands where the configuration first names it, whether or not that path is there."""
    activation = {"segments": "all", "attributes": ["n.l", "t", "n.f"]}
    fragment = Fragment(
        "c1", 1, 0, attributes={"t": b"1", "n.f": b"2"}, memberships={A: (1, "exited")}
    )
    (decision,) = decide(activation, fragment)
    assert sent(decision).startswith('{"n":{"f":2},"t":1,"segmentMembership"')


def test_all_segments_are_mapped_and_sorted_with_all() -> None:
    """By namespace and id, in the order of their characters."""
    activation = {"segments": "all", "attributes": []}
    memberships = {(space, name): (0, "realized") for space in ("ups", "AAM") for name in "b1"}
    (decision,) = decide(activation, Fragment("c1", 1, 0, memberships=memberships))
    assert isinstance(decision, Export)
    shown = decision.message["segmentMembership"]
    assert [(space, list(shown[space])) for space in shown] == [
        ("AAM", ["1", "b"]),
        ("ups", ["1", "b"]),
    ]
