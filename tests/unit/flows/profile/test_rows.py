"""Rows: the hand-written table, what a reject says, and that a peek reads the identities alone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from flows.destination import DeleteFields, Destination, Fields, SegmentFields
from flows.destination.load import load
from flows.profile.entry import VALUE, read_membership
from flows.profile.fragment import Fragment, FragmentReader
from flows.profile.line import check_line
from flows.profile.merge import NEVER
from flows.profile.reject import Rejected
from tests.support.pipeline import DATA

TABLE = yaml.safe_load((DATA / "rows.yaml").read_text(encoding="utf-8"))
ARRIVAL = 1_643_673_600_000_000
"""The table's arrival (`date -u -d 2022-02-01T00:00:00Z +%s`)."""
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

DESTINATION = msgspec.convert(
    {
        "name": "rows",
        "stream": {"name": "leads"},
        "identities": {"key": "crmid"},
        "activation": {"segments": "all", "attributes": ["personalEmail.address"]},
        "inputs": [{"name": "in", "jsonl": {"path": "in.jsonl"}}],
    },
    Destination,
)


def iso(instant: int) -> str:
    """Write microseconds since 1970 as the table does."""
    text = (EPOCH + timedelta(microseconds=instant)).isoformat().removesuffix("+00:00")
    return (text.rstrip("0") if "." in text else text) + "Z"


def plain(fragment: Fragment) -> dict[str, Any]:
    """Write a fragment as the table does."""
    content = fragment.content
    memberships = {}
    for (namespace, id_), entry in content.memberships.items():
        qualified, exited = read_membership(entry)
        status = "exited" if exited else "realized"
        memberships[f"{namespace}:{id_}"] = f"{status} {iso(qualified)}"
    if content.tombstone != NEVER:
        assert content.tombstone == fragment.time
    assert set(content.identities.values()) <= {fragment.time}
    return {
        "key": fragment.key,
        "time": iso(fragment.time),
        "identities": dict(content.identities.keys()),
        "attributes": {path: entry[VALUE].decode() for path, entry in content.attributes.items()},
        "memberships": memberships,
        "delete": content.tombstone != NEVER,
    }


def read_line(destination: Destination, line: bytes) -> list[dict[str, Any] | str]:
    """Read one line as the flow does: its fragments, or the reason of the reject."""
    reader = FragmentReader(destination, destination.inputs[0].fields)
    try:
        check_line(line, destination.limits)
        fragments = []
        for raw in reader.split(line):
            key = reader.key(raw)
            fragment = reader.read(raw, ARRIVAL, 7)
            assert (key, 7) == (fragment.key, fragment.ordinal)
            fragments.append(plain(fragment))
    except Rejected as rejected:
        return [rejected.reason]
    return [*fragments]


@pytest.mark.parametrize(
    "entry",
    TABLE["rows"],
    ids=[f"{number} {entry['why'][:60]}" for number, entry in enumerate(TABLE["rows"])],
)
def test_each_row_becomes_what_was_written_by_hand(entry: dict[str, Any], tmp_path: Path) -> None:
    """A row gives exactly its fragment, or exactly its reason."""
    file = tmp_path / "destination.yaml"
    file.write_text(TABLE["destination"], encoding="utf-8")
    expected: list[dict[str, Any] | str] = []
    if "fragment" in entry:
        usual = {"time": TABLE["arrival"], "attributes": {}, "memberships": {}, "delete": False}
        usual["identities"] = {"crmid": entry["fragment"]["key"]}
        expected = [{**usual, **entry["fragment"]}]
    elif entry["reason"] is not None:
        expected = [entry["reason"]]

    assert expected == read_line(load(file, environment={}), entry["row"].encode())


def reader_of(**fields: Any) -> FragmentReader:
    """Build a reader of rows whose key is in the column `user`."""
    return FragmentReader(DESTINATION, Fields(**{"identity": {"crmid": "user"}, **fields}))


SEGMENT = SegmentFields(id="list", status="state", realized=("in",), exited=("out",), time="at")
DETAILS = [
    ('{"user":true}', "Expected `int | str | null`, got `bool` - at `$.user`"),
    ('{"user":"Jane","time":"x"}', "column time is not an ISO 8601 date-time with an offset"),
    ('{"user":"Jane","time":-1e300}', "column time is before the year 1"),
    ('{"user":"Jane","list":1,"at":"x"}', "column at is not an ISO 8601 date-time with an offset"),
    ('{"user":"Jane","list":1,"at":-1e300}', "column at is before the year 1"),
    ('{"user":"Jane","list":1,"state":"Jane"}', "column state is none of in, out"),
]


@pytest.mark.parametrize(("row", "detail"), DETAILS, ids=[row for row, _ in DETAILS])
def test_a_reject_names_the_column_and_never_a_value(row: str, detail: str) -> None:
    """The detail is of the user's own columns, not of the XDM fields that they stand for."""
    with pytest.raises(Rejected) as caught:
        reader_of(time="time", segment=SEGMENT).read(row.encode(), ARRIVAL, 0)

    assert detail == caught.value.detail


def test_a_column_may_be_used_twice() -> None:
    """An identity and an attribute of one column hold the same, and what only one takes is bad."""
    reader = reader_of(
        identity={"crmid": "mail", "email": "mail"}, attributes={"personalEmail.address": "mail"}
    )

    fragment = reader.read(b'{"mail":"a@x.fr"}', ARRIVAL, 0)

    assert fragment.key == "a@x.fr"
    assert {("crmid", "a@x.fr"), ("email", "a@x.fr")} == set(fragment.content.identities)
    assert [b'"a@x.fr"'] == [entry[VALUE] for entry in fragment.content.attributes.values()]
    with pytest.raises(Rejected, match="bad_value"):
        reader.read(b'{"mail":["a@x.fr"]}', ARRIVAL, 0)


def test_an_attribute_that_the_destination_does_not_map_is_not_kept() -> None:
    """What `activation.attributes` leaves out is left out, whatever the columns say."""
    reader = reader_of(attributes={"person.name.firstName": "name"})

    assert {} == reader.read(b'{"user":"c1","name":"Jane"}', ARRIVAL, 0).content.attributes


def test_the_usual_statuses_are_those_of_xdm() -> None:
    """Without words of its own, a segment column takes realized, existing and exited."""
    reader = reader_of(segment=SegmentFields(id="list", status="state", namespace="AAM"))

    rows = [f'{{"user":"c1","list":1,"state":"{state}"}}' for state in ("realized", "existing")]
    found = [plain(reader.read(row.encode(), ARRIVAL, 0))["memberships"] for row in rows]
    left = plain(reader.read(b'{"user":"c1","list":1,"state":"exited"}', ARRIVAL, 0))

    assert [{"AAM:1": "realized 2022-02-01T00:00:00Z"}] * 2 == found
    assert {"AAM:1": "exited 2022-02-01T00:00:00Z"} == left["memberships"]


def test_the_peek_reads_the_identities_alone() -> None:
    """The key of a row is found whatever its other columns hold, for the lane to refuse it."""
    reader = reader_of(
        time="time", segment=SEGMENT, delete=DeleteFields(column="op", values=("d",))
    )
    row = b'{"user":"c1","time":[],"list":{},"state":[],"at":true,"op":{}}'

    assert "c1" == reader.key(row)
    with pytest.raises(Rejected, match="bad_value"):
        reader.read(row, ARRIVAL, 0)
