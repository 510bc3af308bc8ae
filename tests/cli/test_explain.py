"""`explain`: each fragment of one person with the decision of the dataflow, and the message."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.folder import Folder, fragment, message

DAY = "2022-02-{:02d}T00:00:00Z"


def dated(day: int, **content: str) -> str:
    """Give a fragment of c1 whose version is a day of February 2022."""
    return fragment("c1", timestamp=DAY.format(day), **content)


def delete(day: int) -> str:
    """Give a delete of c1, as the upsert form of Adobe's data prep spells it."""
    body = json.loads(dated(day))
    return json.dumps({"header": {"operations": {"data": "delete"}}, "body": body})


# (line, decision, what it holds): each decision of the policy once, in an order that gives it
STORY = [
    (dated(1, tier="gold"), "filtered: not_qualified", "tier"),
    (dated(2), "filtered: unmapped", "nothing mapped"),
    (dated(3, status="realized"), "export: membership", "s1: realized"),
    (dated(4, tier="gold"), "unchanged: same_value", "tier"),
    (dated(5, tier="silver"), "export: attribute", "tier"),
    (dated(4, tier="bronze"), "unchanged: stale", "tier"),
    (
        json.dumps(
            {
                "timestamp": DAY.format(6),
                "identityMap": {"CRMID": [{"id": "c1"}], "ECID": [{"id": "e1"}]},
            }
        ),
        "export: identity",
        "ecid x1",
    ),
    (delete(8), "export: delete", "delete"),
]


def test_each_decision_is_shown_with_what_led_to_it(folder: Folder) -> None:
    """One line a fragment: version time, place, decision, what it holds; other people's are not."""
    for line, _, _ in STORY:
        folder.add(line, fragment("c2", tier="gold", status="realized"))
    ended = folder.run("explain", "crmid:c1")
    assert (0, "") == (ended.code, ended.err)
    shown = [line for line in ended.out.splitlines() if not line.startswith(" ")]
    assert len(STORY) == len(shown)
    for number, (line, (raw, decision, holds)) in enumerate(zip(shown, STORY, strict=True)):
        time, place, rest = line.split(maxsplit=2)
        version = (json.loads(raw).get("body") or json.loads(raw))["timestamp"]
        assert (version, f"profiles.jsonl:{2 * number + 1}") == (time, place)
        assert [decision, holds] == re.split(" {2,}", rest)


def test_the_messages_are_those_of_a_dry_run(folder: Folder) -> None:
    """Under each export stands the message that goes out, as the dataflow encodes it."""
    folder.add(*(line for line, _, _ in STORY))
    shown = [
        line[4:]
        for line in folder.run("explain", "crmid:c1").out.splitlines()
        if line.startswith("    {")
    ]
    assert message("c1", "gold") == shown[0]
    assert folder.run("run", "--dry-run").out.splitlines() == shown


def test_what_cannot_be_read_is_passed_over(folder: Folder) -> None:
    """Rejects belong to no person, so explain neither shows them nor stops at them."""
    folder.add("no JSON", '{"messages":[]}', fragment("c1", status="nonsense"))
    folder.add(fragment("c1", tier="gold", status="realized"))
    ended = folder.run("explain", "crmid:c1")
    assert 0 == ended.code
    assert 2 == len(ended.out.splitlines())


def test_an_unknown_person_is_a_failure_without_an_echo(folder: Folder) -> None:
    """Nothing found ends with 1, and the id, which is personal data, is not repeated."""
    folder.add(fragment("c1"))
    ended = folder.run("explain", "crmid:somebody-else")
    assert (1, "") == (ended.code, ended.out)
    assert "no fragment of that identity" in ended.err
    assert "somebody-else" not in ended.err


@pytest.mark.parametrize("identity", ["email:c1", "c1", ":c1", "crmid:", ""])
def test_an_identity_that_is_no_key_is_refused(folder: Folder, identity: str) -> None:
    """Only the key namespace can be asked for; the answer names it."""
    ended = folder.run("explain", identity)
    assert (2, "") == (ended.code, ended.out)
    assert "as crmid:ID" in ended.err


def test_a_namespace_compares_without_case_and_an_id_may_hold_colons(folder: Folder) -> None:
    """CRMID:a:b asks for the id a:b of crmid."""
    folder.add(fragment("a:b", tier="gold", status="realized"))
    assert 0 == folder.run("explain", "CRMID:a:b").code


def test_a_clear_id_finds_the_hash_it_is_keyed_by(folder: Folder) -> None:
    """Where profiles are keyed by a hash, the person can be asked for as they are known."""
    folder.add('{"identityMap":{"Email":[{"id":"Ann@Example.com "}]},"loyalty":{"tier":"gold"}}')
    ended = folder.run("explain", "email:ann@example.com", "--set=identities.key=email_lc_sha256")
    assert 0 == ended.code
    assert "filtered: not_qualified" in ended.out


def test_a_phone_that_is_none_is_a_usage_error(folder: Folder) -> None:
    """A number that cannot be hashed is refused in words, without a traceback or an echo."""
    ended = folder.run(
        "explain",
        "phone:not-a-number",
        "--set=identities.key=phone_sha256",
        "--set=identities.hash={phone: phone_sha256}",
    )
    assert (2, "") == (ended.code, ended.out)
    assert "Traceback" not in ended.err
    assert "E.164" in ended.err
    assert "not-a-number" not in ended.err
