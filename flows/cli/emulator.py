"""``emulator``: a Kinesis on this machine, for trying things out."""

from __future__ import annotations

from contextlib import suppress

import click

from .exits import exits


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=5000,
    show_default=True,
    help="Port on the loopback interface.",
)
@click.option("--stream", default="leads", show_default=True, help="Name of the stream to make.")
@click.option(
    "--shards",
    type=click.IntRange(1, 500),
    default=4,
    show_default=True,
    help="Its number of shards.",
)
def emulator(port: int, stream: str, shards: int) -> None:
    """Serve an in-memory Kinesis (moto) until interrupted. Nothing of it is kept."""
    with exits():
        from connectors.kinesis.testing.emulator import Emulator

        with Emulator(port=port, stream=stream, shards=shards) as served:
            click.echo(
                f"{served.url} serves stream {stream} with {shards} shards. Ctrl-C ends it.\n"
                f"Next: profile-export run --set account.endpoint_url={served.url} "
                "--set account.region=us-east-1",
                err=True,
            )
            with suppress(KeyboardInterrupt):
                served.wait()
