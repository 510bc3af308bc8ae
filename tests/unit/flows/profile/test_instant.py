"""Instants: which texts are read, as which microsecond, and how one is written.

2020-03-03T21:24:39Z is second 1,583,270,679 since 1970 (`date -u -d @1583270679`).
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.profile.instant import EARLIEST, LATEST, format_instant, parse_instant, parse_ms

AT = 1_583_270_679_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

ACCEPTED = {
    "2020-03-03T21:24:39Z": AT,
    "2020-03-03t21:24:39z": AT,
    "2020-03-03T21:24:39+00": AT,
    "2020-03-03T21:24:39+0000": AT,
    "2020-03-03T21:24:39+00:00": AT,
    "2020-03-03T21:24:39-00:00": AT,
    "2020-03-03T23:24:39+02": AT,
    "2020-03-03T23:24:39+0200": AT,
    "2020-03-03T23:24:39+02:00": AT,
    "2020-03-03T15:54:39-05:30": AT,
    "2020-03-04T21:23:39+23:59": AT,
    "2020-03-03T21:24:39.1Z": AT + 100_000,
    "2020-03-03T21:24:39.12Z": AT + 120_000,
    "2020-03-03T21:24:39.123Z": AT + 123_000,
    "2020-03-03T21:24:39.000Z": AT,
    "2020-03-03T21:24:39.000123Z": AT + 123,
    "2020-03-03T21:24:39.1234567Z": AT + 123_456,
    "2020-03-03T21:24:39.123456789Z": AT + 123_456,
    "2020-03-03T21:24:39.999999999Z": AT + 999_999,
    "2020-03-03T21:24:39.123z": AT + 123_000,
    "2020-03-03T23:24:39.5+0200": AT + 500_000,
    "2020-02-29T00:00:00Z": 1_582_934_400_000_000,
    "1970-01-01T00:00:00Z": 0,
    "1969-12-31T23:59:59.999999Z": -1,
    "1969-12-31T23:59:59.9999999Z": -1,
    "0001-01-01T00:00:00Z": -62_135_596_800_000_000,
    "9999-12-31T23:59:59.999999Z": 253_402_300_799_999_999,
}

REFUSED = [
    "",
    "Z",
    "1583270679",
    "2020-03-03",
    "2020-03-03T21:24Z",
    "2020-03-03T21:24:39",
    "2020-03-03T21:24:39.123",
    "2020-03-03 21:24:39Z",
    " 2020-03-03T21:24:39Z",
    "2020-03-03T21:24:39Z\n",
    "20200303T212439Z",
    "2020-W10-2T21:24:39Z",
    "2020-063T21:24:39Z",
    "2020-3-3T21:24:39Z",
    "2020-03-03T21:24:39.Z",
    "2020-03-03T21:24:39,123Z",
    "2020-03-03T21:24:39.1234567890Z",
    "2020-03-03T21:24:39.12 Z",
    "2020-03-03T21:24:39.12ZZ",
    "2020-03-03T21:24:39.+02Z",
    "2020-03-03T21:24:39+2",
    "2020-03-03T21:24:39+02:0",
    "2020-03-03T21:24:39+02:00:00",
    "2020-03-03T21:24:39+24:00",
    "2020-03-03T21:24:39+02:60",
    "2020-03-03T21:24:39 UTC",
    "2020-00-03T21:24:39Z",
    "2020-13-03T21:24:39Z",
    "2020-02-30T21:24:39Z",
    "2021-02-29T21:24:39Z",
    "2020-03-03T24:00:00Z",
    "2020-03-03T21:60:39Z",
    "2020-03-03T21:24:60Z",
    "0000-12-31T23:59:59Z",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    "10000-01-01T00:00:00Z",
    "-2020-03-03T21:24:39Z",
    "\u0662020-03-03T21:24:39Z",
    "2020-03-03T21:24:39.12\uff13Z",
]

WRITTEN = {
    AT: b"2020-03-03T21:24:39Z",
    AT + 500_000: b"2020-03-03T21:24:39.5Z",
    AT + 120_000: b"2020-03-03T21:24:39.12Z",
    AT + 1: b"2020-03-03T21:24:39.000001Z",
    AT + 999_999: b"2020-03-03T21:24:39.999999Z",
    0: b"1970-01-01T00:00:00Z",
    -1: b"1969-12-31T23:59:59.999999Z",
    EARLIEST: b"0001-01-01T00:00:00Z",
    LATEST: b"9999-12-31T23:59:59.999999Z",
}


@pytest.mark.parametrize(("text", "instant"), ACCEPTED.items())
def test_a_date_time_with_an_offset_is_one_instant(text: str, instant: int) -> None:
    """Every form of ISO 8601 that XDM inputs carry is read; digits past the sixth are cut off."""
    assert instant == parse_instant(text)


@pytest.mark.parametrize("text", REFUSED)
def test_anything_else_is_refused(text: str) -> None:
    """Without an offset, out of range or in another form, a text is no instant."""
    with pytest.raises(ValueError, match=r"."):
        parse_instant(text)


@pytest.mark.parametrize(("instant", "text"), WRITTEN.items())
def test_an_instant_is_written_in_its_shortest_form(instant: int, text: bytes) -> None:
    """A fraction is there only if it is not zero, and ends in no zero."""
    assert text == format_instant(instant)


@given(st.integers(EARLIEST, LATEST))
def test_what_was_written_is_read_as_the_same_instant(instant: int) -> None:
    """Writing and reading loses nothing, over all the years that can be written."""
    assert instant == parse_instant(format_instant(instant).decode())


@given(
    st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)),  # noqa: DTZ001 - the zone is drawn
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
)
def test_an_instant_is_what_datetime_says(moment: datetime, offset_min: int) -> None:
    """A moment in any zone, as `datetime` writes it, is the microsecond `datetime` counts."""
    there = moment.replace(tzinfo=timezone(timedelta(minutes=offset_min)))
    expected = (there - EPOCH) // timedelta(microseconds=1)

    assert expected == parse_instant(there.isoformat())


@given(st.text() | st.text("0123456789-:.TZ+ ", min_size=18, max_size=26))
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    """Whatever the text, there is an instant within the years 1 to 9999, or a ValueError."""
    try:
        instant = parse_instant(text)
    except ValueError:
        return
    assert EARLIEST <= instant <= LATEST


MILLIS: dict[float | str, int] = {
    1_583_270_679_188: AT + 188_000,
    "1583270679188": AT + 188_000,
    1_583_270_679_188.5: AT + 188_500,
    "-1": -1_000,
    0: 0,
    -62_135_596_800_000: EARLIEST,
    253_402_300_799_999: LATEST - 999,
    253_402_300_800_000: LATEST,
    1e308: LATEST,
}


@pytest.mark.parametrize(("value", "instant"), MILLIS.items(), ids=map(repr, MILLIS))
def test_milliseconds_are_read_and_end_with_the_year_9999(value: float | str, instant: int) -> None:
    """A number and its digits are the same instant, and none lies beyond the last one."""
    assert instant == parse_ms(value)


@pytest.mark.parametrize(
    "value", ["", "1.5", " 1", "1e3", "+1", "\u0661", "1" * 19, -62_135_596_800_001]
)
def test_what_is_no_number_of_milliseconds_is_refused(value: float | str) -> None:
    """Text that is not all digits, and what lies before the year 1, is no time."""
    with pytest.raises(ValueError, match=r"not a number|before the year"):
        parse_ms(value)
