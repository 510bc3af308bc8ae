"""The values of a line: JSON text, times and hashes, each by the plainest rule.

Promises the written forms that messages and states are compared by. Leaves out numbers that
encoders spell differently: a test keeps to integers of 64 bits and to floats of few digits
between 0.001 and 10**15, where `repr` and the shortest form are the same text. Imports nothing
of the project.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from datetime import date, datetime, timedelta, timezone


def absent(value: object) -> bool:
    """Whether a value counts as not given: null, "", {} or []."""
    return value is None or (isinstance(value, (str, list, dict)) and not value)


def finite(value: object) -> bool:
    """Whether every number in a value is within the range of a double."""
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, list):
        return all(map(finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def encode(value: object) -> bytes:
    """Compact UTF-8 JSON, names in the order given."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?"
    r"(?:Z|([+-])(\d\d)(?::?(\d\d))?)",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FIRST_S, _LAST_S = -62_135_596_800, 253_402_300_799  # the years 0001 to 9999, as UTC


def instant(text: str) -> int | None:
    """µs UTC of an ISO 8601 date-time with offset, cut to whole µs; None if it is not one."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(match[place]) for place in range(1, 7))
    sign, offset_hour, offset_minute = match[8], int(match[9] or 0), int(match[10] or 0)
    if hour > 23 or minute > 59 or second > 59 or offset_hour > 23 or offset_minute > 59:
        return None
    try:
        days = date(year, month, day).toordinal() - _EPOCH.toordinal()
    except ValueError:
        return None
    offset_s = (offset_hour * 60 + offset_minute) * (-60 if sign == "-" else 60)
    seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset_s
    if not _FIRST_S <= seconds <= _LAST_S:
        return None
    micros = int((match[7] or "").ljust(6, "0")[:6])
    return seconds * 1_000_000 + micros


def written(time_us: int) -> str:
    """A time as a message shows it: UTC with `Z`, the shortest fraction, none if zero."""
    moment = _EPOCH + timedelta(microseconds=time_us)
    text = moment.strftime("%H:%M:%S")
    fraction = f".{moment.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{moment.date().isoformat()}T{text}{fraction}Z"


def hashed(target: str, name: str) -> str | None:
    """The id a clear value has in a hashed namespace; None for a phone that is not E.164.

    Trim, lower-case, SHA-256, lower-case hex, no salt, as for Adobe's Email_LC_SHA256,
    Phone_SHA256 and Phone_SHA256_E.164.
    """
    text = name.strip().lower()
    if re.fullmatch(r"[0-9a-f]{64}", text):
        return text
    if target in ("phone_sha256", "phone_sha256_e.164"):
        text = re.sub(r"[ ().-]", "", text)
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", text):
            return None
        if target == "phone_sha256":
            text = text[1:]
    return hashlib.sha256(text.encode()).hexdigest()
