"""Whatever the bytes, a line is read or rejected; nothing else can happen."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flows.batch import Batch
from flows.destination import Destination
from flows.funnel import Funnel
from flows.join import Lane
from flows.profile.exporter import Exporter
from flows.profile.state import UnknownSnapshot, unpack_lane
from flows.readers import Readers
from flows.rejects import Rejects
from flows.route import Frame, Router

DESTINATION = msgspec.convert(
    {
        "name": "any-bytes",
        "stream": {"name": "leads"},
        "identities": {
            "key": "crmid",
            "fields": {"crmid": "_acme.customerId"},
            "hash": {"email": "email_lc_sha256", "phone": "phone_sha256"},
        },
        "activation": {"segments": "all", "attributes": ["person.name", "score"]},
        "inputs": [{"name": "in", "jsonl": {"path": "in.jsonl"}}],
        "limits": {"line_bytes": 400, "depth": 8, "identities": 4, "id_chars": 20},
    },
    Destination,
)
ARRIVAL = 1_700_000_000_000_000

_NAMES = st.sampled_from(
    [
        *("identityMap", "crmid", "CRMID", "email", "id", "primary", "header", "body", "messages"),
        *("xdmEntity", "operations", "data", "segmentMembership", "ups", "status", "timestamp"),
        *("lastQualificationTime", "createdAt", "person", "name", "score", "_acme", "customerId"),
    ]
)
_LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(["realized", "exited", "delete", "2020-03-03T21:24:39Z", "c1", "+14155550100"]),
)
_DOCUMENTS = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
).map(lambda document: json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))


def run(lines: list[bytes]) -> tuple[Funnel, int]:
    """Route and join lines; give the funnel and the number of rejects written."""
    funnel = Funnel()
    router, exporter = Router(DESTINATION, Readers(DESTINATION), funnel), Exporter(DESTINATION)
    rejects = 0
    for lane, routed in router.to_lanes([Batch("in", "in.jsonl", ARRIVAL, 1, 0, lines)]):
        if isinstance(routed, Frame):
            assert lane != "rejects"
            joined, _ = (
                unit := Lane(DESTINATION, Readers(DESTINATION), exporter, funnel, None)
            ).on_batch([routed])
            unit.snapshot()
            rejects += sum(len(each.lines) for each in joined if isinstance(each, Rejects))
        else:
            rejects += len(routed.lines)
    return funnel, rejects


@given(st.lists(st.binary(max_size=60) | _DOCUMENTS, max_size=4))
@example([b"\x00", b"{", b"[" * 300, b'{"messages":[{},[]]}', b'{"body":{},"header":{}}'])
@example([b'{"header":{"createdAt":1e300},"body":{"_acme":{"customerId":1}}}'])
@example([b'{"header":{"createdAt":-1.7e308},"body":{"_acme":{"customerId":1}}}'])
@example([b'{"_acme":{"customerId":1},"timestamp":"2020-03-03T21:24:39.+02Z"}'])
@example([b'{"_acme":{"customerId":' + b"9" * 300 + b"}}"])
def test_any_line_ends_as_exactly_one_thing(lines: list[bytes]) -> None:
    """No bytes raise, and everything received is rejected, skipped or exported."""
    funnel, rejects = run(lines)

    funnel.require_balance()
    assert funnel.rejected.total() == rejects
    assert funnel.received >= sum(bool(line.strip()) for line in lines) - _batches(lines)


def _batches(lines: list[bytes]) -> int:
    return sum(b"messages" in line for line in lines)


@given(st.binary(max_size=20))
def test_a_foreign_snapshot_is_refused_or_read(snapshot: bytes) -> None:
    """A snapshot of another version says so; it never becomes a profile."""
    if snapshot[:1] != b"\x01":
        with pytest.raises(UnknownSnapshot):
            unpack_lane(snapshot)
