"""What is told by hand: one prospect's story, and the lines that cannot become a fragment.

The story is that of the destination's documentation: a prospect downloads a white paper, qualifies
for "High propensity to convert", and later leaves it with two hashed e-mails on the profile. It
comes by one input, because the order between two inputs is not promised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .forms import (
    HIGH_PROPENSITY,
    HOMEPAGE,
    NEWSLETTER,
    Event,
    Json,
    entity,
    line,
    membership,
    text,
    utc,
    wrap,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

HERO = "C-2020-0303"


def hero() -> Iterator[Event]:
    """Tell the story in the order in which it is delivered, with the decision each step meets."""

    def told(at: datetime, parts: Json, *emails: str, form: str = "bare") -> Event:
        return Event(at, "profiles", wrap(entity(HERO, text(at), parts, *emails), form, at))

    person = {"person": {"name": {"firstName": "Mara", "lastName": "Lindqvist"}}}
    address = {"homeAddress": {"city": "Malmö", "countryCode": "SE"}}
    # filtered: known, but in no mapped segment
    known = {**person, **address, "loyalty": {"tier": "bronze", "points": 120}}
    yield told(utc(2, 24, 9, 12, 5), known, "Mara.Lindqvist@example.com")
    # filtered: nothing mapped in it
    page = {"url": "https://www.example.com/white-papers", "name": "White papers"}
    yield told(utc(2, 25, 14, 2, 11), {"_acme": {"lastPageView": page}})
    # filtered: the white paper is mapped, but still no segment
    paper = {"_acme": {"lastDownload": "customer-data-in-motion"}}
    yield told(utc(2, 25, 14, 5, 40), paper, form="streaming")
    # exported (membership): qualifies
    at = utc(2, 25, 14, 5, 44)
    yield told(at, membership(HIGH_PROPENSITY, "realized", text(at)))
    # exported (attribute): a new tier
    silver = told(utc(2, 28, 8, 30), {"loyalty": {"tier": "silver", "points": 1210}}, form="merge")
    yield silver
    # unchanged: the same fragment again
    yield silver._replace(delivered=utc(2, 28, 8, 31))
    # unchanged: what was so on the 26th comes late, and loses to the 28th
    late = told(utc(2, 26, 7, 15), {"loyalty": {"tier": "bronze", "points": 340}})
    yield late._replace(delivered=utc(3, 1, 6))
    # exported (identity): a second e-mail
    yield told(utc(3, 1, 18, 40, 2), {}, "m.lindqvist@example.com")
    # filtered: a segment that is not mapped
    at = utc(3, 2, 11, 20)
    yield told(at, membership(HOMEPAGE, "realized", text(at, 60, "+01:00")))
    # exported (membership): leaves
    at = utc(3, 3, 21, 24, 39)
    yield told(at, membership(HIGH_PROPENSITY, "exited", text(at)))


def broken_lines() -> list[tuple[str, bytes]]:
    """Return (file, line) for each line that is rejected, each broken in one way."""
    time = "2020-03-11T08:00:00Z"
    person = {"person": {"name": {"firstName": "Rosa", "lastName": "Grünwald"}}}
    whole = entity("C-2020-1011", time, person)
    no_key = {**whole, "identityMap": {"Email": [{"id": "rosa.grunwald@example.com"}]}}
    two_keys = {**whole, "identityMap": {"CRMID": [{"id": "C-2020-1011"}, {"id": "C-2020-1012"}]}}
    page = {"_acme": {"lastPageView": {"url": "https://www.example.com/pricing"}}}
    good = entity("C-2020-1013", time, page)
    batch = {"messages": [good, no_key, entity("C-2020-1014", time, page)]}
    operation = {"header": {"operations": {"data": "upsert"}}, "body": whole}
    no_offset = membership(HIGH_PROPENSITY, "realized", "2020-03-11 08:00:00")
    churned = membership(NEWSLETTER, "churned", time)
    january, february, march, april = (f"profiles/2020-0{month}.jsonl" for month in range(1, 5))
    segments = "segments.jsonl"
    return [
        (january, line(whole).decode().encode("latin-1")),  # not UTF-8
        (january, line(no_key)),
        (february, line(whole)[:150]),  # cut off
        (february, line(two_keys)),
        (february, line({**whole, "person": "Rosa Grünwald"})),  # text where an object belongs
        (march, b'["C-2020-1011","gold"]'),  # an array
        (march, line(batch)),  # its second message is broken
        (march, line(entity("C-2020-1011", "2020-02-30T08:00:00Z", person))),  # no such day
        (april, line({"messages": whole})),  # no array
        (april, line(operation)),
        (april, line(entity("C-2020-1011", "2999-12-31T23:59:59Z", person))),  # in the future
        (segments, b'{"messages":[]}'),
        (segments, line(entity("C-2020-1012", time, no_offset))),
        (segments, line(entity("C-2020-1013", time, churned))),
    ]
