"""Each exit code once, as sysexits.h names them: what went wrong is on stderr, and nothing else."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from tests.support.answering import Answering
from tests.support.folder import Folder, fragment
from tests.support.program import Ended
from tests.support.streams import Stream

QUALIFIED = fragment("c1", tier="gold", status="realized")


@pytest.fixture
def nobody_listens() -> Iterator[str]:
    """An endpoint that refuses every connection: a port that is taken and not listened on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def said(ended: Ended) -> str:
    """Give the last thing said on stderr, of a child that printed no data and no traceback."""
    assert "" == ended.out
    assert "Traceback" not in ended.err
    return ended.err[ended.err.rindex("Error: ") :].strip()


def test_0_when_all_went_well(folder: Folder, stream: Stream) -> None:
    """A run that delivers everything ends with 0."""
    folder.add(QUALIFIED)
    ended = folder.run("run", *stream.options)
    assert 0 == ended.code
    assert "Error" not in ended.err


def test_1_when_a_file_cannot_be_read(folder: Folder) -> None:
    """An input that is not there is a failure that names it and the way out."""
    folder.input.unlink()
    ended = folder.run("run", "--dry-run")
    assert 1 == ended.code
    assert f"cannot read {folder.input}: it does not exist" in said(ended)


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--nope"],
        ["run", "--dry-run", "--fresh"],
        ["explain", "email:ann@example.com"],
        ["check"],
        ["nope"],
    ],
    ids=" ".join,
)
def test_2_when_it_is_used_wrongly(folder: Folder, arguments: list[str]) -> None:
    """An unknown option or verb, options that exclude each other, a foreign identity."""
    ended = folder.run(*arguments)
    assert 2 == ended.code
    assert ended.err.startswith("Usage: profile-export")
    assert said(ended)


def test_65_when_input_was_rejected_under_strict(folder: Folder) -> None:
    """--strict tells by its code that not all input could be read, and reads on to its end."""
    folder.add("no JSON", QUALIFIED)
    assert 0 == folder.run("run", "--dry-run").code
    ended = folder.run("run", "--dry-run", "--strict")
    assert 65 == ended.code
    assert 1 == len(ended.out.splitlines())
    assert re.search(r"^Error: 1 .*rejected", ended.err, re.MULTILINE)


def test_0_under_strict_when_nothing_was_rejected(folder: Folder) -> None:
    """--strict changes nothing for input without a fault."""
    folder.add(QUALIFIED)
    assert 0 == folder.run("run", "--dry-run", "--strict").code


def test_69_when_nothing_listens(folder: Folder, nobody_listens: str) -> None:
    """An endpoint that refuses connections is given up after delivery.give_up_s."""
    folder.add(QUALIFIED)
    ended = folder.run("run", f"--set=account.endpoint_url={nobody_listens}")
    assert 69 == ended.code
    assert f"stream 'leads' at {nobody_listens}" in said(ended)


def test_69_at_once_when_there_is_no_such_stream(folder: Folder, emulator_url: str) -> None:
    """Before the first acknowledgement, what only a person can mend is not tried again."""
    folder.add(QUALIFIED)
    ended = folder.run(
        "run", f"--set=account.endpoint_url={emulator_url}", "--set=delivery.give_up_s=86400"
    )
    assert 69 == ended.code
    assert "ResourceNotFoundException" in said(ended)


def test_77_when_there_are_no_credentials(folder: Folder, nobody_listens: str) -> None:
    """Without credentials the missing action is named, before anything is sent."""
    folder.add(QUALIFIED)
    ended = folder.run(
        "run",
        f"--set=account.endpoint_url={nobody_listens}",
        "--set=delivery.give_up_s=86400",
        AWS_ACCESS_KEY_ID="",
        AWS_SECRET_ACCESS_KEY="",
    )
    assert 77 == ended.code
    assert "NoCredentialsError" in said(ended)
    assert "kinesis:PutRecords" in said(ended)


def test_77_when_the_action_is_not_allowed(folder: Folder) -> None:
    """A refusal by AWS names the action that is missing."""
    folder.add(QUALIFIED)
    with Answering(400, {"__type": "AccessDeniedException", "message": "no"}) as endpoint:
        ended = folder.run(
            "run", f"--set=account.endpoint_url={endpoint}", "--set=delivery.give_up_s=86400"
        )
    assert 77 == ended.code
    assert "kinesis:PutRecords" in said(ended)


@pytest.mark.parametrize("verb", ["check --offline", "run", "run --dry-run", "explain crmid:c1"])
def test_78_when_the_configuration_is_wrong(folder: Folder, verb: str) -> None:
    """A key that does not exist is named with file, line and the nearest one, by every verb."""
    text = folder.config.read_text(encoding="utf-8")
    folder.config.write_text(text.replace("stream:", "steram:"), encoding="utf-8")
    ended = folder.run(*verb.split())
    assert 78 == ended.code
    assert re.search(r"destination\.yaml:3: steram: .*`stream`", said(ended))
