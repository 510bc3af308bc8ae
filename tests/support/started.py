"""The program as a child process that a test talks to while it runs."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.support.folder import Folder
from tests.support.program import TIMEOUT_S, command, environment, start
from tests.support.streams import Stream


def addresses(count: int) -> str:
    """Find so many ports of this machine that nobody has, as the option takes them."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return ",".join(f"127.0.0.1:{each.getsockname()[1]}" for each in sockets)


@contextmanager
def started(folder: Folder, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start the program in the folder; it is gone when the block ends."""
    env = environment(folder.home)
    with start(command(*arguments), cwd=folder.path, env=env) as process:
        try:
            yield process
        finally:
            process.kill()


def say(process: subprocess.Popen[bytes], *lines: str) -> None:
    """Write lines to a program's standard input, and leave it open."""
    assert process.stdin is not None
    process.stdin.write("".join(f"{line}\n" for line in lines).encode())
    process.stdin.flush()


def wait_for(stream: Stream, count: int, *processes: subprocess.Popen[bytes]) -> None:
    """Wait until the stream has so many messages; no process may end before."""
    while len(stream.messages()) < count:
        for process in processes:
            assert process.poll() is None, process.communicate()


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Wait for the end of a program: its exit code and what it said on standard error."""
    _, talk = process.communicate(timeout=TIMEOUT_S)
    return process.returncode, talk.decode()


def wait_for_event(process: subprocess.Popen[bytes], event: str) -> None:
    """Read what a program logs up to an event."""
    assert process.stderr is not None
    for line in process.stderr:
        if json.loads(line)["event"] == event:
            return
    raise AssertionError(f"ended with {process.wait()} before it said {event}")
