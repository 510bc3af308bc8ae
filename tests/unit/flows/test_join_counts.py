"""What a lane tells for the metrics: when what a record shows was so, and how much it holds."""

from __future__ import annotations

import json
from typing import Any

from connectors.kinesis import KinesisRecord
from flows.backfill import BUCKETS, BackfillFrame
from flows.funnel import Funnel
from flows.join import Lane
from flows.lanes import lane_of
from flows.profile.exporter import Exporter
from flows.readers import Readers
from flows.route import Frame
from tests.support.made import destination

TIME_US = 1_641_808_800_000_000  # 2022-01-10T10:00:00Z
ARRIVAL_US = 1_641_900_000_000_000


def lane_with(funnel: Funnel) -> Lane:
    """Give a lane without profiles."""
    trial = destination()
    return Lane(trial, Readers(trial), Exporter(trial), funnel, None)


def qualified(key: str, ordinal: int, **more: Any) -> Frame:
    """Give the frame of a fragment that qualifies a person."""
    entity = {
        "identityMap": {"crmid": [{"id": key}]},
        "segmentMembership": {"ups": {"s1": {"status": "realized"}}},
        **more,
    }
    return Frame("in", "in", ARRIVAL_US, 1, ordinal, [0], [json.dumps(entity).encode()])


def records_of(lane: Lane, *frames: Frame | BackfillFrame) -> list[KinesisRecord]:
    """Give the records that come of frames."""
    joined, _ = lane.on_batch(list(frames))
    return [record for each in joined if isinstance(each, list) for record in each]


def test_a_record_carries_the_time_of_its_fragment() -> None:
    """The one it names, or else its arrival; what a backfill sends has none."""
    lane = lane_with(Funnel())
    timed = qualified("c1", 1, timestamp="2022-01-10T10:00:00Z")
    everybody = BackfillFrame(None, "c1", 0, BUCKETS)
    records = records_of(lane, timed, qualified("c2", 2), everybody)
    assert [TIME_US, ARRIVAL_US, 0] == [record.time_us for record in records]


def test_a_lane_tells_its_size_whenever_it_is_saved() -> None:
    """Under its own name, which each of its profiles leads to; an empty one tells nothing."""
    funnel = Funnel()
    lane = lane_with(funnel)
    lane.snapshot()
    assert {} == funnel.lane_profiles
    records_of(lane, qualified("c1", 1))
    saved = lane.snapshot()
    name = lane_of("c1")
    assert ({name: 1}, {name: len(saved)}) == (funnel.lane_profiles, funnel.lane_bytes)
    records_of(lane, *(qualified(f"c1-{number}", number) for number in range(3)))
    grown = lane.snapshot()
    assert ({name: 4}, {name: len(grown)}) == (funnel.lane_profiles, funnel.lane_bytes)
    assert len(grown) > len(saved)
