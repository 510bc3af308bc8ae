"""The forms in which fragments come, as the Experience Platform documentation shows them.

Bare XDM entities, streaming ingestion (``header``, ``body.xdmEntity``) and streaming upserts
(``header.operations``). Left out: fragments without any time, whose version would be the moment at
which the sample's files were copied.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

Json = dict[str, Any]
Segment = tuple[str, str]

HIGH_PROPENSITY: Segment = ("ups", "7841ba61-23c1-4bb3-a495-00d695fe1e93")
NEWSLETTER: Segment = ("ups", "2f8e1c0a-6b7d-4e53-9a41-c05d7be3f218")
TRADE_FAIR: Segment = ("CustomerAudienceUpload", "trade-fair-2020")
HOMEPAGE: Segment = ("ups", "90c4d3b7-1e6f-4a28-b5d9-3f7a2c81e604")  # not mapped
WEBINAR: Segment = ("ups", "c6a05e92-84fb-47d1-8c3e-d21b90f5a736")  # not mapped

SHA256_HEX = 64  # characters
SCHEMA = {
    "id": "https://ns.adobe.com/acme/schemas/profile",
    "contentType": "application/vnd.adobe.xed-full+json;version=1",
}


class Event(NamedTuple):
    """A fragment, the input it comes by, and when it is delivered (long after its time if late)."""

    delivered: datetime
    input: str
    fragment: Json


def utc(month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """Return a moment of 2020, the year of the sample."""
    return datetime(2020, month, day, hour, minute, second, tzinfo=timezone.utc)


def text(at: datetime, offset_min: int = 0, ending: str = "Z") -> str:
    """Return a moment as ISO 8601 text, on the clock of an offset and with the given ending."""
    return (at + timedelta(minutes=offset_min)).strftime("%Y-%m-%dT%H:%M:%S") + ending


def entity(crmid: str, time: str, parts: Json, *emails: str) -> Json:
    """Return an XDM entity keyed by a CRM id; an e-mail of 64 characters is one already hashed."""
    identities: Json = {"CRMID": [{"id": crmid, "primary": True}]}
    for email in emails:
        namespace = "Email_LC_SHA256" if len(email) == SHA256_HEX else "Email"
        identities.setdefault(namespace, []).append({"id": email})
    audit = {"lastUpdatedDate": time, "lastUpdatedBy": "acme-crm"}
    return {"extSourceSystemAudit": audit, "identityMap": identities, **parts}


def membership(segment: Segment, status: str, time: str) -> Json:
    """Return the ``segmentMembership`` of one segment."""
    entry = {"lastQualificationTime": time, "status": status}
    return {"segmentMembership": {segment[0]: {segment[1]: entry}}}


def wrap(body: Json, form: str, at: datetime) -> Json:
    """Return an entity ``bare``, in the ``streaming`` envelope, or as an upsert.

    The other forms are ``create``, ``merge`` and ``delete``, the operations of an upsert. Its time
    is its header's alone, so that this place of it is seen in the sample too.
    """
    if form == "bare":
        return body
    created_ms = int(at.timestamp()) * 1000
    header: Json = {"imsOrgId": "ACME@AdobeOrg", "datasetId": "5e30d7986c0cc218a85cee65"}
    if form == "streaming":
        header = {"schemaRef": SCHEMA, **header, "createdAt": str(created_ms)}
        return {"header": header, "body": {"xdmMeta": {"schemaRef": SCHEMA}, "xdmEntity": body}}
    header |= {"operations": {"data": form}, "createdAt": created_ms}
    kept = {name: value for name, value in body.items() if name != "extSourceSystemAudit"}
    return {"header": header, "body": kept}


def line(value: Json) -> bytes:
    """Return a value as one line of JSON, compact and in UTF-8, without the newline."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
