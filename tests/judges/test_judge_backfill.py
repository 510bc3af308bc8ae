"""Hand-computed backfills: whom they are for, and at what time their messages are."""

from __future__ import annotations

from typing import Any

from tests.judges.oracle import NO_EXPORT_ID, Fragment, backfill

S1, S2 = ("ups", "s1"), ("ups", "s2")
DESTINATION: dict[str, Any] = {
    "name": "d",
    "identities": {"key": "crmid", "export": ["ecid"]},
    "activation": {"segments": [{"id": "s1"}, {"id": "s2"}], "attributes": ["t"]},
}
METADATA = {**DESTINATION, "message": {"metadata": True}}


def says(key: str, second: int, **content: Any) -> Fragment:
    """A fragment of that time."""
    return Fragment(key, second * 1_000_000, 0, **content)


def enters(key: str, second: int, segment: tuple[str, str], status: str = "realized") -> Fragment:
    """A membership of that time, qualified at second 1."""
    return says(key, second, memberships={segment: (1_000_000, status)})


def shown(segment: str, status: str = "realized") -> str:
    """A membership as messages show it."""
    at = "1970-01-01T00:00:01Z"
    return f'"{segment}":{{"lastQualificationTime":"{at}","status":"{status}"}}'


def text(found: dict[str, bytes]) -> dict[str, str]:
    """Messages as text."""
    return {key: data.decode() for key, data in found.items()}


def test_those_in_a_mapped_segment_come_as_they_are_at_the_end() -> None:
    """Neither one who left, nor one in another segment, nor one without any."""
    fragments = [
        enters("c1", 1, S1),
        says("c1", 2, attributes={"t": b"1"}),
        says("c1", 3, attributes={"t": b"2"}),
        enters("c2", 1, S1),
        enters("c2", 2, S1, "exited"),
        enters("c3", 1, ("ups", "s3")),
        says("c4", 1, attributes={"t": b"1"}),
    ]
    expected = f'{{"t":2,"segmentMembership":{{"ups":{{{shown("s1")}}}}}}}'
    assert {"c1": expected} == text(backfill(DESTINATION, fragments))


def test_one_segment_is_asked_for_by_its_id() -> None:
    """Its message shows the profile's others as well; one who left it is not meant."""
    fragments = [
        enters("c1", 1, S1),
        enters("c1", 1, S2, "exited"),
        enters("c2", 1, S2),
    ]
    both = f"{shown('s1')},{shown('s2', 'exited')}"
    first = f'{{"segmentMembership":{{"ups":{{{both}}}}}}}'
    second = f'{{"segmentMembership":{{"ups":{{{shown("s2")}}}}}}}'
    assert {"c1": first} == text(backfill(DESTINATION, fragments, segment="s1"))
    assert {"c2": second} == text(backfill(DESTINATION, fragments, segment="s2"))


def test_the_time_is_that_of_the_newest_thing_that_shows() -> None:
    """An attribute, a membership or an exported identity; not what is kept and not shown."""
    base = enters("c1", 5, S1)

    def at(*fragments: Fragment) -> str:
        (message,) = text(backfill(METADATA, [base, *fragments])).values()
        head, _, tail = message.partition('"_export":{"id":"')
        assert head
        assert tail.startswith(f'{NO_EXPORT_ID}","reasons":["backfill"],"at":"')
        return tail.rpartition('"at":"')[2]

    assert '1970-01-01T00:00:05Z"}}' == at()
    assert '1970-01-01T00:00:07Z"}}' == at(says("c1", 7, attributes={"t": b"1"}))
    assert '1970-01-01T00:00:05Z"}}' == at(says("c1", 3, attributes={"t": b"1"}))
    assert '1970-01-01T00:00:08Z"}}' == at(says("c1", 8, identities=frozenset({("ecid", "e")})))
    assert '1970-01-01T00:00:05Z"}}' == at(says("c1", 8, identities=frozenset({("crmid", "c1")})))
    assert '1970-01-01T00:00:05Z"}}' == at(enters("c1", 8, ("ups", "s3")))
