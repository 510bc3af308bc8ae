"""Plain http is for this machine alone, and then it does not leave this machine by a detour."""

from __future__ import annotations

from tests.support.answering import Answering
from tests.support.folder import Folder, fragment, message
from tests.support.streams import Stream


def test_a_proxy_gets_nothing_of_what_is_for_this_machine(folder: Folder, stream: Stream) -> None:
    """Profiles for an endpoint on loopback go there, and not in the clear to a proxy."""
    folder.add(fragment("c1", tier="gold", status="realized"))
    with Answering(503, {}) as proxy:
        ended = folder.run("run", *stream.options, HTTP_PROXY=proxy, http_proxy=proxy)
    assert 0 == ended.code, ended.err
    assert [message("c1", "gold")] == stream.messages()


def test_plain_http_to_another_machine_is_refused(folder: Folder) -> None:
    """Whether it is in the file or in AWS's own variable, it ends with 78 and nothing is sent."""
    folder.add(fragment("c1", tier="gold", status="realized"))
    url = "http://kinesis.invalid"
    in_file = folder.run("run", f"--set=account.endpoint_url={url}")
    in_variable = folder.run("run", AWS_ENDPOINT_URL_KINESIS=url)
    assert (78, 78) == (in_file.code, in_variable.code)
    assert "plain http" in in_variable.err
