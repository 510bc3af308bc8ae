"""``demo``: the bundled sample through the real dataflow and the real sink into an emulator.

With ``--kill`` it goes through a job that is killed half way: see ``demo_kill``.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from .exits import Failure, exits
from .explain import event_line
from .report import funnel_lines, health_lines

if TYPE_CHECKING:
    from flows.destination import Destination
    from flows.runner.progress import Progress

HERO = "C-2020-0303"
"""Whose timeline is shown: the prospect of the Kinesis destination's use case."""

SHARDS = 4
REJECTS_SHOWN = 3


@click.command()
@click.option(
    "--kill",
    is_flag=True,
    help="Kill the job half way with SIGKILL, start it again, and judge what is on the stream.",
)
def demo(*, kill: bool) -> None:
    """Run the bundled sample into an emulated Kinesis, and show what happened and why."""
    with exits(), TemporaryDirectory(prefix="profile-export-") as folder:
        for name in [name for name in os.environ if name.startswith(("AWS_", "PROFILE_EXPORT_"))]:
            del os.environ[name]  # a profile, endpoint or stream of the user's has no business here
        os.environ.update(AWS_ACCESS_KEY_ID="demo", AWS_SECRET_ACCESS_KEY="demo")  # noqa: S106
        if kill:
            from .demo_kill import show_kill

            show_kill(Path(folder))
        else:
            _show_run(folder)


def _show_run(folder: str) -> None:
    from connectors.kinesis.testing.emulator import Emulator
    from flows.destination.load import load
    from flows.runner import execution

    with (
        as_file(files("flows.sample")) as sample,
        Emulator(stream="leads", shards=SHARDS) as served,
    ):
        destination = load(
            sample / "destination.yaml",
            environment={},
            overrides=(
                f"account.endpoint_url={served.url}",
                f"state.path={folder}/state",
                f"rejects.path={folder}/rejects",
                f"dead_letters.path={folder}/dead-letters",
            ),
        )
        began = time.monotonic()
        progress = execution.run(destination, fresh=False, started=lambda _: None)
        elapsed_s = time.monotonic() - began
        _show(destination, progress, elapsed_s, served.url)


def _show(destination: Destination, progress: Progress, elapsed_s: float, url: str) -> None:
    from connectors.kinesis.testing.readback import read_back
    from flows.profile.identity import partition_key

    records = read_back(
        destination.stream.name, endpoint_url=url, region=destination.account.region or ""
    )
    key = destination.identities.key
    title(f"One prospect, {key}:{HERO}, as `profile-export explain` tells it")
    for line in _timeline(destination):
        click.echo(line)
    title("Their last message, read back from the stream")
    click.echo(records[partition_key(key, HERO, clear=False)][-1].decode())
    title(f"Everyone, in {elapsed_s:.1f} s: where each of the fragments ended")
    for line in (*funnel_lines(progress), *health_lines(progress)):
        click.echo(line)
    click.echo(_verdict(destination, progress, records))
    title(f"{REJECTS_SHOWN} of the rejects, kept with the original")
    for line in _rejects(destination):
        click.echo(line)
    title("Next")
    click.echo("profile-export init      write a commented destination.yaml to edit")
    click.echo("profile-export --help    check, run --dry-run, run, explain, emulator")


def title(text: str) -> None:
    """Print the heading of what follows."""
    click.echo(click.style(f"\n{text}", bold=True))


def _timeline(destination: Destination) -> Iterator[str]:
    from flows.explain import explain
    from flows.reread import reread

    for event in explain(destination, reread(destination), HERO):
        yield event_line(event)


def _verdict(destination: Destination, progress: Progress, records: dict[str, list[bytes]]) -> str:
    """Compare what is in the stream with what was acknowledged and with every profile's end.

    Raises:
        Failure: they differ.
    """
    from flows.explain import present_messages
    from flows.profile.identity import partition_key
    from flows.reread import reread

    found = sum(map(len, records.values()))
    sent = progress.delivery
    acknowledged = 0 if sent is None else sent.acknowledged
    present = present_messages(destination, reread(destination))
    namespace = destination.identities.key
    behind = sum(
        _view(records.get(partition_key(namespace, id_, clear=False), [b"{}"])[-1])
        != _view(message)
        for id_, message in present.items()
    )
    if found != acknowledged or behind:
        raise Failure(
            f"the stream holds {found} records, {acknowledged} were acknowledged, and the last "
            f"message of {behind} people is not their present profile. Please report this."
        )
    return (
        f"read back {found:,} of {acknowledged:,} acknowledged; the last message of each of the "
        f"{len(present):,} qualified people shows their present profile"
    )


def _view(message: bytes) -> Any:
    """Leave out lastQualificationTime: a newer one alone sends nothing."""
    shown = json.loads(message)
    for segments in shown.get("segmentMembership", {}).values():
        for membership in segments.values():
            del membership["lastQualificationTime"]
    return shown


def _rejects(destination: Destination) -> Iterator[str]:
    path = next(Path(destination.rejects.path).glob("*.jsonl"))
    lines = path.read_text(encoding="utf-8").splitlines()
    for line in lines[:: max(1, len(lines) // REJECTS_SHOWN)][:REJECTS_SHOWN]:
        reject = json.loads(line)
        place = f"{Path(reject['file']).name}:{reject['line']}"
        yield f"{place:<20}  {reject['reason']:<18}  {reject['detail']}"
