"""`emulator`: a stream on this machine until Ctrl-C, and nothing of it afterwards."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading

from tests.support.folder import Folder, fragment, message
from tests.support.program import TIMEOUT_S, command, environment, start
from tests.support.streams import Stream


def parents() -> dict[int, int]:
    """Give each process of this machine with the one that started it, by their ids."""
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    return {int(child): int(parent) for child, parent in map(str.split, table.splitlines())}


def test_it_serves_a_stream_until_interrupted(folder: Folder) -> None:
    """It says where it listens, a run delivers there, Ctrl-C ends it well with its child."""
    folder.add(fragment("c1", tier="gold", status="realized"))
    line = command("emulator", "--port", "0", "--stream", "prospects", "--shards", "2")
    with start(line, cwd=folder.path, env=environment(folder.home)) as process:
        # It waits to be interrupted, so nothing below may wait for it for ever.
        watchdog = threading.Timer(TIMEOUT_S, process.kill)
        watchdog.start()
        try:
            assert process.stderr is not None
            said = process.stderr.readline().decode()
            url = said.split()[0]
            assert said.startswith("http://127.0.0.1:")
            assert "stream prospects with 2 shards" in said
            advice = process.stderr.readline().decode().split()
            command_line = advice[advice.index("profile-export") + 1 :]
            ended = folder.run(*command_line, "--set=stream.name=prospects")
            assert (0, "") == (ended.code, ended.out)
            assert [message("c1", "gold")] == Stream(url, "prospects").messages()

            children = {child for child, parent in parents().items() if parent == process.pid}
            assert children
            process.send_signal(signal.SIGINT)
            out, talk = process.communicate(timeout=TIMEOUT_S)
        finally:
            watchdog.cancel()
            process.kill()
    assert (0, b"") == (process.returncode, out)
    assert b"Traceback" not in talk
    assert set() == children & parents().keys()
    with socket.socket() as caller:
        assert 0 != caller.connect_ex(("127.0.0.1", int(url.rpartition(":")[2])))


def test_a_port_in_use_is_said_in_words(folder: Folder) -> None:
    """A port that is taken is a failure that says so and what to do, without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = folder.run("emulator", "--port", str(port))
    assert (1, "") == (ended.code, ended.out)
    assert f"port {port} cannot be used" in ended.err
    assert "Traceback" not in ended.err
