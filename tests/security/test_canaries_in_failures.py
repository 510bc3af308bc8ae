"""Neither credentials nor personal data get out when a run fails, whatever it is that fails.

The failures are forced, with canaries in what they are about, and said at the most verbose level
there is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from tests.support.answering import Answering
from tests.support.canaries import ID, PASSWORD, SECRETS, TIER, attempt, leaks, person
from tests.support.folder import STANDARD_INPUT, Folder
from tests.support.streams import Stream

HUGE = person(loyalty={"tier": TIER * 100_000})
"""A fragment whose message is over the 1 MiB of a record."""

CLEAR_KEYS = (
    "--set=stream.partition_key=identity",
    "--set=limits={line_bytes: 5000000, id_chars: 250}",
)
"""Records with the id in their partition key, of up to more bytes than Kinesis takes."""

# What only a defect does; it stands in for all that a step may raise without our knowing of it.
DEFECT_IN_THE_JOIN = """
from flows.profile.exporter import Exporter
def fail(*_):
    raise RuntimeError("planted")
Exporter.apply = fail
"""
DEFECT_IN_DELIVERY = """
from connectors.kinesis.client import KinesisClient
def fail(*_):
    raise RuntimeError("planted")
KinesisClient.put_records = fail
"""


class Failing(NamedTuple):
    """A run that fails: what is set, by code or by option, and how it ends."""

    code: int
    options: tuple[str, ...] = ()
    lines: tuple[str, ...] = (person(),)
    fault: str = ""


FAILING = {
    "no-such-stream": Failing(69, ("--set=stream.name=missing",)),
    "nobody-listens": Failing(69, ("--set=account.endpoint_url=http://127.0.0.1:1",)),
    "rejects-full": Failing(1, ("--set=rejects.max_bytes=1",), (f"{{{ID}", person())),
    "dead-letters-full": Failing(1, ("--set=dead_letters.max_bytes=1",), (HUGE,)),
    "dead-letters-unusable": Failing(1, ("--set=dead_letters.path=destination.yaml/x",), (HUGE,)),
    "state-unusable": Failing(1, ("--set=state.path=destination.yaml/x",)),
    "defect-in-the-join": Failing(1, fault=DEFECT_IN_THE_JOIN),
    "defect-in-delivery": Failing(1, fault=DEFECT_IN_DELIVERY),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_failing_run_says_nothing_of_a_person(folder: Folder, stream: Stream, name: str) -> None:
    """Words, tracebacks and the engine's own talk hold no id, value, partition key or secret."""
    failing = FAILING[name]
    folder.add(*failing.lines)
    ended = attempt(
        folder,
        "run",
        *stream.options,
        *CLEAR_KEYS,
        *failing.options,
        fault=failing.fault,
    )
    assert failing.code == ended.code, ended.err
    assert ended.err
    assert [] == leaks(folder, ended.out, ended.err)


QUOTING = f"Rate exceeded for crmid:{ID}, {TIER}, key {SECRETS['AWS_ACCESS_KEY_ID']}"
ANSWERS: dict[str, tuple[int, dict[str, Any], int]] = {
    "denied": (400, {"__type": "AccessDeniedException", "message": QUOTING}, 77),
    "refused": (400, {"__type": "ValidationException", "message": QUOTING}, 1),
    "broken": (500, {"__type": "InternalFailure", "message": QUOTING}, 69),
    "unreadable": (200, {"Records": QUOTING}, 69),
    "throttled": (
        200,
        {
            "FailedRecordCount": 1,
            "Records": [
                {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": QUOTING}
            ],
        },
        69,
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_kinesis_says_of_a_record_is_not_repeated(folder: Folder, name: str) -> None:
    """An answer that quotes a partition key, a value or a key id is told by its code alone."""
    status, body, code = ANSWERS[name]
    folder.add(person())
    with Answering(status, body) as url:
        ended = attempt(
            folder,
            "run",
            f"--set=account.endpoint_url={url}",
            *CLEAR_KEYS,
        )
    assert code == ended.code, ended.err
    assert [] == leaks(folder, ended.out, ended.err)


def test_an_oversize_record_becomes_a_quiet_dead_letter(folder: Folder, stream: Stream) -> None:
    """The dead letter holds the record; the streams hold a count."""
    folder.add(HUGE)
    ended = attempt(folder, "run", *stream.options, "--set=limits.line_bytes=5000000")
    assert 0 == ended.code
    assert "dead-lettered 1" in ended.err
    (kept,) = (folder.path / "dead-letters").iterdir()
    assert TIER in kept.read_text(encoding="utf-8")
    assert [] == leaks(folder, ended.out, ended.err)


def test_a_run_refused_by_the_lock_is_quiet(folder: Folder, stream: Stream) -> None:
    """The second run on a directory does not say what it was to deliver."""
    fault = "import fcntl\ndef flock(*_): raise BlockingIOError\nfcntl.flock = flock"
    ended = attempt(
        folder,
        "run",
        *stream.options,
        "--set",
        STANDARD_INPUT,
        stdin=person().encode(),
        fault=fault,
    )
    assert 1 == ended.code
    assert "another process runs" in ended.err
    assert [] == leaks(folder, ended.out, ended.err)


@pytest.mark.parametrize(
    "text",
    [
        f"account: {{secret_access_key: {PASSWORD}}}",
        f"account: {{endpoint_url: 'https://user:{PASSWORD}@example.com'}}",
        f"account: {{region: '{PASSWORD} '}}",
        f"account: [{PASSWORD}",
        f"account: &{PASSWORD} x",
        f"account: !{PASSWORD} x",
        f"delivery: {{give_up_s: {PASSWORD}}}",
    ],
)
def test_a_wrong_configuration_is_told_without_its_values(folder: Folder, text: str) -> None:
    """A secret put where none belongs is refused by its place, not repeated."""
    with folder.config.open("a", encoding="utf-8") as file:
        file.write(f"{text}\n")
    ended = attempt(folder, "run", "--dry-run")
    assert 78 == ended.code
    assert [] == leaks(folder, ended.out, ended.err)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (f"http://user:{PASSWORD}@127.0.0.1:1", 69),
        (f"http://user:{PASSWORD}@example.com", 78),
        (f"https://user:{PASSWORD}@:1", 78),
    ],
)
def test_a_password_in_the_sdks_own_endpoint_is_not_shown(
    folder: Folder, url: str, code: int
) -> None:
    """AWS_ENDPOINT_URL is not ours to check, so its password must be left out of what is said."""
    folder.add(person())
    ended = attempt(folder, "run", AWS_ENDPOINT_URL=url)
    assert code == ended.code, ended.err
    assert [] == leaks(folder, ended.out, ended.err)


def test_a_password_of_a_proxy_is_not_shown(folder: Folder) -> None:
    """A proxy that cannot be reached is told without its address."""
    folder.add(person())
    ended = attempt(
        folder,
        "run",
        "--set=account.endpoint_url=https://kinesis.invalid",
        HTTPS_PROXY=f"http://user:{PASSWORD}@127.0.0.1:1",
    )
    assert 69 == ended.code, ended.err
    assert [] == leaks(folder, ended.out, ended.err)
