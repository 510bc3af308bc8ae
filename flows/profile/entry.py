"""Entries of a profile as bytes that sort like what they hold.

An entry begins with its instants and its ordinal as big-endian numbers, so comparing two entries
as bytes compares (time, ordinal, value), or (lastQualificationTime, time, ordinal, exited). One
object per entry is also the smallest and fastest form to keep a million profiles in.

    attribute    time 8 | ordinal 8 | value as compact JSON
    membership   lastQualificationTime 8 | time 8 | ordinal 8 | exited 1
"""

from __future__ import annotations

from struct import Struct

_SHIFT = 1 << 63
"""Added to an instant, so that those before 1970 sort first as well."""

_VERSION = Struct(">QQ")
_INSTANT = Struct(">Q")
_MEMBERSHIP = Struct(">Q16s?")
_QUALIFIED_AND_EXITED = Struct(">Q16x?")
VALUE_AT = _VERSION.size
VALUE = slice(VALUE_AT, None)
"""An attribute's entry is ``version + value``; its value is ``entry[VALUE]``."""


def pack_instant(instant: int) -> bytes:
    """Give the eight bytes an entry of that first instant begins with."""
    return _INSTANT.pack(instant + _SHIFT)


def pack_version(time: int, ordinal: int) -> bytes:
    """Give the bytes of a version: microseconds UTC and place in the source."""
    return _VERSION.pack(time + _SHIFT, ordinal)


def version_of(entry: bytes) -> tuple[int, int]:
    """Give the version of an attribute's entry: microseconds UTC and place in the source."""
    time, ordinal = _VERSION.unpack_from(entry)
    return time - _SHIFT, ordinal


def membership(qualified: int, version: bytes, *, exited: bool) -> bytes:
    """Give the entry of a membership; on a tie exited wins over realized."""
    return _MEMBERSHIP.pack(qualified + _SHIFT, version, exited)


def read_membership(entry: bytes) -> tuple[int, bool]:
    """Give a membership's lastQualificationTime, and whether it is exited."""
    qualified, exited = _QUALIFIED_AND_EXITED.unpack(entry)
    return qualified - _SHIFT, exited


def membership_version(entry: bytes) -> tuple[int, int]:
    """Give the version of a membership's entry, as ``version_of`` does of an attribute's."""
    return version_of(entry[_INSTANT.size :])


def is_exited(entry: bytes) -> bool:
    """Whether a membership's entry says exited."""
    return entry[-1] == 1


def instant_of(entry: bytes) -> int:
    """Give the first instant of an entry: what a tombstone is compared with."""
    return int(_INSTANT.unpack_from(entry)[0]) - _SHIFT
