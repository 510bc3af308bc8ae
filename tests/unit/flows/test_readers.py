"""Readers: each input is read by its form, also after its rejects were put back."""

from __future__ import annotations

import json

import msgspec
import pytest

from flows.batch import Batch
from flows.funnel import Funnel
from flows.readers import Readers, input_of
from flows.rejects import Reject, Rejects
from flows.route import Frame, Router
from tests.support.made import destination

MADE = destination(
    inputs=[
        {"name": "profiles", "jsonl": {"path": "a/"}},
        {"name": "crm", "jsonl": {"path": "b/"}, "fields": {"identity": {"crmid": "id"}}},
    ]
)
XDM, ROW = b'{"identityMap":{"crmid":[{"id":"c1"}]}}', b'{"id":"c1","messages":[{"id":"c2"}]}'


@pytest.mark.parametrize(
    ("name", "origin", "line"),
    [
        ("profiles", "a/1.jsonl", XDM),
        ("crm", "b/1.jsonl", ROW),
        ("crm", "20261124T000000000000Z.profiles.jsonl", ROW),
        ("retry", "rejects/retry/20261124T000000000000Z.crm.jsonl", ROW),
        ("retry", "rejects/retry/20261124T000000000000Z.profiles.jsonl", XDM),
        ("retry", "rejects/retry/20261124T000000000000Z.gone.jsonl", XDM),
        ("retry", "rejects/retry/20261124T000000000000Z.jsonl", XDM),
    ],
)
def test_each_line_is_read_by_the_form_of_its_input(name: str, origin: str, line: bytes) -> None:
    """A file of rejects is named after the input they came from; else it holds XDM."""
    assert "c1" == Readers(MADE).of(name, origin).key(line)


@pytest.mark.parametrize(
    ("file", "name"),
    [("x/1.crm.jsonl", "crm"), ("1.jsonl", "retry"), ("x.y/1.jsonl", "retry"), ("", "retry")],
)
def test_the_name_of_a_file_tells_whose_rejects_it_holds(file: str, name: str) -> None:
    """Files of the first releases do not say; they hold XDM."""
    assert name == input_of(file)


def test_a_row_is_one_fragment_whatever_its_columns_are_called() -> None:
    """A column of the name of a batch splits nothing, and a bad row is kept whole."""
    bad = b'{"id":true,"messages":[{"id":"c2"}]}'
    stamps = [(1, 7, "49"), (2, 8, "50")]
    batch = Batch("crm", "shardId-000000000000", 0, 0, 0, [ROW, bad], stamps)
    funnel = Funnel()
    (_, frame), (_, rejects) = Router(MADE, Readers(MADE), funnel).to_lanes([batch])
    assert isinstance(frame, Frame)
    assert ([ROW], [(1, 7, "49")]) == (frame.fragments, frame.stamps)
    assert isinstance(rejects, Rejects)
    (reject,) = (msgspec.json.decode(line, type=Reject) for line in rejects.lines)
    assert (bad, "shardId-000000000000@50") == (reject.original, reject.place)
    assert (2, 1, 1) == (funnel.received, funnel.routed, funnel.unrouted)


def test_fragments_of_a_stream_keep_their_own_versions() -> None:
    """Each has the arrival and the ordinal of its record, and its place in a batch of messages."""
    batch_of_two = json.dumps({"messages": [json.loads(XDM)] * 2}).encode()
    stamps = [(5, 70, "49"), (6, 90, "50")]
    batch = Batch("profiles", "topic[0]", 0, 0, 0, [XDM, batch_of_two], stamps)
    ((_, frame),) = Router(MADE, Readers(MADE), Funnel()).to_lanes([batch])
    assert isinstance(frame, Frame)
    assert [5, 6, 6] == [each for each, _ in zip(frame.arrivals(), frame.places, strict=False)]
    assert [70 << 20, 90 << 20, (90 << 20) + 1] == list(frame.ordinals())
