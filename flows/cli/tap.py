"""``tap``: the records of a stream as they are, to look into what arrives there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from flows.runner.exit_codes import INTERRUPTED

from . import options
from .exits import exits
from .printable import printable

if TYPE_CHECKING:
    from connectors.kinesis import KinesisSourceRecord
    from connectors.kinesis.tail import Start
    from flows.destination import Account, Destination

GIVE_UP_S = 30.0
"""How long nothing may answer: somebody waits for it."""

REQUEST_TIMEOUT_S = 10.0

_PLACE = re.compile(r"(shardId-[0-9]{1,20}):([0-9]{1,129})")  # Kinesis API reference: Record, Shard


@click.command()
@click.argument("stream", required=False)
@options.config
@options.overrides
@click.option(
    "--from",
    "start",
    metavar="PLACE",
    default="trim_horizon",
    show_default=True,
    help="Where to begin: trim_horizon, the oldest record there is; latest; a time, such as "
    "2026-11-24T10:00:00Z; or SHARD:SEQUENCE, a record, and then only its shard is read.",
)
@click.option("--identity", metavar="NS:ID", help="Only the records of this person.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="End after N records.")
@click.option("--follow", is_flag=True, help="Wait for more records until interrupted.")
@click.option("--pretty", is_flag=True, help="Indent the records, for people.")
@click.option("--region", help="AWS region, in place of account.region.")
@click.option("--endpoint-url", metavar="URL", help="In place of account.endpoint_url.")
@click.option("--profile", help="Profile of AWS's own files, in place of account.profile.")
@click.pass_context
def tap(
    context: click.Context,
    /,
    stream: str | None,
    config: Path,
    overrides: tuple[str, ...],
    *,
    start: str,
    identity: str | None,
    limit: int | None,
    follow: bool,
    pretty: bool,
    **account: str | None,
) -> None:
    """Print the records of STREAM, by default the destination's, one JSON object a line.

    Data that is JSON stands there as it is, under "data"; other data in base64, under "base64". KPL
    aggregates are opened. Records of one shard come in their order, those of several are mixed.
    Given STREAM, no destination is needed, but for --identity.
    """
    is_interrupted = False
    with exits():
        destination = _destination(context, stream, config, overrides, identity)
        key = None if identity is None or destination is None else _key(destination, identity)
        place = _place(start, follow=follow)
        records = _read(destination, _stream(destination, stream), account, place, follow=follow)
        try:
            chosen = (each for each in records if key is None or each.partition_key == key)
            for record in islice(chosen, limit):
                click.echo(shown(record, pretty=pretty))
        except KeyboardInterrupt:
            is_interrupted = True
    if is_interrupted:  # how following ends: nothing to say
        context.exit(INTERRUPTED)


def _destination(
    context: click.Context,
    stream: str | None,
    config: Path,
    overrides: tuple[str, ...],
    identity: str | None,
) -> Destination | None:
    """Read the destination, if one is needed, asked for or there."""
    is_asked_for = context.get_parameter_source("config") is not click.core.ParameterSource.DEFAULT
    if stream is None or identity is not None or is_asked_for or config.exists():
        return options.load_destination(config, overrides)
    return None


def _stream(destination: Destination | None, stream: str | None) -> str:
    """Give the name or ARN of the stream to read."""
    from flows.destination.values import StreamNameOrArn

    if stream is None:
        assert destination is not None, "it was read as there is no stream"
        return destination.stream.name
    try:
        return msgspec.convert(stream, StreamNameOrArn)
    except msgspec.ValidationError:
        raise click.UsageError(
            f"{printable(stream)} is neither the name of a stream, 1 to 128 letters, digits, `_`, "
            "`.` or `-`, nor its ARN"
        ) from None


def _key(destination: Destination, identity: str) -> str:
    """Give the partition key of a person's records."""
    from flows.explain import NotAKey, key_of
    from flows.profile.identity import partition_key

    try:
        key = key_of(destination, identity)
    except NotAKey as error:
        raise click.UsageError(str(error)) from None
    is_clear = destination.stream.partition_key == "identity"
    return partition_key(destination.identities.key, key, clear=is_clear)


def _place(text: str, *, follow: bool) -> Start | Mapping[str, str]:
    """Read where to begin."""
    from datetime import datetime, timedelta, timezone

    from flows.profile.instant import EPOCH, parse_instant

    if text == "trim_horizon":
        return "trim_horizon"
    if text == "latest":
        if not follow:
            raise click.UsageError("--from latest needs --follow: nothing comes after the present")
        return "latest"
    if (record := _PLACE.fullmatch(text)) is not None:
        return {record[1]: record[2]}
    try:
        us = parse_instant(text)
    except ValueError:
        raise click.UsageError(
            f"--from {printable(text)} is neither trim_horizon, latest, a time with its offset "
            "from UTC, such as 2026-11-24T10:00:00Z, nor SHARD:SEQUENCE, such as "
            "shardId-000000000000:49590338271490256608559692538361571095921575989136588898"
        ) from None
    time = EPOCH.replace(tzinfo=timezone.utc) + timedelta(microseconds=us)
    if time > datetime.now(timezone.utc):
        raise click.UsageError(f"--from {printable(text)} is in the future, which Kinesis refuses")
    return time


def _read(
    destination: Destination | None,
    stream: str,
    overrides: Mapping[str, str | None],
    start: Start | Mapping[str, str],
    *,
    follow: bool,
) -> Iterator[KinesisSourceRecord]:
    """Read the stream by the destination's account, where an option does not say otherwise."""
    from connectors.kinesis.read_client import ReadClient
    from connectors.kinesis.tail import read_stream
    from flows.destination import Account

    given = {name: value for name, value in overrides.items() if value is not None}
    account: Account = msgspec.structs.replace(
        Account() if destination is None else destination.account, **given
    )
    client = ReadClient(
        stream,
        region=account.region,
        endpoint_url=account.endpoint_url,
        session=account.profile,
        connections=1,
        request_timeout_s=REQUEST_TIMEOUT_S,
    )
    give_up_s = GIVE_UP_S
    if destination is not None:
        give_up_s = min(give_up_s, destination.delivery.give_up_s)
    try:
        yield from read_stream(client, start=start, follow=follow, give_up_s=give_up_s)
    finally:
        client.close()


def shown(record: KinesisSourceRecord, *, pretty: bool = False) -> str:
    """Give a record as JSON that is fit for a terminal.

    Args:
        record: what was read.
        pretty: over several lines.
    """
    from base64 import b64encode

    from flows.profile.instant import US_PER_MS, format_instant

    about: dict[str, str | int] = {
        "shard": record.shard_id,
        "sequence_number": record.sequence_number,
    }
    if record.sub_sequence_number:
        about["sub_sequence_number"] = record.sub_sequence_number
    about["arrival"] = format_instant(round(record.arrival * 1_000) * US_PER_MS).decode()
    about["partition_key"] = record.partition_key
    value = _json(record.data)
    if value is None:
        about["base64"] = b64encode(record.data).decode()
    line = json.dumps(about, separators=(",", ":"))  # all but ASCII is escaped
    if value is not None:
        line = f'{line[:-1]},"data":{value}}}'
    return msgspec.json.format(line, indent=2) if pretty else line


def _json(data: bytes) -> str | None:
    """Give data that is JSON, as it is unless it could drive a terminal; None if it is none.

    What could are control characters: those of the layout are left out, those in strings escaped.
    """
    try:
        msgspec.json.decode(data)
        text = data.decode().strip()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if text.isprintable():
        return text
    compact = msgspec.json.format(text, indent=-1)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in compact)
