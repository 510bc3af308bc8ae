"""Seeded XDM JSONL lines for the benchmarks: half attribute updates, half segment events.

The same arguments give the same bytes on every machine. Lines are compact JSON, 440 bytes on
average, and stand in the order of their times: no line is late, repeated or malformed, so that
every contender, also one that ignores such things, is given input it answers correctly.

The shapes are those of Adobe's Experience Data Model: a bare entity with `identityMap`,
`extSourceSystemAudit.lastUpdatedDate` and part of the profile's attributes, or `identityMap`,
`timestamp` and `segmentMembership`. All names, addresses and numbers are made up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from random import Random
from typing import Any

START = datetime(2026, 1, 5, tzinfo=timezone.utc)
"""Time of the first line; each further line is one millisecond later."""

ATTRIBUTES = (
    "person.name.firstName",
    "person.name.lastName",
    "person.birthDate",
    "person.gender",
    "personalEmail.address",
    "mobilePhone.number",
    "homeAddress.city",
    "homeAddress.postalCode",
    "homeAddress.countryCode",
    "loyalty.tier",
)
"""The mapped attributes. Everything else on a line is not exported."""

SEGMENTS = tuple(f"7841ba61-23c1-4bb3-a495-00d695fe{number:04x}" for number in range(5))
"""The mapped segments, all in the namespace `ups`."""

UNMAPPED_SEGMENTS = tuple(f"59bd2fcd-3c48-4b18-bf56-4f5c5e69{number:04x}" for number in range(20))

GROUPS = ("person", "personalEmail", "mobilePhone", "homeAddress", "loyalty")
GROUPS_PER_UPDATE = 3

# Chances that put the exported share near 40 % once most customers are known: an update carries a
# changed value, an event names a mapped segment, an event about a known membership moves it.
UPDATE_CHANGES = 0.36
EVENT_IS_MAPPED = 0.5
EVENT_MOVES = 0.45

_FIRST = ("Jane", "John", "Zoë", "Amir", "Lucía", "Wei", "Olga", "Kofi", "Noor", "Björn")
_LAST = ("Doe", "Okafor", "Lindqvist", "Haddad", "Moreau", "Tanaka", "Silva", "Novak")
_CITIES = ("Springfield", "Göteborg", "Porto", "Nairobi", "Lyon", "Osaka", "Austin", "Leeds")
_COUNTRIES = ("US", "SE", "PT", "KE", "FR", "JP", "GB")
_GENDERS = ("female", "male", "not_specified")
_TIERS = ("bronze", "silver", "gold", "platinum")


def lines(count: int, *, identities: int, seed: int) -> Iterator[bytes]:
    """Yield `count` lines about `identities` customers, drawn evenly.

    Args:
        count: number of lines.
        identities: number of customers.
        seed: of the generator's own source of chance.

    Yields:
        One line without its newline, UTF-8.
    """
    rng = Random(seed)
    editions = [[0] * len(GROUPS) for _ in range(identities)]
    realized: list[dict[str, bool]] = [{} for _ in range(identities)]
    for number in range(count):
        customer = rng.randrange(identities)
        if rng.random() < 0.5:
            carried = rng.sample(range(len(GROUPS)), GROUPS_PER_UPDATE)
            if rng.random() < UPDATE_CHANGES:
                editions[customer][carried[0]] += 1
            yield _encode(_update(customer, number, {g: editions[customer][g] for g in carried}))
        else:
            segment, status = _membership(rng, realized[customer])
            yield _encode(_event(customer, number, {segment: status}))


def whole_profiles(identities: int) -> Iterator[bytes]:
    """Yield the lines that fill `identities` profiles: 10 attributes, 5 segments, 3 identities.

    Each profile comes as two attribute updates and one segment event, in three passes over all
    profiles, so that every profile is rewritten while others are being built.
    """
    number = 0
    for groups in ((0, 1), (2, 3, 4), ()):
        for customer in range(identities):
            if groups:
                entity = _update(customer, number, dict.fromkeys(groups, 0))
            else:
                entity = _event(customer, number, dict.fromkeys(SEGMENTS, "realized"))
            entity["identityMap"]["ecid"] = [{"id": f"{customer:038d}"}]
            yield _encode(entity)
            number += 1


def _membership(rng: Random, realized: dict[str, bool]) -> tuple[str, str]:
    """Draw a segment and the status it is reported with, and keep what was reported."""
    if rng.random() >= EVENT_IS_MAPPED:
        return rng.choice(UNMAPPED_SEGMENTS), rng.choice(("realized", "exited"))
    segment = rng.choice(SEGMENTS)
    if segment not in realized:
        realized[segment] = rng.random() < 0.8
    elif rng.random() < EVENT_MOVES:
        realized[segment] = not realized[segment]
    return segment, "realized" if realized[segment] else "exited"


def _update(customer: int, number: int, editions: dict[int, int]) -> dict[str, Any]:
    entity = {
        "identityMap": _identities(customer),
        "extSourceSystemAudit": {"lastUpdatedDate": _time(number)},
    }
    for group, edition in editions.items():
        entity[GROUPS[group]] = _group(GROUPS[group], customer, edition, number)
    entity["consents"] = {"marketing": {"email": {"val": "y"}}}
    return entity


def _event(customer: int, number: int, statuses: dict[str, str]) -> dict[str, Any]:
    time = _time(number)
    return {
        "eventType": "profile.segments",
        "timestamp": time,
        "identityMap": _identities(customer),
        "segmentMembership": {
            "ups": {
                segment: {
                    "version": "15",
                    "lastQualificationTime": time,
                    "status": status,
                }
                for segment, status in statuses.items()
            }
        },
    }


def _identities(customer: int) -> dict[str, Any]:
    return {
        "crmid": [{"id": f"C{customer:09d}", "primary": True}],
        "email_lc_sha256": [{"id": sha256(f"c{customer}@example.com".encode()).hexdigest()}],
    }


def _group(group: str, customer: int, edition: int, number: int) -> dict[str, Any]:
    """Write one top-level object; another edition differs in one mapped value of it."""
    moved = customer + edition
    if group == "person":
        name = {"firstName": _FIRST[customer % 10], "lastName": _LAST[moved % 8]}
        born = f"{1940 + customer % 60}-{1 + customer % 12:02d}-{1 + customer % 28:02d}"
        return {"name": name, "birthDate": born, "gender": _GENDERS[customer % 3]}
    if group == "personalEmail":
        return {"address": f"c{customer}.{edition}@example.com", "status": "active"}
    if group == "mobilePhone":
        return {"number": f"+1 555 {moved:07d}", "status": "active"}
    if group == "homeAddress":
        return {
            "street1": f"{1 + customer % 900} Station Road",
            "city": _CITIES[moved % 8],
            "postalCode": f"{customer % 100000:05d}",
            "countryCode": _COUNTRIES[customer % 7],
        }
    return {"tier": _TIERS[moved % 4], "points": number % 10000}


def _time(number: int) -> str:
    moment = START + timedelta(milliseconds=number)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _encode(entity: dict[str, Any]) -> bytes:
    return json.dumps(entity, ensure_ascii=False, separators=(",", ":")).encode()
