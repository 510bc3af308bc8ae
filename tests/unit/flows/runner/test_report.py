"""What a supervisor and its members tell each other arrives as it was, and is summed up."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from connectors.kinesis import DeliveryStats
from flows.destination import Destination
from flows.destination.load import load
from flows.funnel import Funnel
from flows.place import ALONE, Place
from flows.runner.progress import Progress
from flows.runner.report import (
    Report,
    Spec,
    Total,
    decode_report,
    decode_spec,
    encode,
    report_of,
)
from flows.runner.store import Store
from tests.support import made

TEMPLATE = Path(__file__).parents[4] / "flows" / "cli" / "template.yaml"
STORE = Store("20261124T000000000000Z", Path("state/current/recovery"), 7, resumed=True)
FULL: dict[str, Any] = {
    "description": 'Leads "likely" to convert\n\u2028',
    "account": {"region": "eu-west-1", "endpoint_url": "http://127.0.0.1:1", "profile": "p"},
    "identities": {
        "key": "crmid",
        "fields": {"ecid": "_acme.ids.ecid"},
        "hash": {"email": "email_lc_sha256"},
        "export": ["crmid", "email_lc_sha256"],
    },
    "activation": {
        "segments": [{"id": "s1", "namespace": "other", "name": "One"}, {"id": "s2"}],
        "attributes": ["person.name.firstName", "tier"],
        "keep_unmapped": True,
    },
    "triggers": {"unchanged_attributes": True},
    "message": {"metadata": True, "newline": True},
    "inputs": [{"name": name, "jsonl": {"path": f"{name}/"}} for name in ("a", "b")],
    "delivery": {"max_in_flight": 3, "linger_ms": 7, "give_up_s": 1},
    "state": {"path": "/s", "epoch_s": 0.25},
}
DESTINATIONS = {
    "minimal": made.destination(),
    "full": made.destination(**FULL),
    "all segments": made.destination(activation={"segments": "all", "attributes": []}),
    "template": load(TEMPLATE, environment={}),
}


@pytest.mark.parametrize("name", DESTINATIONS)
@pytest.mark.parametrize("place", [ALONE, Place(1, ("a:1", "b:2"), has_own_disk=True)])
def test_a_member_gets_what_it_is_to_run(name: str, place: Place) -> None:
    """The same destination, store and place, types and all, in one line."""
    spec = Spec(DESTINATIONS[name], STORE, place, "info")
    line = encode(spec)

    assert spec == decode_spec(line)
    assert isinstance(decode_spec(line).destination, Destination)
    assert (1, True) == (line.count(b"\n"), line.endswith(b"\n"))


def counted(factor: int = 1) -> Progress:
    """Give the counts of a process, each of them another number."""
    funnel = Funnel()
    funnel.received, funnel.unrouted, funnel.routed, funnel.taken = (
        factor * 10,
        factor * 1,
        factor * 9,
        factor * 8,
    )
    funnel.exported, funnel.backfilled = factor * 5, factor * 3
    funnel.rejected["not_json"] = factor
    funnel.hold(attributes=True, memberships=True)
    funnel.weigh("232", factor * 4, factor * 400)
    delivery = DeliveryStats(
        offered=factor * 5, acknowledged=factor * 3, dead_lettered=factor, superseded=0, requests=2
    )
    delivery.failed("shardId-000000000000", factor, throttled=True)
    return Progress(funnel, delivery)


def test_a_report_arrives_as_it_was() -> None:
    """In one line."""
    progress = counted()
    report = report_of(progress)
    line = encode(report)

    assert report == decode_report(line)
    assert (1, True) == (line.count(b"\n"), line.endswith(b"\n"))
    assert Report(failure="a\nb") == decode_report(encode(Report(failure="a\nb")))
    assert report_of(Progress(Funnel())) == decode_report(encode(report_of(Progress(Funnel()))))


def test_the_total_is_the_sum_of_the_last_reports() -> None:
    """A later report of a process takes the place of its earlier one."""
    total = Total(resumed=True)
    watched = total.progress
    total.take(0, report_of(counted(100)))
    total.take(1, report_of(counted(2)))
    total.take(0, decode_report(encode(report_of(counted(1)))))

    assert watched is total.progress
    assert watched.resumed
    funnel, delivery = watched.funnel, watched.delivery
    assert (30, 3, 27, 24, 15, 9) == (
        funnel.received,
        funnel.unrouted,
        funnel.routed,
        funnel.taken,
        funnel.exported,
        funnel.backfilled,
    )
    assert Counter(not_json=3) == funnel.rejected
    assert Counter(both=2) == funnel.profiles
    assert Counter({"232": 12}) == funnel.lane_profiles
    assert delivery is not None
    assert (15, 9, 3, 0, 4, 3) == (
        delivery.offered,
        delivery.acknowledged,
        delivery.dead_lettered,
        delivery.superseded,
        delivery.requests,
        watched.unsettled,
    )


def test_the_last_words_of_a_process_are_no_counts() -> None:
    """What it had counted before stays, until all begin anew."""
    total = Total(resumed=False)
    total.take(0, report_of(counted()))
    total.take(0, Report(failure="the stream is gone"))
    assert 10 == total.progress.funnel.received

    total.clear()
    funnel = total.progress.funnel
    assert (0, Counter(), 0) == (funnel.received, funnel.rejected, total.progress.unsettled)
    total.take(1, report_of(counted()))
    assert 10 == funnel.received
