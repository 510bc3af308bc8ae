"""`demo`: the bundled sample through the real dataflow, with a verdict and nothing left behind."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from time import monotonic

from tests.support.folder import Folder
from tests.support.program import Ended

FUNNEL = re.compile(
    r"^received ([\d,]+) = rejected ([\d,]+) \+ unchanged ([\d,]+) \+ filtered ([\d,]+) "
    r"\+ exported ([\d,]+)$",
    re.MULTILINE,
)
DELIVERED = re.compile(r"exported +acknowledged ([\d,]+), dead-lettered ([\d,]+)$", re.MULTILINE)
VERDICT = re.compile(
    r"^read back ([\d,]+) of ([\d,]+) acknowledged; the last message of each of the ([\d,]+) "
    r"qualified people shows their present profile$",
    re.MULTILINE,
)


def numbers(pattern: re.Pattern[str], text: str) -> list[int]:
    """Give the numbers of the one line that matches."""
    (found,) = pattern.findall(text)
    return [int(number.replace(",", "")) for number in found]


def test_the_demo_ends_with_a_balanced_funnel_and_a_verdict(
    folder: Folder, record_property: Callable[[str, object], None]
) -> None:
    """All that was received ended somewhere, and all that was exported is in the stream.

    How long it took is kept with the test's report: an upper bound of the time to the first
    acknowledged record, as a machine that is shared cannot be held to it.
    """
    before = folder.files()
    began = monotonic()
    ended = folder.run("demo")
    record_property("first_acknowledged_within_s", round(monotonic() - began, 2))
    assert (0, "") == (ended.code, ended.err)
    received, rejected, unchanged, filtered, exported = numbers(FUNNEL, ended.out)
    assert received == rejected + unchanged + filtered + exported
    assert 0 not in {rejected, unchanged, filtered, exported}
    acknowledged, dead_lettered = numbers(DELIVERED, ended.out)
    assert (exported, 0) == (acknowledged, dead_lettered)
    found, sent, people = numbers(VERDICT, ended.out)
    assert (acknowledged, acknowledged) == (found, sent)
    assert people > 0
    assert "\x1b" not in ended.out  # colour is for a terminal
    assert before == folder.files()
    assert [] == list(folder.home.iterdir())


def demo_with(folder: Folder, proxy: str) -> Ended:
    """Run the demo in the shell of somebody who works with AWS behind a proxy."""
    aws = folder.path / "aws-config"
    aws.write_text("[profile work]\nregion = eu-west-1\n", encoding="utf-8")
    return folder.run(
        "demo",
        AWS_PROFILE="work",
        AWS_CONFIG_FILE=str(aws),
        AWS_DEFAULT_REGION="eu-central-1",
        AWS_SESSION_TOKEN="token-of-work",
        HTTP_PROXY=proxy,
        http_proxy=proxy,
        PROFILE_EXPORT_STREAM__NAME="stream-of-work",
        PROFILE_EXPORT_IDENTITIES__KEY="ecid",
    )


def test_the_demo_works_whatever_the_shell_has_set(folder: Folder) -> None:
    """A user's region, profile, proxy and overrides are for their stream, not for the demo."""
    with socket.socket() as taken:  # a proxy that refuses every connection
        taken.bind(("127.0.0.1", 0))
        ended = demo_with(folder, f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert (0, "") == (ended.code, ended.err)
    assert VERDICT.search(ended.out)
