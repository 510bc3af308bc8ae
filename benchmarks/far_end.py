"""Starts the far end of a sink benchmark in a process of its own, and gives its counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.endpoint import Counts
from benchmarks.harness import ROOT


@dataclass(frozen=True)
class Behaviour:
    """How the far end answers: `tls` names the certificate and its key, None is plain http."""

    latency_ms: float = 0
    fail_percent: int = 0
    tls: tuple[Path, Path] | None = None


@dataclass
class Serving:
    """A far end at work; `counts` is complete when its process has ended."""

    url: str
    process_id: int
    counts: Counts = field(default_factory=Counts)


@contextmanager
def serving(
    behaviour: Behaviour, cpu: int | None, command: Sequence[str] = ("benchmarks.endpoint",)
) -> Iterator[Serving]:
    """Run a far end on one core for as long as the block runs.

    Args:
        behaviour: How it answers.
        cpu: The core to stay on.
        command: Another far end's module and arguments, which take those of `endpoint` besides.

    Raises:
        RuntimeError: it failed; the message carries the end of what it said.
    """
    command = [sys.executable, "-m", *command]
    command += ["--latency-ms", str(behaviour.latency_ms)]
    command += ["--fail-percent", str(behaviour.fail_percent)]
    if behaviour.tls is not None:
        command += ["--tls", *map(str, behaviour.tls)]
    if cpu is not None:
        command += ["--cpu", str(cpu)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        found = Serving(_url(first, behaviour), process.pid) if first else None
        if found:
            yield found
        said, cried = process.communicate()  # its standard input ends, and so does it
    if process.returncode or not found:
        raise RuntimeError(f"the far end failed ({process.returncode}):\n{cried.strip()[-2000:]}")
    found.counts = Counts(**json.loads(said))


def credentials(bundle: Path | None = None) -> dict[str, str]:
    """Give a writer's environment: this one, without what it says of AWS or of a proxy.

    Args:
        bundle: The certificate to trust.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and not name.lower().endswith("_proxy")
    }
    return {
        **kept,
        **({"AWS_CA_BUNDLE": str(bundle)} if bundle else {}),
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _url(first: str, behaviour: Behaviour) -> str:
    scheme = "http" if behaviour.tls is None else "https"
    return f"{scheme}://127.0.0.1:{json.loads(first)['port']}"
