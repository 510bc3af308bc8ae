"""Neither credentials nor personal data get out, on a stream or in the name of a file.

Canaries go through every verb and through forced failures, all at the most verbose level there is:
every logger at DEBUG but those of the AWS SDK, the engine's log and back traces in full. Left out
on purpose: what a dry run and explain print on standard output, which is the user's data.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from tests.support.canaries import EMAIL, ID, PHONE, TIER, attempt, found_in, leaks, person
from tests.support.folder import Folder
from tests.support.streams import Stream


def of(**content: Any) -> str:
    """Give a line of the person that says only this."""
    return json.dumps({"identityMap": {"CRMID": [{"id": ID}]}} | content)


def identities(**namespaces: list[Any]) -> str:
    """Give a line with these identities alone."""
    return json.dumps({"identityMap": namespaces})


# One line for each reason to reject, with the canaries where the fault is.
REJECTED = {
    "line_too_long": of(loyalty={"tier": TIER * 200}),
    "not_utf8": f'{{"{ID}":"\udcff"}}',
    "too_deep": of(loyalty={"tier": [[[[[[[[TIER]]]]]]]]}),
    "not_json": f'{{"identityMap":{{"CRMID":[{{"id":"{ID}"}}]}},{TIER}}}',
    "not_an_object": json.dumps([ID, EMAIL]),
    "bad_batch": json.dumps({"messages": ID}),
    "empty_batch": json.dumps({"messages": [], ID: EMAIL}),
    "bad_value": identities(CRMID=[{"id": [ID]}]),
    "too_many_identities": identities(CRMID=[{"id": ID}] * 9),
    "id_too_long": identities(CRMID=[{"id": ID * 9}]),
    "phone_not_e164": identities(CRMID=[{"id": ID}], Phone=[{"id": f"{PHONE}-{TIER}"}]),
    "no_key_identity": identities(Email=[{"id": EMAIL}]),
    "ambiguous_key": identities(CRMID=[{"id": ID}, {"id": EMAIL}]),
    "unknown_operation": json.dumps(
        {"header": {"operations": {"data": TIER}}, "body": {"identityMap": {"CRMID": [{"id": ID}]}}}
    ),
    "bad_time": of(timestamp=TIER),
    "time_in_future": of(timestamp="9000-01-01T00:00:00Z", loyalty={"tier": TIER}),
    "unknown_status": of(segmentMembership={"ups": {"s1": {"status": TIER}}}),
}
REJECTING = (
    "--set=limits={line_bytes: 1000, depth: 8, identities: 8, id_chars: 100}",
    "--set=identities.hash={email: email_lc_sha256, phone: phone_sha256}",
)


def test_a_canary_is_found() -> None:
    """The judge finds a canary in any case, and in base64 wherever it begins."""
    assert [ID] == found_in(f"key crmid:{ID.upper()} failed")
    for before in ("", "a", "ab"):
        assert [TIER] == found_in(b64encode(f"{before}{TIER} and more".encode()).decode())
    assert [] == found_in("no word of it")


def test_each_reason_to_reject_is_quiet(folder: Folder, stream: Stream) -> None:
    """Rejects of every reason, found and kept, leave only counts on the streams."""
    text = "\n".join(REJECTED.values())
    folder.input.write_bytes(text.encode(errors="surrogateescape"))
    ended = attempt(folder, "run", "--strict", *REJECTING, *stream.options)
    assert 65 == ended.code
    counts = " ".join(ended.err.split())
    assert [] == [reason for reason in REJECTED if f"{reason} 1" not in counts]
    assert [] == leaks(folder, ended.out, ended.err)


@pytest.mark.parametrize(
    ("verb", "code"),
    [
        ("run", 0),
        ("check --offline", 0),
        (f"explain email:{EMAIL}", 2),
        (f"explain crmid:{ID}-of-nobody", 1),
    ],
)
def test_a_verb_repeats_nothing(folder: Folder, stream: Stream, verb: str, code: int) -> None:
    """Whether a verb works or finds nothing, it says nothing of persons and secrets."""
    folder.add(person())
    ended = attempt(folder, *verb.split(), *stream.options)
    assert code == ended.code
    assert [] == leaks(folder, ended.out, ended.err)


def test_a_backfill_names_nobody(folder: Folder, stream: Stream) -> None:
    """Done, broken off or refused, whoever it is for."""
    folder.add(person())
    missing = "--set=stream.name=missing"
    one = ("--identity", f"crmid:{ID}")
    for arguments, code in (
        (("run",), 0),
        (("backfill", *one), 0),
        (("backfill", *one, missing, "--set=state.epoch_s=0.001"), 69),
        (("backfill", "--identity", f"email:{EMAIL}"), 2),
        (("run",), 0),
    ):
        ended = attempt(folder, arguments[0], *stream.options, *arguments[1:])
        assert code == ended.code
        assert [] == leaks(folder, ended.out, ended.err)


def test_rejects_are_listed_and_put_back_without_their_content(
    folder: Folder, stream: Stream
) -> None:
    """Place, reason and detail of rejects of every reason name nobody."""
    text = "\n".join(REJECTED.values())
    folder.input.write_bytes(text.encode(errors="surrogateescape"))
    attempt(folder, "run", *REJECTING, *stream.options)
    for verb in ("list", "list --json", "list --lines", "list --lines --json", "retry"):
        ended = attempt(folder, "rejects", *verb.split())
        assert 0 == ended.code
        assert "line_too_long" in ended.out + ended.err or verb == "retry"
        assert [] == leaks(folder, ended.out, ended.err)


def test_dead_letters_are_listed_and_replayed_without_their_content(
    folder: Folder, stream: Stream
) -> None:
    """Neither key nor data of a record gets out, unless `--keys` or `show` ask for them."""
    folder.add(person(loyalty={"tier": TIER * 100_000}))
    clear = ("--set=stream.partition_key=identity", "--set=limits.id_chars=250")
    attempt(folder, "run", *stream.options, *clear, "--set=limits.line_bytes=5000000")
    for verb, code in (("list", 0), ("list --json", 0), ("replay", 1)):
        ended = attempt(folder, "dead-letters", *verb.split(), *stream.options)
        assert code == ended.code
        assert "more than 1048576" in ended.out + ended.err
        assert [] == leaks(folder, ended.out, ended.err)
    ended = attempt(folder, "dead-letters", "list", "--keys")
    assert [ID] == found_in(ended.out)


@pytest.mark.parametrize(("verb", "code"), [("demo", 0), ("init", 1)])
def test_a_verb_without_a_destination_repeats_nothing(folder: Folder, verb: str, code: int) -> None:
    """The verbs that take no destination say nothing of the secrets around them."""
    ended = attempt(folder, verb)
    assert code == ended.code
    assert [] == leaks(folder, ended.out, ended.err)


@pytest.mark.parametrize("verb", ["run --dry-run", f"explain crmid:{ID}"])
def test_messages_are_on_standard_output_alone(folder: Folder, verb: str) -> None:
    """What prints messages on purpose says nothing of them beside."""
    folder.add(person())
    ended = attempt(folder, *verb.split())
    assert 0 == ended.code
    assert TIER in ended.out
    assert [] == leaks(folder, ended.err)
