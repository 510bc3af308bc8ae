"""Recovery stores that past releases left resume in this one. What must come is typed by hand.

What each store knows is in the input beside it: C-1 is in the segment, with tier platinum, a first
name and an e-mail; C-2 left it, with tier silver; C-3 never was in it, with tier bronze; C-4 was
deleted at noon of 10 January 2022; the seventh of its nine lines was rejected.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.folder import Folder
from tests.support.program import ROOT
from tests.support.streams import Stream

STORES = sorted(path for path in (ROOT / "tests/data/stores").iterdir() if path.is_dir())

JANE = "8c87b489ce35cf2e2f39f80e282cb2e804932a56a213983eeeb428407d43b52d"
"""`printf jane@example.com | sha256sum`."""


def line(id_: str, time: str, **more: object) -> str:
    """Give a line of input about one person."""
    return json.dumps({"identityMap": {"CRMID": [{"id": id_}]}, "timestamp": time} | more)


def member(time: str, status: str = "realized") -> dict[str, object]:
    """Give a membership in the mapped segment."""
    return {"ups": {"s1": {"lastQualificationTime": time, "status": status}}}


ADDED = (
    line("C-1", "2022-01-11T09:00:00Z", loyalty={"tier": "platinum"}),  # known: same value
    line("C-1", "2022-01-10T08:00:00Z", loyalty={"tier": "gold"}),  # older than what is known
    line("C-4", "2022-01-10T11:00:00Z", segmentMembership=member("2022-01-10T11:00:00Z")),  # dead
    "also no JSON",
    line("C-3", "2022-01-11T09:00:00Z", segmentMembership=member("2022-01-11T09:00:00Z")),
    line("C-2", "2022-01-11T10:00:00Z", segmentMembership=member("2022-01-11T10:00:00Z")),
    line("C-1", "2022-01-11T11:00:00Z", person={"name": {"firstName": "Janet"}}),
)
SENT = [
    (
        '{"loyalty":{"tier":"bronze"},"segmentMembership":{"ups":{"s1":{"lastQualificationTime":'
        '"2022-01-11T09:00:00Z","status":"realized"}}},"identityMap":{"crmid":[{"id":"C-3"}]}}'
    ),
    (
        '{"loyalty":{"tier":"silver"},"segmentMembership":{"ups":{"s1":{"lastQualificationTime":'
        '"2022-01-11T10:00:00Z","status":"realized"}}},"identityMap":{"crmid":[{"id":"C-2"}]}}'
    ),
    (
        '{"loyalty":{"tier":"platinum"},"person":{"name":{"firstName":"Janet"}},"segmentMembership":'
        '{"ups":{"s1":{"lastQualificationTime":"2022-01-10T10:00:00Z","status":"realized"}}},'
        f'"identityMap":{{"crmid":[{{"id":"C-1"}}],"email_lc_sha256":[{{"id":"{JANE}"}}]}}}}'
    ),
]


@pytest.mark.parametrize("processes", [(), ("-p", "2")], ids=["one process", "two processes"])
@pytest.mark.parametrize("store", STORES, ids=lambda path: path.name)
def test_a_store_of_a_past_release_resumes(
    folder: Folder, stream: Stream, store: Path, processes: tuple[str, ...]
) -> None:
    """Its profiles, deletes, position and rejects are what they were: only what is new is told."""
    shutil.copytree(store, folder.path, dirs_exist_ok=True)
    folder.add(*ADDED)

    ended = folder.run("run", *processes, *stream.options)

    assert (0, "") == (ended.code, ended.out)
    assert "received 7 = rejected 1 + unchanged 3 + filtered 0 + exported 3" in ended.err
    assert sorted(SENT) == sorted(stream.messages())
    (rejects,) = (folder.path / "rejects").iterdir()
    lines = [json.loads(each)["bytes"] for each in rejects.read_text("utf-8").splitlines()]
    assert ["this is no JSON", "also no JSON"] == lines
