"""The judge of rows, tried on rows whose XDM was written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.judges.rows import xdm_of

FIELDS: dict[str, Any] = {
    "identity": {"crmid": "user", "email": "mail"},
    "time": "at",
    "attributes": {"person.name": "name", "person.tier": "tier"},
    "segment": {
        "id": "list",
        "status": "state",
        "realized": ["in", "true"],
        "exited": ["out"],
        "namespace": "ups",
        "time": "since",
    },
    "delete": {"column": "op", "values": ["d", "1"]},
}
C1 = {"crmid": [{"id": "c1"}]}
NOBODY = {"name": None, "tier": None}

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "identities and attributes": (
        {"user": "c1", "mail": 7, "name": "Jane", "tier": {"a": [1]}, "at": "2020-03-03T21:24:39Z"},
        {},
        {
            "identityMap": C1 | {"email": [{"id": "7"}]},
            "person": {"name": "Jane", "tier": {"a": [1]}},
            "timestamp": "2020-03-03T21:24:39Z",
            "segmentMembership": {},
        },
    ),
    "a membership since a number": (
        {"user": "c1", "at": "12", "list": 7, "state": True, "since": 1583270679188.5},
        {"createdAt": "12"},
        {
            "identityMap": C1,
            "person": NOBODY,
            "segmentMembership": {
                "ups": {
                    "7": {
                        "status": "realized",
                        "lastQualificationTime": "2020-03-03T21:24:39.188500Z",
                    }
                }
            },
        },
    ),
    "a delete": (
        {"user": "c1", "at": 12, "op": 1},
        {"createdAt": 12, "operations": {"data": "delete"}},
        {"identityMap": C1, "person": NOBODY, "segmentMembership": {}},
    ),
    "a segment that is none": (
        {"user": "c1", "at": 12, "list": True, "state": "in"},
        {"createdAt": 12},
        {
            "identityMap": C1,
            "person": NOBODY,
            "segmentMembership": {"ups": {"x": {"status": []}}},
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_judge_writes_the_xdm_of_a_row(name: str) -> None:
    """Each row gives the document that was written by hand."""
    row, header, entity = CASES[name]

    assert {"header": header, "body": {"xdmEntity": entity}} == xdm_of(FIELDS, row)
