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
US_PER_MS = 1_000
US_PER_S = 1_000_000
_S_PER_H = 3_600
US_PER_H = _S_PER_H * US_PER_S
EARLIEST = -62_135_596_800 * US_PER_S
"""0001-01-01T00:00:00Z, the first instant that can be written."""
LATEST = 253_402_300_800 * US_PER_S - 1
"""The last microsecond of the year 9999."""

_MAX_OFFSET_H, _MAX_OFFSET_MIN = 23, 59
_HOURS_MAX = 8_192
"""Hours kept as text and as instant, near a year of them; the least recently used goes first."""

_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):?(\d{2})?)",
    re.ASCII,
)

MS_TEXT = re.compile(r"-?[0-9]{1,18}")
"""A number of milliseconds as text."""

_CLOCK = [f"{second // 60:02d}:{second % 60:02d}" for second in range(_S_PER_H)]
_CLOCK_BYTES = [text.encode() for text in _CLOCK]
_CLOCK_US = {text: second * US_PER_S for second, text in enumerate(_CLOCK)}
"""Minutes and seconds of an hour."""

_ENDS = [b"Z", *((b".%03d" % ms).rstrip(b"0") + b"Z" for ms in range(1, 1_000))]
_ENDS_US = {"Z": 0} | {f".{ms:03d}Z": ms * US_PER_MS for ms in range(1_000)}
"""What follows the seconds in the two commonest forms, of whole seconds and of milliseconds."""

_HOUR_CHARS, _CLOCK_CHARS = len("2020-03-03T21:"), len("2020-03-03T21:24:39")


def parse_instant(text: str) -> int:
    """Give the microseconds since 1970 in UTC of an ISO 8601 date-time with an offset.

    Raises:
        ValueError: the text is not one, has no offset, or lies outside the years 1 to 9999.
    """
    clock = _CLOCK_US.get(text[_HOUR_CHARS:_CLOCK_CHARS])
    end = _ENDS_US.get(text[_CLOCK_CHARS:])
    if clock is None or end is None:
        return _parse(text)
    return _hour_us(text[:_HOUR_CHARS]) + clock + end


@lru_cache(_HOURS_MAX)
def _hour_us(text: str) -> int:
    return _parse(f"{text}00:00Z")


def _parse(text: str) -> int:
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError("not an ISO 8601 date-time with an offset")
    day, clock, fraction, sign, hours, minutes = match.groups()
    instant = (datetime.fromisoformat(f"{day}T{clock}") - EPOCH) // timedelta(microseconds=1)
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


def parse_ms(value: float | str) -> int:
    """Give the instant of milliseconds since 1970, a number or its digits.

    What lies beyond the year 9999 is taken as its end, which is as much in the future.

    Raises:
        ValueError: the text is not such a number, or the instant lies before the year 1.
    """
    if isinstance(value, str):
        if not MS_TEXT.fullmatch(value):
            raise ValueError("not a number of milliseconds")
        value = int(value)
    instant = value * US_PER_MS
    if instant < EARLIEST:
        raise ValueError("before the year 1")
    return int(min(instant, LATEST))


def format_instant(instant: int) -> bytes:
    """Write an instant as ``2020-03-03T21:24:39Z``, with a fraction only if it is not zero."""
    second, fraction = instant // US_PER_S, instant % US_PER_S
    text = _hour(second // _S_PER_H) + _CLOCK_BYTES[second % _S_PER_H]
    if fraction % US_PER_MS:
        return text + (b".%06d" % fraction).rstrip(b"0") + b"Z"
    return text + _ENDS[fraction // US_PER_MS]


@lru_cache(_HOURS_MAX)
def _hour(hours: int) -> bytes:
    return (EPOCH + timedelta(hours=hours)).isoformat()[:_HOUR_CHARS].encode()
