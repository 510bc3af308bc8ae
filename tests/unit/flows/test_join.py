"""One lane: what its records say of themselves, and what it answers to a backfill."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.kinesis import KinesisRecord
from flows.backfill import BUCKETS, BackfillFrame, bucket_of
from flows.destination import Destination
from flows.funnel import Funnel
from flows.join import Lane
from flows.profile.exporter import Exporter
from flows.readers import Readers
from flows.route import Frame
from tests.support.made import destination

EVERYBODY = BackfillFrame(None, None, 0, BUCKETS)
REASONS = {"metadata": True}


class Held:
    """A lane with its funnel."""

    def __init__(self, **sections: Any) -> None:
        """Start without profiles."""
        self.destination: Destination = destination(message=REASONS, **sections)
        self.funnel = Funnel()
        self.lane = Lane(
            self.destination,
            Readers(self.destination),
            Exporter(self.destination),
            self.funnel,
            None,
        )
        self._ordinal = 0

    def hear(self, key: str, status: str = "", segment: str = "s1", **more: Any) -> Frame:
        """Give the frame of one fragment: a membership, if not empty, and attributes."""
        entity: dict[str, Any] = {"identityMap": {"crmid": [{"id": key}]}, **more}
        if status:
            entity["segmentMembership"] = {"ups": {segment: {"status": status}}}
        self._ordinal += 1
        self.count()
        return Frame("in", "in", 0, 1, self._ordinal, [0], [json.dumps(entity).encode()])

    def count(self) -> None:
        """Count one fragment that was read and sent here."""
        self.funnel.received += 1
        self.funnel.routed += 1

    def take(self, *frames: Frame | BackfillFrame) -> list[KinesisRecord]:
        """Give the records that come of frames in one batch, once they are counted and kept."""
        joined, _ = self.lane.on_batch(list(frames))
        self.lane.snapshot()
        self.funnel.require_balance()
        return [record for each in joined if isinstance(each, list) for record in each]


def reasons(records: list[KinesisRecord]) -> list[tuple[str, ...]]:
    """Give the reasons of each."""
    return [tuple(json.loads(record.data)["_export"]["reasons"]) for record in records]


def test_no_record_is_replaceable_unless_messages_may_be_superseded() -> None:
    """Every message is sent, by default."""
    held = Held()
    records = held.take(held.hear("c1", "realized"), held.hear("c1", tier="gold"), EVERYBODY)

    assert [False] * 3 == [record.replaceable for record in records]


def test_a_newer_message_may_take_the_place_of_all_but_memberships_and_deletes() -> None:
    """A message of those is a step; any other shows no more than the next one does."""
    held = Held(delivery={"supersede": True})
    delete = {"header": {"operations": {"data": "delete"}}}
    body = {"identityMap": {"crmid": [{"id": "c1"}]}}
    gone = Frame("in", "in", 0, 1, 9, [0], [json.dumps(delete | {"body": body}).encode()])
    records = held.take(
        held.hear("c1", "realized"),
        held.hear("c1", tier="gold"),
        held.hear("c1", "exited", segment="s2", tier="silver"),
        EVERYBODY,
    )

    assert [
        ("membership", "identity"),
        ("attribute",),
        ("membership", "attribute"),
        ("backfill",),
    ] == reasons(records)
    assert [False, True, False, True] == [record.replaceable for record in records]
    held.count()
    deleted = held.take(gone)
    assert ([("delete",)], [False]) == (reasons(deleted), [each.replaceable for each in deleted])


def test_a_backfill_answers_with_the_qualified_and_is_counted_apart() -> None:
    """It received nothing; those in no mapped segment are no part of it."""
    held = Held()
    held.take(held.hear("c1", "realized"), held.hear("c2", tier="gold"), held.hear("c3", "exited"))
    records = held.take(EVERYBODY)

    assert [("backfill",)] == reasons(records)
    assert (3, 1, 1) == (held.funnel.received, held.funnel.backfilled, held.funnel.answered)
    assert 3 == held.funnel.exported


def test_a_backfill_is_in_order_with_what_a_batch_brings_besides() -> None:
    """Before and after it, as it came."""
    held = Held()
    records = held.take(
        held.hear("c1", "realized"), EVERYBODY, held.hear("c1", tier="gold"), EVERYBODY
    )

    assert ["membership", "backfill", "attribute", "backfill"] == [
        each[0] for each in reasons(records)
    ]
    assert [None, None, "gold", "gold"] == [json.loads(each.data).get("tier") for each in records]


def test_the_same_backfill_of_an_unchanged_profile_gives_the_same_bytes() -> None:
    """Also after the lane was resumed; one change, and they differ."""
    held = Held()
    held.take(held.hear("c1", "realized", tier="gold"), held.hear("c2", "realized"))
    first = held.take(EVERYBODY)
    resumed = Held()
    resumed.lane = Lane(
        held.destination,
        Readers(held.destination),
        Exporter(held.destination),
        resumed.funnel,
        held.lane.snapshot(),
    )

    assert first == held.take(EVERYBODY) == resumed.take(EVERYBODY)
    held.take(held.hear("c1", tier="silver"))
    assert [True, False] == [
        one != other for one, other in zip(first, held.take(EVERYBODY), strict=True)
    ]


def test_a_backfill_changes_no_profile_and_wakes_nothing_else() -> None:
    """The lane's state is what it was, and the rejects file is left alone."""
    held = Held()
    held.take(held.hear("c1", "realized"))
    before = held.lane.snapshot()
    joined, _ = held.lane.on_batch([EVERYBODY])

    assert 1 == len(list(joined))
    assert before == held.lane.snapshot()


@pytest.mark.parametrize(
    ("frame", "keys"),
    [
        (EVERYBODY, {"c1", "c2", "c3"}),
        (BackfillFrame("s1", None, 0, BUCKETS), {"c1", "c3"}),
        (BackfillFrame("s2", None, 0, BUCKETS), {"c2"}),
        (BackfillFrame(None, "c2", 0, BUCKETS), {"c2"}),
        (BackfillFrame(None, "c4", 0, BUCKETS), set()),
        (BackfillFrame("s9", None, 0, BUCKETS), set()),
        (BackfillFrame(None, None, bucket_of("c1"), bucket_of("c1") + 1), {"c1"}),
        (BackfillFrame(None, None, bucket_of("c1"), bucket_of("c1")), set()),
    ],
    ids=["all", "s1", "s2", "c2", "c4", "s9", "bucket", "none"],
)
def test_a_frame_asks_for_a_segment_a_key_or_buckets(frame: BackfillFrame, keys: set[str]) -> None:
    """c1 is in s1 and has left s2, c2 is in s2, c3 in both segments of that id, c4 in none."""
    held = Held(
        activation={
            "segments": [{"id": "s1"}, {"id": "s2"}, {"id": "s1", "namespace": "AAM"}],
            "attributes": [],
            "keep_unmapped": True,
        }
    )
    aam = {"AAM": {"s1": {"status": "realized"}}, "ups": {"s1": {"status": "exited"}}}
    held.take(
        held.hear("c1", "realized"),
        held.hear("c1", "exited", segment="s2"),
        held.hear("c2", "realized", segment="s2"),
        held.hear("c3", segmentMembership=aam),
        held.hear("c4", "realized", segment="s9"),
    )
    found = {json.loads(each.data)["identityMap"]["crmid"][0]["id"] for each in held.take(frame)}

    assert keys == found
