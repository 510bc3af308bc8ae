"""What an object says of itself holds no personal data: the engine prints what crosses it.

What stays inside one pure step (fragments, profiles, decisions) is printed by nothing but a test.
Objects are made as a run makes them, from one line whose every value is a canary, and looked at
with repr and str.
"""

from __future__ import annotations

from connectors.kinesis import DeliveryStats, KinesisRecord
from connectors.kinesis.core import actions
from connectors.kinesis.core.answer import Entry
from connectors.kinesis.core.delivery import Delivery
from connectors.kinesis.dead_letter_file import DeadLetter, Replayed, Superseded
from flows.backfill import Backfill, begin
from flows.batch import Batch
from flows.destination.load import load
from flows.funnel import Funnel
from flows.join import Lane
from flows.lanes import GROUPS
from flows.profile.exporter import Exporter
from flows.readers import Readers
from flows.rejects import Rejects
from flows.route import Frame, Router
from tests.support.canaries import ID, TIER, found_in, person
from tests.support.folder import Folder


def holders(folder: Folder) -> dict[str, object]:
    """Make one of each object that holds something of a person, by what it is."""
    destination = load(folder.config, environment={})
    line = person().encode()
    batch = Batch("profiles", "profiles.jsonl", 0, 1, 0, [line, f"{{{ID}".encode()])
    exporter, funnel = Exporter(destination), Funnel()
    routed = [
        item for _, item in Router(destination, Readers(destination), funnel).to_lanes([batch])
    ]
    (frame,) = (item for item in routed if isinstance(item, Frame))
    (rejects,) = (item for item in routed if isinstance(item, Rejects))
    lane = Lane(destination, Readers(destination), exporter, funnel, None)
    (records,) = (item for item in lane.on_batch([frame])[0] if isinstance(item, list))
    record = KinesisRecord(records[0].data, f"crmid:{ID}")
    backfill = Backfill(key=ID)
    (left,) = filter(None, begin(backfill, dict.fromkeys(range(len(GROUPS)))).values())
    settings = actions.DeliverySettings(
        max_in_flight=1,
        linger_s=0,
        give_up_s=1,
        max_record_bytes=1_048_576,
        buffer_records=1,
        buffer_bytes=1_048_576,
    )
    delivery = Delivery(DeliveryStats(), settings, lambda: 0.5)
    delivery.offer([record], 0, now=0)
    return {
        "batch": batch,
        "frame": frame,
        "rejects": rejects,
        "lane": lane,
        "backfill": backfill,
        "unfinished backfill": left,
        "frame of a backfill": left.ask(GROUPS[0], 1)[0],
        "record": record,
        "delivery": delivery,
        "what to do": delivery.poll(now=0),
        "record put aside": actions.Aside(record, "too large", 0),
        "superseded key": actions.Superseded(record.partition_key),
        "entry of an answer": Entry(
            error_code="InternalFailure", error_message=record.partition_key
        ),
        "dead letter": DeadLetter(
            id="",
            cause="too large",
            code="",
            shard=None,
            attempts=0,
            first_at="",
            at="",
            partition_key=record.partition_key,
            explicit_hash_key=None,
            text=TIER,
        ),
        "superseded": Superseded(partition_key=record.partition_key, at=""),
        "replayed": Replayed(partition_key=record.partition_key, id="", at=""),
    }


def test_no_object_says_anything_of_the_person_it_holds(folder: Folder) -> None:
    """Neither repr nor str, alone or within a list, shows an id, an address or a value."""
    talkative = [
        name
        for name, holder in holders(folder).items()
        if found_in(f"{holder!r} {holder} {[holder]}")
    ]
    assert [] == talkative
