"""The published JSON Schema of the message takes every message written by hand, and no broken one.

The schema is judged by an implementation of JSON Schema (json-schema.org, draft 2020-12) that knows
nothing of the program. Its `format` is for readers: the pattern beside it is what is checked.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "flows/profile/message.schema.json").read_text(encoding="utf-8"))
CASES = [
    path
    for folder in ("golden", "messages")
    for path in sorted((ROOT / "tests/data" / folder).glob("*.yaml"))
]

FULL = """
{"person":{"name":{"firstName":"Ann"}},
 "segmentMembership":{"ups":{"s1":{"lastQualificationTime":"2020-03-03T21:24:39.5Z",
   "status":"realized","createdAt":1,"updatedAt":2,"mappingCreatedAt":3,"mappingUpdatedAt":4,
   "name":"Likely"}}},
 "identityMap":{"crmid":[{"id":"c1"},{"id":"c2"}]},
 "_export":{"id":"0123456789abcdef0123456789abcdef","reasons":["membership","delete"],
   "at":"2020-03-03T21:24:39Z","dropped":["notes"]}}
"""
"""A message with everything a message can have; each wrong one below differs in one thing."""

WRONG = {
    "no memberships": ('"segmentMembership"', '"segmentMemberships"'),
    "a membership that is no object": ('{"ups":{"s1":', '{"ups":{"lost":1,"s1":'),
    "identities that are no list": ('[{"id":"c1"},{"id":"c2"}]', '{"id":"c1"}'),
    "a status of another time": ('"status":"realized"', '"status":"existing"'),
    "a membership without status": ('"status":"realized",', ""),
    "a membership without time": ('"lastQualificationTime":"2020-03-03T21:24:39.5Z",', ""),
    "a time with an offset": ("39.5Z", "39.5+00:00"),
    "a time without an offset": ("39.5Z", "39.5"),
    "a time with a zero fraction": ("39.5Z", "39.0Z"),
    "a fraction that ends in zero": ("39.5Z", "39.50Z"),
    "a fraction finer than a microsecond": ("39.5Z", "39.1234567Z"),
    "a thirteenth month": ("2020-03-03T21:24:39.5Z", "2020-13-03T21:24:39.5Z"),
    "a time as a number": ('"2020-03-03T21:24:39.5Z"', "1583270679500"),
    "a timestamp as text": ('"createdAt":1', '"createdAt":"1"'),
    "a timestamp with a fraction": ('"updatedAt":2', '"updatedAt":2.5'),
    "an empty name": ('"name":"Likely"', '"name":""'),
    "a field of the input in a membership": ('"createdAt":1', '"validUntil":1'),
    "an identity namespace in upper case": ('"crmid"', '"CRMID"'),
    "an identity with more than an id": ('{"id":"c2"}', '{"id":"c2","primary":true}'),
    "an identity without id": ('{"id":"c2"}', "{}"),
    "an empty id": ('{"id":"c2"}', '{"id":""}'),
    "an id as a number": ('{"id":"c2"}', '{"id":2}'),
    "an identity given twice": ('{"id":"c2"}', '{"id":"c1"}'),
    "a namespace without identities": ('[{"id":"c1"},{"id":"c2"}]', "[]"),
    "an empty identity map": ('{"crmid":[{"id":"c1"},{"id":"c2"}]}', "{}"),
    "an export id in upper case": ("0123456789abcdef0123", "0123456789ABCDEF0123"),
    "an export id that is too short": ("0123456789abcdef0123", "0123456789abcdef"),
    "an unknown reason": ('"delete"]', '"update"]'),
    "a reason given twice": ('"delete"]', '"membership"]'),
    "no reason": ('["membership","delete"]', "[]"),
    "an export without time": ('"at":"2020-03-03T21:24:39Z",', ""),
    "an export without id": ('"id":"0123456789abcdef0123456789abcdef",', ""),
    "an export without reasons": ('"reasons":["membership","delete"],', ""),
    "an attribute dropped twice": ('["notes"]', '["notes","notes"]'),
    "nothing dropped": ('["notes"]', "[]"),
    "an attribute dropped that is no path": ('["notes"]', '["notes."]'),
    "a null attribute": ('{"name":{"firstName":"Ann"}}', "null"),
    "an empty attribute": ('{"name":{"firstName":"Ann"}}', "{}"),
}
"""What is wrong, and the one place of the full message that makes it so."""


def _is_message(value: Any) -> bool:
    return Draft202012Validator(SCHEMA).is_valid(value)


def _messages(path: Path) -> list[Any]:
    """The messages of a case; `*` in it stands for any digest."""
    text = yaml.safe_load(path.read_text(encoding="utf-8"))["messages"] or ""
    messages = [json.loads(line) for line in text.split("\n") if line]
    for message in messages:
        if "id" in message.get("_export", {}):
            assert "*" == message["_export"]["id"]
            message["_export"]["id"] = "0" * 32
    return messages


def test_the_schema_is_one_of_draft_2020_12() -> None:
    """The schema says which draft it follows, and follows it."""
    assert "https://json-schema.org/draft/2020-12/schema" == SCHEMA["$schema"]
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_message_written_by_hand_is_one(path: Path) -> None:
    """No golden and no case has a message that the schema refuses."""
    refused = [message for message in _messages(path) if not _is_message(message)]
    assert [] == refused


def test_there_are_messages_to_judge() -> None:
    """The cases hold more than a hundred messages, and every optional part is in one of them."""
    messages = [message for path in CASES for message in _messages(path)]
    assert len(messages) > 100
    held = "\n".join(json.dumps(message) for message in messages)
    for name in ("_export", "createdAt", "mappingUpdatedAt", '"name": "High', '"dropped"'):
        assert name in held


def test_a_message_may_have_everything() -> None:
    """The message that the wrong ones are made of is right itself."""
    assert _is_message(json.loads(FULL))


@pytest.mark.parametrize(("right", "wrong"), WRONG.values(), ids=WRONG)
def test_a_wrong_message_is_refused(right: str, wrong: str) -> None:
    """One thing wrong is enough."""
    assert 1 == FULL.count(right)
    assert not _is_message(json.loads(FULL.replace(right, wrong)))


@pytest.mark.parametrize(
    ("export", "right"),
    [
        ({"dropped": ["person.name", "notes"]}, True),
        ({"id": "0" * 32, "reasons": ["backfill"], "at": "2020-03-03T21:24:39Z"}, True),
        ({}, False),
        ({"at": "2020-03-03T21:24:39Z", "dropped": ["notes"]}, False),
    ],
)
def test_an_export_says_what_was_dropped_or_what_sent_it(
    export: dict[str, Any],
    right: bool,  # noqa: FBT001 - pytest gives it
) -> None:
    """Each may stand alone; the metadata is whole or not there."""
    assert right == _is_message(json.loads(FULL) | {"_export": export})


def test_an_id_need_not_be_a_digest() -> None:
    """The published sample has ids of 34 characters, and an id may be any text."""
    for id_ in ("655332b5fa2aea4498bf7a290cff017cb4", "a@example.com", "é", " "):
        message = json.loads(FULL)
        message["identityMap"] = {"email_lc_sha256": [{"id": id_}]}
        assert _is_message(message)


@pytest.mark.parametrize("value", ["0", "false", '"x"', "[null]", '{"a":null}', "1.5e300"])
def test_a_mapped_attribute_may_be_any_value(value: str) -> None:
    """Zero and false are values, and what stands within a value is its owner's."""
    assert _is_message(json.loads(FULL) | {"score": json.loads(value)})
