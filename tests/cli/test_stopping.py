"""A run that is told to stop: the first signal lets it deliver, the second one ends it at once."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator

import pytest

from tests.support.folder import STANDARD_INPUT, Folder, fragment, message
from tests.support.program import TIMEOUT_S
from tests.support.started import ended, say, started, wait_for, wait_for_event
from tests.support.streams import Stream


@pytest.fixture
def nobody_listens() -> Iterator[str]:
    """The URL of a port of this machine that refuses connections, as it is only held."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_told_to_stop_delivers_what_it_read(
    folder: Folder, stream: Stream, number: signal.Signals
) -> None:
    """It ends with 0 although its input has not, and the next run goes on where it stopped."""
    options = (*stream.options, "--set", STANDARD_INPUT)
    with started(folder, "run", *options) as process:
        say(process, fragment("c1", tier="gold", status="realized"), fragment("c1", tier="silver"))
        wait_for(stream, 2, process)
        process.send_signal(number)
        assert 0 == process.wait(TIMEOUT_S)
        code, talk = ended(process)
    assert 0 == code
    assert "received 2 = rejected 0 + unchanged 0 + filtered 0 + exported 2" in talk
    assert "acknowledged 2, dead-lettered 0" in talk
    assert "Traceback" not in talk

    later = folder.run("run", *options, stdin=fragment("c1", status="exited").encode())
    assert 0 == later.code
    assert [
        message("c1", "gold"),
        message("c1", "silver"),
        message("c1", "silver", "exited"),
    ] == stream.messages()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_signal_ends_a_run_where_it_stands(
    folder: Folder, nobody_listens: str, number: signal.Signals, code: int
) -> None:
    """With what shells show for the signal, while records wait for a stream out of reach."""
    folder.add(fragment("c1", tier="gold", status="realized"))
    options = (f"--set=account.endpoint_url={nobody_listens}", "--set=delivery.give_up_s=3600")
    with started(folder, "run", "--log-level=info", *options) as process:
        assert process.stderr is not None
        wait_for_event(process, "started")
        process.send_signal(number)
        wait_for_event(process, "stop_asked")
        process.send_signal(number)
        assert code == process.wait(TIMEOUT_S)
        _, talk = ended(process)
    assert "ended_at_once" in talk
    assert "Traceback" not in talk
