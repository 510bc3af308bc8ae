"""Entries: their bytes sort as the tuples they stand for, and give back what went in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flows.profile.entry import (
    VALUE_AT,
    instant_of,
    is_exited,
    membership,
    membership_version,
    pack_instant,
    pack_version,
    read_membership,
    version_of,
)
from flows.profile.instant import EARLIEST, LATEST
from flows.profile.merge import NEVER

INSTANTS = st.one_of(
    st.integers(EARLIEST, LATEST), st.integers(-2, 2), st.sampled_from([EARLIEST, LATEST, NEVER])
)
ORDINALS = st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 300))
VALUES = st.binary(max_size=3)
ATTRIBUTES = st.tuples(INSTANTS, ORDINALS, VALUES)
MEMBERSHIPS = st.tuples(INSTANTS, INSTANTS, ORDINALS, st.booleans())


def attribute(time: int, ordinal: int, value: bytes) -> bytes:
    """Give the entry of an attribute."""
    return pack_version(time, ordinal) + value


def packed(qualified: int, time: int, ordinal: int, exited: bool) -> bytes:  # noqa: FBT001 - drawn
    """Give the entry of a membership."""
    return membership(qualified, pack_version(time, ordinal), exited=exited)


@given(ATTRIBUTES, ATTRIBUTES)
def test_attributes_sort_by_time_then_ordinal_then_value(
    one: tuple[int, int, bytes], other: tuple[int, int, bytes]
) -> None:
    """Comparing two entries as bytes is comparing (time, ordinal, value)."""
    assert (one < other) == (attribute(*one) < attribute(*other))
    assert (one == other) == (attribute(*one) == attribute(*other))


@given(MEMBERSHIPS, MEMBERSHIPS)
def test_memberships_sort_by_qualification_then_version_then_exited(
    one: tuple[int, int, int, bool], other: tuple[int, int, int, bool]
) -> None:
    """Comparing as bytes is comparing (lastQualificationTime, time, ordinal, exited)."""
    assert (one < other) == (packed(*one) < packed(*other))
    assert (one == other) == (packed(*one) == packed(*other))


@given(MEMBERSHIPS)
def test_a_membership_gives_back_what_went_in(parts: tuple[int, int, int, bool]) -> None:
    """Its qualification time and whether it is exited can be read."""
    qualified, _, _, exited = parts
    entry = packed(*parts)

    assert (qualified, exited) == read_membership(entry)
    assert exited is is_exited(entry)
    assert qualified == instant_of(entry)


@given(ATTRIBUTES)
def test_an_attribute_gives_back_what_went_in(parts: tuple[int, int, bytes]) -> None:
    """Its time and its value can be read."""
    entry = attribute(*parts)

    assert parts[0] == instant_of(entry)
    assert parts[2] == entry[VALUE_AT:]


@given(INSTANTS)
def test_every_entry_begins_with_its_instant(instant: int) -> None:
    """The first bytes of both kinds are the packed instant that a tombstone is compared with."""
    start = pack_instant(instant)

    assert attribute(instant, 0, b"1").startswith(start)
    assert packed(instant, 0, 0, exited=True).startswith(start)


def test_an_entry_is_laid_out_as_documented() -> None:
    """Sixteen bytes and the value, or twenty-five; big-endian, 1970 in the middle."""
    epoch = b"\x80\0\0\0\0\0\0\0"
    before = b"\x7f\xff\xff\xff\xff\xff\xff\xff"

    assert epoch + b"\0\0\0\0\0\0\0\x05" + b'"gold"' == attribute(0, 5, b'"gold"')
    assert before + epoch + b"\0\0\0\0\0\0\x01\x02" + b"\x01" == packed(-1, 0, 258, exited=True)
    assert (16, 25) == (VALUE_AT, len(packed(0, 0, 0, exited=False)))


@given(INSTANTS, INSTANTS, ORDINALS, VALUES, st.booleans())
def test_an_entry_gives_its_version_back(
    qualified: int,
    time: int,
    ordinal: int,
    value: bytes,
    exited: bool,  # noqa: FBT001 - drawn
) -> None:
    """Of an attribute and of a membership, whatever stands beside it."""
    assert (time, ordinal) == version_of(attribute(time, ordinal, value))
    assert (time, ordinal) == membership_version(packed(qualified, time, ordinal, exited))
