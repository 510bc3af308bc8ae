"""A row and the XDM that it stands for are the same to everything that comes after."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from flows.destination import Destination, Fields
from flows.profile.fragment import Fragment, FragmentReader
from flows.profile.line import check_line
from flows.profile.reject import Reason, Rejected
from tests.judges.lines import spelled
from tests.judges.rows import ARRIVAL_US, COLUMNS, fields, rows, xdm_of


def destination(
    email: str, segments: str | list[dict[str, str]], *, identities: int
) -> Destination:
    """A destination that hashes `email` into that namespace, with limits that rows can pass."""
    return msgspec.convert(
        {
            "name": "rows",
            "stream": {"name": "leads"},
            "identities": {"key": "crmid", "hash": {"email": email, "phone": "phone_sha256"}},
            "activation": {"segments": segments, "attributes": ["person.name", "person.tier"]},
            "inputs": [{"name": "in", "jsonl": {"path": "in.jsonl"}}],
            "limits": {"line_bytes": 2_000, "depth": 8, "identities": identities, "id_chars": 24},
        },
        Destination,
    )


DESTINATIONS = (
    destination("email_lc_sha256", "all", identities=3),
    destination("email_lc_sha256", [{"id": "s1"}, {"id": "7", "namespace": "AAM"}], identities=2),
    destination("crmid", "all", identities=2),
)


def outcome(reader: FragmentReader, line: bytes) -> Fragment | Reason:
    """Read a line of one fragment: the fragment, or the reason of the reject."""
    try:
        reader.key(line)
        return reader.read(line, ARRIVAL_US, 7)
    except Rejected as rejected:
        return rejected.reason


@given(st.data(), st.sampled_from(DESTINATIONS), fields())
def test_a_row_and_its_xdm_are_the_same_fragment(
    data: st.DataObject, rules: Destination, columns: dict[str, Any]
) -> None:
    """Key, version and content are equal, and so is the reason of a reject."""
    reader = FragmentReader(rules, msgspec.convert(columns, Fields))
    xdm_reader = FragmentReader(rules)
    for row in data.draw(st.lists(rows(), min_size=1, max_size=8)):
        document = json.dumps(xdm_of(columns, row)).encode()

        assert outcome(xdm_reader, document) == outcome(reader, data.draw(spelled(row)))


_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(sorted(COLUMNS)), inner, max_size=6)
    ),
    max_leaves=10,
).map(lambda document: json.dumps(document).encode())


@given(st.sampled_from(DESTINATIONS), fields(), st.binary(max_size=60) | _DOCUMENTS)
def test_any_bytes_are_a_row_or_a_reject(
    rules: Destination, columns: dict[str, Any], line: bytes
) -> None:
    """Whatever the bytes, nothing but a reject is raised, and one line is at most one row."""
    reader = FragmentReader(rules, msgspec.convert(columns, Fields))
    try:
        check_line(line, rules.limits)
        assert reader.split(line) == ([line] if line.strip() else [])
        fragment = reader.read(line, ARRIVAL_US, 7)
    except Rejected:
        return
    assert fragment.key == reader.key(line)
