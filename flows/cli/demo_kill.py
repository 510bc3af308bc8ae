"""``demo --kill``: the job is killed half way and started again; what is on the stream is judged.

The job runs as a process of its own, three times: once to the end, to know what it sends when
nobody disturbs it; then into another stream until SIGKILL; then on from its last commit. The stream
is the strict fake in this process: it kills the job itself, in the middle of a request whose
records it has taken and which it never answers, so that the kill always lands in the work.

The sample comes as one input. With two, the order between them is not promised, and there would be
no one right sequence of a person's messages to judge by.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .demo import SHARDS, title
from .exits import Failure
from .verdict import Messages, count, show_verdict

if TYPE_CHECKING:
    from connectors.kinesis.testing.fake import FakeKinesis, Reply

FILE_LINES = 100
"""Lines of each input file: one batch, and with the epoch below one commit; 21 files in all."""

EPOCH_S = 0.001
_REGION = "us-east-1"
_WHOLE, _KILLED = "leads-whole", "leads"
_PROGRAM = "from flows.cli import main; main()"


class _Stream:
    """The fake, which kills the job once it holds so many records and before it answers."""

    def __init__(self, fake: FakeKinesis) -> None:
        self._fake = fake
        self._victim: subprocess.Popen[str] | None = None
        self._records = 0

    def kill(self, victim: subprocess.Popen[str], records: int) -> None:
        """Kill this job once the stream holds so many records."""
        self._victim, self._records = victim, records

    def call(self, operation: str, body: bytes, now: float) -> Reply:
        reply = self._fake.call(operation, body, now)
        if self._victim is not None and len(self._fake.stored(_KILLED)) >= self._records:
            self._victim.kill()
            self._victim = None
        return reply


def show_kill(folder: Path) -> None:
    """Run it all in an empty folder and print it.

    Raises:
        Failure: the job did not do as promised.
    """
    from connectors.kinesis.testing.fake import FakeKinesis
    from connectors.kinesis.testing.readback import read_back
    from connectors.kinesis.testing.server import FakeServer

    fake = FakeKinesis(region=_REGION)
    for name in (_WHOLE, _KILLED):
        fake.create(name, shards=SHARDS)
    stream = _Stream(fake)
    with as_file(files("flows.sample")) as sample, FakeServer(stream) as served:
        lines = _copy_sample(sample, folder / "input")

        def start(name: str) -> subprocess.Popen[str]:
            return _start(sample / "destination.yaml", folder, name, served.url)

        def read(name: str) -> Messages:
            return read_back(name, endpoint_url=served.url, region=_REGION)

        title(f"The sample, {lines:,} lines, by a job that nobody disturbs")
        click.echo(_end(start(_WHOLE), 0))
        expected = read(_WHOLE)
        click.echo(f"{count(expected):,} messages about {len(expected):,} people on the stream")

        title("The same into another stream, with kill -9 half way")
        job = start(_KILLED)
        stream.kill(job, count(expected) // 2)
        _end(job, -signal.SIGKILL)
        first = read(_KILLED)
        click.echo(
            f"killed in the middle of a request, with {count(first):,} of the "
            f"{count(expected):,} messages on the stream"
        )

        title("Started again")
        click.echo(_end(start(_KILLED), 0))
        show_verdict(expected, first, read(_KILLED))


def _copy_sample(sample: Path, folder: Path) -> int:
    """Deal the sample's lines out to files of one folder; give their number."""
    sources = [*sorted((sample / "profiles").glob("*.jsonl")), sample / "segments.jsonl"]
    lines = b"".join(source.read_bytes() for source in sources).removesuffix(b"\n").split(b"\n")
    folder.mkdir()
    for first in range(0, len(lines), FILE_LINES):
        text = b"\n".join(lines[first : first + FILE_LINES])
        (folder / f"{first:06}.jsonl").write_bytes(text + b"\n")
    return len(lines)


def _start(config: Path, folder: Path, stream: str, url: str) -> subprocess.Popen[str]:
    own = folder / stream
    settings = (
        f"stream.name={stream}",
        f"account.endpoint_url={url}",
        f"inputs=[{{name: sample, jsonl: {{path: {folder}/input}}}}]",
        f"state={{path: {own}/state, epoch_s: {EPOCH_S}}}",
        f"rejects.path={own}/rejects",
        f"dead_letters.path={own}/dead-letters",
        "delivery.max_in_flight=1",  # nothing is under way but the request that the kill hits
    )
    arguments = [argument for setting in settings for argument in ("--set", setting)]
    return subprocess.Popen(  # noqa: S603 - this interpreter, this program
        [sys.executable, "-I", "-c", _PROGRAM, "run", "--config", str(config), *arguments],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _end(job: subprocess.Popen[str], code: int) -> str:
    """Wait for a job to end with this code; give its line on where all it received ended.

    Raises:
        Failure: it ended with another code.
    """
    with job:
        _, said = job.communicate()
    if job.returncode != code:
        last = said.strip().rpartition("\n")[2]
        raise Failure(f"the job ended with {job.returncode} instead of {code}: {last}")
    return next((line for line in said.splitlines() if line.startswith("received ")), "")
