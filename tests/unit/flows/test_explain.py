"""Explain: the events of one person in order of arrival, and which key is asked for."""

from __future__ import annotations

from itertools import permutations

import pytest

from flows.batch import Batch
from flows.destination import Destination
from flows.explain import Event, NotAKey, describe, explain, key_of, present_messages
from flows.profile.merge import EMPTY
from flows.profile.policy import NOT_QUALIFIED, SAME_VALUE, STALE, Export
from tests.support.made import destination

ARRIVAL = 1_583_270_679_000_000
JANE = "22fff12b355cb9cb6303835fe8227cbb155ee22d300caccba72b326d1a6fb98a"
"""`printf '%s' jane.roe@example.com | sha256sum`"""

HASHED = destination(identities={"key": "Email_LC_SHA256", "hash": {"Email": "email_lc_sha256"}})
PHONES = destination(identities={"key": "phone_sha256", "hash": {"phone": "phone_sha256"}})

STORY = [
    '{"identityMap":{"CRMID":[{"id":"c1"}]},"tier":"gold"}',
    '{"identityMap":{"CRMID":[{"id":"c2"}]},"tier":"silver"}',
    "no JSON",
    (
        '{"messages":[{"identityMap":{"CRMID":[{"id":"c1"}],"ECID":[{"id":"1"},{"id":"2"}]},'
        '"segmentMembership":{"ups":{"s1":{"status":"realized"}}}},{"tier":"lost"}]}'
    ),
    '{"identityMap":{"CRMID":[{"id":"c1"}]},"timestamp":"1970-01-01T00:00:01Z","tier":"old"}',
    "",
    '{"identityMap":{"CRMID":[{"id":"c1"}]},"timestamp":"1970-01-01T00:00:01Z"}',
    '{"header":{"operations":{"data":"delete"}},"body":{"identityMap":{"CRMID":[{"id":"c1"}]}}}',
]
"""Two people; c1 enters a segment, hears something old, and is deleted."""


def lines(story: list[str]) -> list[Batch]:
    """Give the lines of a file that arrived at one time, each in a batch of its own."""
    return [
        Batch("profiles", "a.jsonl", ARRIVAL, number, number - 1, [text.encode()])
        for number, text in enumerate(story, 1)
    ]


def told(events: list[Event]) -> list[tuple[str, str, str]]:
    """Give place, what it holds, and the decision in words."""
    return [(each.place, each.holds, describe(each.decision)) for each in events]


@pytest.mark.parametrize(
    ("made", "asked", "key"),
    [
        (destination(), "crmid:c1", "c1"),
        (destination(), "CrmId:C1", "C1"),
        (destination(), "crmid:a:b c", "a:b c"),
        (HASHED, f"email_lc_sha256:{JANE}", JANE),
        (HASHED, "Email: Jane.Roe@Example.com", JANE),
        (HASHED, f"email:{JANE.upper()}", JANE),
        (
            PHONES,
            "phone:+1 415 555 0100",
            "5e7ec4c79ccac6e420876e65ad0e6b4b2ccf73ec3dccb50297bf2890a1ec73b9",
        ),
    ],
)
def test_a_person_is_asked_for_by_the_key_or_by_what_is_hashed_into_it(
    made: Destination, asked: str, key: str
) -> None:
    """The namespace in any case; a clear id is hashed as the inputs are."""
    assert key == key_of(made, asked)


@pytest.mark.parametrize("asked", ["c1", "crmid:", ":c1", "", "ecid:e1", "email:a@example.com"])
def test_any_other_identity_is_no_key(asked: str) -> None:
    """The error says the form, and not the id."""
    with pytest.raises(NotAKey, match=r"^give an identity of the key namespace, as crmid:ID$"):
        key_of(destination(), asked)


def test_a_phone_that_cannot_be_hashed_is_no_key() -> None:
    """The error says why, and not the number."""
    with pytest.raises(NotAKey, match=r"^an id to be hashed into phone_sha256 is not E\.164$"):
        key_of(PHONES, "phone:12345")


def test_a_persons_events_come_in_order_with_their_reasons() -> None:
    """Other people's lines and rejects are passed over."""
    events = list(explain(destination(), lines(STORY), "c1"))

    assert [
        ("a.jsonl:1", "tier", "filtered: not_qualified"),
        ("a.jsonl:4", "s1: realized, ecid x2", "export: membership, identity"),
        ("a.jsonl:5", "tier", "unchanged: stale"),
        ("a.jsonl:7", "nothing mapped", "filtered: unmapped"),
        ("a.jsonl:8", "delete", "export: delete"),
    ] == told(events)
    assert [ARRIVAL, ARRIVAL, 1_000_000, 1_000_000, ARRIVAL] == [each.time for each in events]


def test_an_export_comes_with_its_message() -> None:
    """The bytes that went out, and none where nothing did."""
    messages = [each.message for each in explain(destination(), lines(STORY), "c1")]

    time = b'"lastQualificationTime":"2020-03-03T21:24:39Z"'
    identities = b'"identityMap":{"crmid":[{"id":"c1"}],"ecid":[{"id":"1"},{"id":"2"}]}}'
    entered = b'{"tier":"gold","segmentMembership":{"ups":{"s1":{%b,"status":"realized"}}},' % time
    left = b'{"segmentMembership":{"ups":{"s1":{%b,"status":"exited"}}},' % time
    assert [b"", entered + identities, b"", b"", left + identities] == messages


def test_a_segment_is_called_by_its_name() -> None:
    """Of a mapped one the configured name, of any other its id; of an attribute the last part."""
    made = destination(
        activation={
            "segments": [{"id": "s1", "name": "Likely"}],
            "attributes": ["person.name.firstName"],
            "keep_unmapped": True,
        }
    )
    line = (
        '{"identityMap":{"CRMID":[{"id":"c1"}]},"person":{"name":{"firstName":"Ann"}},'
        '"segmentMembership":{"ups":{"s1":{"status":"existing"},"s9":{"status":"exited"}}}}'
    )

    assert ["firstName, Likely: realized, s9: exited"] == [
        each.holds for each in explain(made, lines([line]), "c1")
    ]


def test_of_somebody_unknown_there_is_nothing() -> None:
    """No events, and no error."""
    assert [] == list(explain(destination(), lines(STORY), "c9"))


def test_the_present_message_shows_each_qualified_profile_in_any_order() -> None:
    """Whatever order the lines come in; who is in no mapped segment is not shown."""
    entered = '"segmentMembership":{"ups":{"s1":{"lastQualificationTime":"%s","status":"%s"}}}}'
    story = [
        STORY[0],
        STORY[1],
        '{"identityMap":{"CRMID":[{"id":"c1"}]},' + entered % ("2020-03-02T00:00:00Z", "realized"),
        '{"identityMap":{"CRMID":[{"id":"c3"}]},' + entered % ("2020-03-02T00:00:00Z", "exited"),
    ]
    expected = (
        b'{"tier":"gold","segmentMembership":{"ups":{"s1":{"lastQualificationTime":'
        b'"2020-03-02T00:00:00Z","status":"realized"}}},"identityMap":{"crmid":[{"id":"c1"}]}}'
    )
    for order in permutations(lines(story)):
        assert {"c1": expected} == present_messages(destination(), order)


def test_a_decision_is_said_in_words() -> None:
    """The outcome, then the reasons."""
    assert "filtered: not_qualified" == describe(NOT_QUALIFIED)
    assert "unchanged: same_value" == describe(SAME_VALUE)
    assert "export: identity, attribute" == describe(Export(("identity", "attribute"), EMPTY))


def test_a_record_of_a_stream_is_told_by_its_position() -> None:
    """Its arrival is its own, so the newer of two without a time wins whatever came first."""
    story = [text.encode() for text in (STORY[0], STORY[0].replace("gold", "silver"))]
    stamps = [(ARRIVAL + 1, 0, "49"), (ARRIVAL, 1, "50.2")]
    batch = Batch("segments", "shardId-000000000003", 0, 0, 0, story, stamps)
    assert [
        ("shardId-000000000003@49", ARRIVAL + 1, NOT_QUALIFIED),
        ("shardId-000000000003@50.2", ARRIVAL, STALE),
    ] == [(each.place, each.time, each.decision) for each in explain(destination(), [batch], "c1")]
