"""An emulated Kinesis in a process of its own: moto behind HTTP on this machine only.

`Emulator` starts and stops it. The process prints one line, `http://127.0.0.1:PORT`, when it is
ready and its stream exists, and ends when its standard input closes or on SIGTERM, so it cannot
outlive whoever started it. It runs this very file in Python's isolated mode: the current folder is
not on its path, and its imports are the standard library, moto and the server that moto runs on.

Left out is what moto leaves out: it never throttles or fails a single record, checks no signature,
and gets resharding wrong. It keeps everything in memory.

Can also be started as `python -I -m connectors.kinesis.testing.emulator --stream leads`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self
    from werkzeug.serving import BaseWSGIServer

_READY_S = 60.0
"""How long a start may take: moto loads in under a second; a busy machine takes longer."""

_STOP_S = 2.0
"""How long a stop may take before the process is killed; it has nothing to save."""


class EmulatorError(RuntimeError):
    """The emulator did not start; the message says why."""


class Emulator:
    """An emulated Kinesis that lives from `start` to `stop`, or within a `with` block.

    Any credentials are accepted.

    Args:
        port: Port on 127.0.0.1; 0 takes a free one.
        stream: Name of a stream to create; None creates none.
        shards: Number of its shards.
        region: Region of that stream: moto keeps each region apart.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        stream: str | None = None,
        shards: int = 1,
        region: str = "us-east-1",
    ) -> None:
        self._arguments = [f"--port={port}", f"--shards={shards}", f"--region={region}"]
        if stream is not None:
            self._arguments.append(f"--stream={stream}")
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> Self:
        """Start it and wait until it is ready; afterwards `url` is its endpoint.

        Raises:
            EmulatorError: It ended or did not get ready in time.
        """
        with tempfile.TemporaryFile() as talk:
            process = subprocess.Popen(  # noqa: S603 - this interpreter, this file
                [sys.executable, "-I", __file__, *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=talk,
                start_new_session=True,  # Ctrl-C is for the job, which still has to deliver
            )
            self._process = process
            line = _line(process)
            if not line:
                self.stop()
                talk.seek(0)
                said = talk.read().decode(errors="replace").split("\n")
                why = next((line for line in reversed(said) if line), "it did not say why")
                raise EmulatorError(f"the Kinesis emulator did not start: {why}")
        self.url = line
        return self

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def wait(self) -> None:
        """Return when the process has ended."""
        if self._process is not None:
            self._process.wait()

    def stop(self) -> None:
        """End the process and everything in it; may be called again."""
        if self._process is None:
            return
        process, self._process = self._process, None
        with process:  # closes its pipes
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _line(process: subprocess.Popen[bytes]) -> str:
    """The first line of a process, or nothing if it ends or takes too long."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], _READY_S)
    return process.stdout.readline().decode().strip() if ready else ""


def main(arguments: list[str] | None = None) -> None:
    """Serve until standard input closes or SIGTERM comes."""
    parser = argparse.ArgumentParser(description="An emulated Kinesis on this machine (moto).")
    parser.add_argument("--port", type=int, default=0, help="0 (default) takes a free one")
    parser.add_argument("--stream", help="name of a stream to create")
    parser.add_argument("--shards", type=int, default=1, help="its number of shards (default 1)")
    parser.add_argument("--region", default="us-east-1", help="its region (default us-east-1)")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # else one line for each request
    try:
        server = _server(options.port)
    except ImportError as error:
        sys.exit(
            f"moto is not installed ({error}). Install it: pip install 'profile-export[emulator]'"
        )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    if options.stream is not None:
        _create_stream(url, options.stream, options.shards, options.region)
    print(url, flush=True)  # noqa: T201 - the answer to whoever started this process
    with contextlib.suppress(KeyboardInterrupt):
        sys.stdin.buffer.read()


def _server(port: int) -> BaseWSGIServer:
    """Bind moto to a port of this machine; it takes one request at a time.

    Several at once would cost records: moto gives a record the number after the last one, which is
    "not safe for concurrency" (the comment in its `Shard.put_record`).

    Raises:
        ImportError: moto is not installed.
    """
    # An extra, and slow to import.
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415
        DomainDispatcherApplication,
        create_backend_app,
    )
    from werkzeug.serving import make_server  # noqa: PLC0415

    application, lock = DomainDispatcherApplication(create_backend_app), threading.Lock()

    def one_at_a_time(*call: Any) -> Any:
        with lock:
            return application(*call)

    try:  # werkzeug would say it in its own words
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        sys.exit(f"port {port} cannot be used: {error.strerror}. Take another, or 0 for any")
    return make_server("127.0.0.1", port, one_at_a_time, threaded=True)


def _end(signum: int, frame: FrameType | None) -> None:
    del signum, frame
    sys.exit(0)


def _create_stream(url: str, stream: str, shards: int, region: str) -> None:
    """Make one CreateStream call, without needing an AWS client for it."""
    request = urllib.request.Request(  # noqa: S310 - the server this process has just started
        url,
        data=json.dumps({"StreamName": stream, "ShardCount": shards}).encode(),
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "Kinesis_20131202.CreateStream",
            # Not checked; moto takes region and service from it.
            "Authorization": f"AWS4-HMAC-SHA256 Credential=any/20131202/{region}/kinesis/"
            "aws4_request, SignedHeaders=host, Signature=any",
        },
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    direct.open(request, timeout=30).close()


if __name__ == "__main__":
    main()
