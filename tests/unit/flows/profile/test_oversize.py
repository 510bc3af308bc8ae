"""Oversize messages at the real limit, and with the sink's own idea of what it can send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.kinesis import KinesisRecord
from connectors.kinesis.core.record import record_bytes
from flows.profile.exporter import Exporter
from flows.profile.identity import partition_key
from flows.profile.merge import Profile
from flows.profile.oversize import RECORD_BYTES
from tests.support.made import destination, merged, said

DROP = {"oversize": {"drop": ["name", "tier"]}}
LIMIT = 1_048_576  # Kinesis, PutRecordsRequestEntry: data before base64, and partition key


def member(name_chars: int, tier_chars: int = 1) -> Profile:
    """Give a profile in a segment with attributes of these lengths."""
    values = {"name": json.dumps("n" * name_chars), "tier": json.dumps("t" * tier_chars)}
    return merged(said(1, values, {"s1": "realized"}))


def message(profile: Profile, **sections: Any) -> bytes:
    """Give the message that shows a profile."""
    return Exporter(destination(**sections)).again("c1", profile).message


def dropped(data: bytes) -> list[str]:
    """Give what a message says it lacks."""
    found: list[str] = json.loads(data).get("_export", {}).get("dropped", [])
    return found


def test_the_limit_is_what_every_stream_takes() -> None:
    """1 MiB: its owner may have raised it, which is nothing to rely on."""
    assert LIMIT == RECORD_BYTES


@pytest.mark.parametrize("clear", [False, True])
def test_a_record_may_have_the_limit_to_the_byte(clear: bool) -> None:  # noqa: FBT001 - by pytest
    """One byte more and an attribute goes, as the sink counts: data and partition key."""
    sections: dict[str, Any] = {"delivery": DROP, "limits": {"id_chars": 100}}
    if clear:
        sections["stream"] = {"name": "leads", "partition_key": "identity"}
    key = partition_key("crmid", "c1", clear=clear)
    overhead = record_bytes(KinesisRecord(message(member(0), **sections), key))
    fits = message(member(LIMIT - overhead), **sections)
    more = message(member(LIMIT - overhead + 1), **sections)

    assert ([], ["name"]) == (dropped(fits), dropped(more))
    assert LIMIT == record_bytes(KinesisRecord(fits, key))
    assert "name" not in json.loads(more)


def test_without_the_option_a_message_is_as_large_as_it_is() -> None:
    """It is the sink that finds it too large."""
    for oversize in ("dead_letter", "fail"):
        data = message(member(LIMIT), delivery={"oversize": oversize})
        assert len(data) > LIMIT
        assert [] == dropped(data)


def test_what_does_not_fit_even_so_stays_whole() -> None:
    """The dead letter then holds everything, also what could have been dropped."""
    huge = {f"s{number:05}": "realized" for number in range(20_000)}
    profile = merged(member(10), said(2, {}, huge))
    everything = {"segments": "all", "attributes": ["tier", "name"]}

    data = message(profile, delivery=DROP, activation=everything)
    assert len(data) > LIMIT
    assert [] == dropped(data)
    assert data == message(profile, activation=everything)
