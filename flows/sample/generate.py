"""Write the bundled sample: about 2,000 fragments about 420 invented people.

``python -m flows.sample.generate`` writes ``profiles/*.jsonl``, one file a month of delivery, and
``segments.jsonl`` beside this file. The bytes depend on this folder's code alone: a seeded
generator, fixed times, integer arithmetic. Names are invented; addresses are at example.com (RFC
2606) and phone numbers in 555-0100 to 555-0199 (North American Numbering Plan), both reserved for
examples. About three people in five ever enter a segment that the sample destination maps.
"""

from __future__ import annotations

import hashlib
import itertools
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from .forms import (
    HIGH_PROPENSITY,
    HOMEPAGE,
    NEWSLETTER,
    TRADE_FAIR,
    WEBINAR,
    Event,
    Json,
    Segment,
    entity,
    line,
    membership,
    text,
    utc,
    wrap,
)
from .story import broken_lines, hero

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 20200303
OTHERS = 419  # people beside the one of the story
SHARE_QUALIFIED = 0.6
SEGMENTS = "segments.jsonl"

GIVEN = "Amara Anouk Chiara Davit Elif Femke Goran Hana Iker Jonas Kaito Leila Matteo Nadia Oriol"
GIVEN += " Paloma Quinn Rohan Sanna Tomás Ulla Vera Wanda Xenia Yusuf Zoë"
FAMILY = "Abelard Bruntvik Calloway Dornfeld Eskola Farrowgate Grünwald Halloran Ivarsen Jessop"
FAMILY += " Kestrell Lumière Marchetti Norrland Okonji Pellworth Quist Rosendahl Szabolcs Tarrant"
PLACES = (("SE", "Malmö"), ("DE", "Köln"), ("FR", "Lyon"), ("ES", "Girona"), ("JP", "Nagoya"))
TIERS = ("bronze", "silver", "gold", "platinum")
PAPERS = ("customer-data-in-motion", "streaming-for-marketers", "identity-without-cookies")
MAPPED = (HIGH_PROPENSITY, HIGH_PROPENSITY, HIGH_PROPENSITY, NEWSLETTER, NEWSLETTER, TRADE_FAIR)
UNMAPPED = (HOMEPAGE, WEBINAR)
TIME_FORMS = (
    *[(0, "Z")] * 3, (0, ".250Z"), (0, "+0000"), (60, "+01:00"), (120, "+02"), (-300, "-0500")
)  # fmt: skip
FORMS = ("bare",) * 14 + ("streaming",) * 3 + ("create", "merge", "merge")
PAGES = ("pricing", "white-papers", "events")
STEPS = ("tier", "move", "points", "page", "paper", "mail", "unmapped", "unmapped")
STEPS_OF_THE_QUALIFIED = ("tier", "move", "points", "paper", "mail", "unmapped", *["mapped"] * 6)


class Person(NamedTuple):
    """One of the others."""

    crmid: str
    given: str
    family: str

    def email(self, domain: str) -> str:
        """Return the address made of the names in plain letters."""
        plain = str.maketrans("áëèü", "aeeu")
        return f"{self.given}.{self.family}@{domain}".lower().translate(plain)


def attributes(random: Random, step: str, person: Person) -> tuple[Json, list[str]]:
    """Return what a step changes, and the e-mails it brings."""
    first, second = person.email("example.com"), person.email("work.example.com")
    name = {"name": {"firstName": person.given, "lastName": person.family}}
    clear = {"personalEmail": {"address": first, "primary": True}}  # not mapped
    country, city = random.choice(PLACES)
    address = {"homeAddress": {"city": city, "countryCode": country}}
    points = random.randrange(10, 5000, 10)
    tier = {"loyalty": {"tier": random.choice(TIERS), "points": points}}
    phone = {"mobilePhone": {"number": f"+1-202-555-01{random.randrange(100):02}"}}
    url = f"https://www.example.com/{random.choice(PAGES)}"
    changes: dict[str, tuple[Json, list[str]]] = {
        "known": ({"person": name, **address, **tier, **clear}, [first]),
        "tier": ({**tier, **phone}, []),
        "move": ({**address, **phone}, [f" {first.title()} "]),  # hashes to the same identity
        "points": ({"loyalty": {"points": points, "program": "Acme Circle"}, **phone}, []),
        "page": ({"_acme": {"lastPageView": {"url": url, "seconds": points}}, **phone}, []),
        "paper": ({"_acme": {"lastDownload": random.choice(PAPERS)}, **phone}, []),
        "mail": ({"workEmail": {"address": second, "status": "active"}}, [second]),
    }
    return changes[step]


def memberships(
    random: Random, segments: tuple[Segment, ...], inside: set[Segment], time: str
) -> Json:
    """Return one segment's next status: entered, left or, now and then, still in."""
    segment = random.choice(segments)
    if segment not in inside:
        inside.add(segment)
        return membership(segment, "realized", time)
    if random.randrange(5) == 0:
        return membership(segment, "existing", time)
    inside.remove(segment)
    return membership(segment, "exited", time)


def life(random: Random, person: Person) -> Iterator[Event]:
    """Tell what happens to one person; some of it is delivered late, some of it twice."""
    if random.random() < SHARE_QUALIFIED:
        later = random.choices(STEPS_OF_THE_QUALIFIED, k=random.randrange(2, 4))
        steps = ["known", "paper", "mapped", *later]
    else:
        steps = ["known", *random.choices(STEPS, k=random.randrange(1, 4))]
    if random.randrange(50) == 0:
        steps += ["delete", "known"]
    hashed = hashlib.sha256(person.email("example.com").encode()).hexdigest()
    inside: set[Segment] = set()
    at = utc(1, 1) + timedelta(seconds=random.randrange(78 * 86_400))
    for step in steps:
        at += timedelta(seconds=random.randrange(3_600, 8 * 86_400))
        time, form, name = text(at, *random.choice(TIME_FORMS)), random.choice(FORMS), "profiles"
        if step == "delete":
            body, form = entity(person.crmid, time, {}), "delete"
        elif step in ("mapped", "unmapped"):
            segments = MAPPED if step == "mapped" else UNMAPPED
            emails = [hashed] if random.randrange(6) == 0 else []
            body = entity(person.crmid, time, memberships(random, segments, inside, time), *emails)
            name = "profiles" if random.randrange(6) == 0 else "segments"
        else:
            changed, emails = attributes(random, step, person)
            body = entity(person.crmid, time, changed, *emails)
        late = timedelta(days=random.randrange(5, 15)) if random.randrange(16) == 0 else timedelta()
        event = Event(at + late, name, wrap(body, form, at))
        yield event
        if random.randrange(16) == 0:
            yield event._replace(delivered=event.delivered + timedelta(hours=5))


def batched(random: Random, fragments: list[Json]) -> Iterator[Json]:
    """Put a few neighbours together in ``messages`` batches of four."""
    rest = iter(fragments)
    for fragment in rest:
        if random.randrange(60) == 0:
            yield {"messages": [fragment, *itertools.islice(rest, 3)]}
        else:
            yield fragment


def files() -> dict[str, bytes]:
    """Return the content of each file by its path under this folder."""
    random = Random(SEED)
    names = random.sample(list(itertools.product(GIVEN.split(), FAMILY.split())), OTHERS)
    events = list(hero())
    for number, name in enumerate(names, 1001):
        events += life(random, Person(f"C-2020-{number}", *name))
    fragments: dict[str, list[Json]] = {}
    for event in sorted(events, key=lambda event: event.delivered):
        month = f"profiles/{event.delivered:%Y-%m}.jsonl"
        path = month if event.input == "profiles" else SEGMENTS
        fragments.setdefault(path, []).append(event.fragment)
    fragments[SEGMENTS] = list(batched(random, fragments[SEGMENTS]))
    lines = {path: [line(fragment) for fragment in fragments[path]] for path in fragments}
    for path, broken in broken_lines():
        lines[path].insert(random.randrange(len(lines[path])), broken)
    return {path: b"\n".join([*lines[path], b""]) for path in lines}


def write(folder: Path) -> None:
    """Write the files under a folder, in place of those of the same names."""
    for path, content in files().items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)


if __name__ == "__main__":
    write(Path(__file__).parent)
