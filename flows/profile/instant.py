"""Instants: ISO 8601 date-times with an offset, as whole microseconds since 1970 in UTC.

XDM writes date-times as RFC 3339 (``date-time`` of JSON Schema), but the published samples also
carry ``+0000`` and ``+02`` offsets and one to nine fraction digits, so all of these are read.
Digits finer than a microsecond are cut off.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - all arithmetic here is in UTC already
US_PER_S = 1_000_000
US_PER_H = 3_600 * US_PER_S
MINUTES_PER_DAY = 24 * 60
EARLIEST = -62_135_596_800 * US_PER_S
"""0001-01-01T00:00:00Z, the first instant that can be written."""
LATEST = 253_402_300_800 * US_PER_S - 1
"""The last microsecond of the year 9999."""

_MAX_OFFSET_H, _MAX_OFFSET_MIN = 23, 59
_SECONDS_ONLY_CHARS = len("2020-03-03T21:24:39Z")
_COMMON_MARKS = {_SECONDS_ONLY_CHARS: "--T::Z", len("2020-03-03T21:24:39.123Z"): "--T::."}
"""Length of the two commonest forms, and their marks: every third character from the fifth."""

_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):?(\d{2})?)",
    re.ASCII,
)


def parse_instant(text: str) -> int:
    """Give the microseconds since 1970 in UTC of an ISO 8601 date-time with an offset.

    Raises:
        ValueError: the text is not one, has no offset, or lies outside the years 1 to 9999.
    """
    if (
        text[4:20:3] == _COMMON_MARKS.get(len(text))
        and text[-1] == "Z"
        and (len(text) == _SECONDS_ONLY_CHARS or text[20:-1].isdecimal())
    ):
        return _since_epoch(text[:-1])
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError("not an ISO 8601 date-time with an offset")
    day, clock, fraction, sign, hours, minutes = match.groups()
    instant = _since_epoch(f"{day}T{clock}")
    if fraction:
        instant += int(fraction[:6].ljust(6, "0"))
    if sign:
        offset_h, offset_min = int(hours), int(minutes or 0)
        if offset_h > _MAX_OFFSET_H or offset_min > _MAX_OFFSET_MIN:
            raise ValueError("an offset has at most 23 hours and 59 minutes")
        offset = (offset_h * 60 + offset_min) * 60 * US_PER_S
        instant -= offset if sign == "+" else -offset
    if not EARLIEST <= instant <= LATEST:
        raise ValueError("outside the years 1 to 9999")
    return instant


def _since_epoch(text: str) -> int:
    since = datetime.fromisoformat(text) - EPOCH
    return (since.days * 86_400 + since.seconds) * US_PER_S + since.microseconds


def format_instant(instant: int) -> bytes:
    """Write an instant as ``2020-03-03T21:24:39Z``, with a fraction only if it is not zero."""
    minutes, rest = divmod(instant, 60 * US_PER_S)
    days, minute = divmod(minutes, MINUTES_PER_DAY)
    second, fraction = divmod(rest, US_PER_S)
    text = _day(days) + _MINUTES[minute] + _SECONDS[second]
    return text + (b".%06d" % fraction).rstrip(b"0") + b"Z" if fraction else text + b"Z"


@lru_cache(1_024)
def _day(days: int) -> bytes:
    return (EPOCH + timedelta(days)).date().isoformat().encode()


_MINUTES = [b"T%02d:%02d:" % divmod(minute, 60) for minute in range(MINUTES_PER_DAY)]
_SECONDS = [b"%02d" % second for second in range(60)]
