"""The types of a destination: defaults, forms of single values, and what they make of names."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from flows.destination import (
    Account,
    Activation,
    DeadLetters,
    Delivery,
    Destination,
    Identities,
    Input,
    Jsonl,
    Limits,
    Message,
    Rejects,
    Segment,
    State,
    Stream,
    Triggers,
)

MINIMAL = {
    "name": "leads",
    "stream": {"name": "leads"},
    "identities": {"key": "crmid"},
    "activation": {"segments": "all", "attributes": []},
    "inputs": [{"name": "profiles", "jsonl": {"path": "profiles/"}}],
}


def with_value(value: Any, *keys: str) -> dict[str, Any]:
    """Return the minimal destination with one value set."""
    outer: dict[str, Any] = {**MINIMAL}
    inner = outer
    for key in keys[:-1]:
        inner[key] = dict(inner.get(key, {}))
        inner = inner[key]
    inner[keys[-1]] = value
    return outer


def test_the_defaults_are_the_documented_ones() -> None:
    """What may be left out has the value that the documentation shows."""
    expected = Destination(
        name="leads",
        description="",
        account=Account(region=None, profile=None, endpoint_url=None),
        stream=Stream(name="leads", partition_key="hashed"),
        identities=Identities(key="crmid", fields={}, hash={}, export="all"),
        activation=Activation(segments="all", attributes=(), keep_unmapped=False),
        triggers=Triggers(unchanged_attributes=False),
        message=Message(
            segment_names=False,
            segment_timestamps=False,
            unmapped_segments=False,
            metadata=False,
            newline=False,
        ),
        inputs=(Input(name="profiles", jsonl=Jsonl(path="profiles/")),),
        limits=Limits(line_bytes=1048576, depth=32, identities=100, id_chars=1024, future_h=24),
        delivery=Delivery(
            max_in_flight=16,
            linger_ms=100,
            oversize="dead_letter",
            give_up_s=900,
            supersede=False,
        ),
        rejects=Rejects(path="rejects/", max_bytes=1073741824),
        dead_letters=DeadLetters(path="dead-letters/", max_bytes=1073741824),
        state=State(path="state/", epoch_s=5),
    )

    assert expected == msgspec.convert(MINIMAL, Destination)


def test_a_segment_defaults_to_the_segmentation_service() -> None:
    """A segment needs its id alone; its namespace is `ups`, and its details are unknown."""
    expected = Segment(
        id="7841ba61",
        namespace="ups",
        name=None,
        created_at=None,
        updated_at=None,
        mapping_created_at=None,
        mapping_updated_at=None,
    )

    assert expected == Segment(id="7841ba61")


def test_identity_namespaces_are_kept_in_lower_case() -> None:
    """However a namespace is written, it is stored in lower case; paths keep their case."""
    identities = Identities(
        key="CRMID",
        fields={"CrmId": "_acme.customerId"},
        hash={"Email": "Email_LC_SHA256"},
        export=("CRMID", "Email_LC_SHA256"),
    )

    assert "crmid" == identities.key
    assert {"crmid": "_acme.customerId"} == identities.fields
    assert {"email": "email_lc_sha256"} == identities.hash
    assert ("crmid", "email_lc_sha256") == identities.export


def test_mapped_segments_are_pairs_and_all_is_none() -> None:
    """A segment is mapped by namespace and id together; `all` maps whatever comes."""
    segments = (Segment(id="1"), Segment(id="1", namespace="AAM"))

    expected = frozenset({("ups", "1"), ("AAM", "1")})
    assert expected == Activation(segments=segments, attributes=()).mapped
    assert Activation(segments="all", attributes=()).mapped is None


@pytest.mark.parametrize(
    "keys",
    [
        ("nmae",),
        *((section, "extra") for section in ("account", "stream", "identities", "activation")),
        *((section, "extra") for section in ("triggers", "message", "limits", "delivery")),
        *((section, "extra") for section in ("rejects", "dead_letters", "state")),
        ("stream", "arn"),
        ("account", "role_arn"),
        ("delivery", "linger_s"),
        ("rejects", "when_full"),
    ],
)
def test_no_section_takes_an_unknown_key(keys: tuple[str, ...]) -> None:
    """A key that does not exist, or that this version does not honour, is refused everywhere."""
    with pytest.raises(msgspec.ValidationError, match=f"unknown field `{keys[-1]}`"):
        msgspec.convert(with_value("x", *keys), Destination)


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        ("leads\n", ("name",)),
        ("", ("name",)),
        ("l" * 129, ("stream", "name")),
        ("leads\n", ("stream", "name")),
        ("leads/all", ("stream", "name")),
        ("plain", ("stream", "partition_key")),
        ("us-east-1.example.com/", ("account", "region")),
        ("https://user:canary@example.com", ("account", "endpoint_url")),
        ("https://example.com/path", ("account", "endpoint_url")),
        ("https://example.com?query", ("account", "endpoint_url")),
        ("http://127.0.0.1\\@example.com", ("account", "endpoint_url")),
        ("ftp://example.com", ("account", "endpoint_url")),
        ("crm id", ("identities", "key")),
        ("crm:id", ("identities", "key")),
        (["person..name"], ("activation", "attributes")),
        (["person.name "], ("activation", "attributes")),
        (["person\n"], ("activation", "attributes")),
        ([""], ("activation", "attributes")),
        ([{"name": "wake", "jsonl": {"path": "x"}}], ("inputs",)),
        ([{"name": "retry", "jsonl": {"path": "x"}}], ("inputs",)),
        ([{"name": "-x", "jsonl": {"path": "x"}}], ("inputs",)),
        ([{"name": "X", "jsonl": {"path": "x"}}], ("inputs",)),
        ([{"name": "x", "jsonl": {"path": ""}}], ("inputs",)),
        (0, ("limits", "line_bytes")),
        (201, ("limits", "depth")),
        (0, ("limits", "identities")),
        (-1, ("limits", "id_chars")),
        (True, ("limits", "future_h")),
        (1.5, ("limits", "future_h")),
        (0, ("delivery", "give_up_s")),
        (0, ("delivery", "max_in_flight")),
        (65, ("delivery", "max_in_flight")),
        (-1, ("delivery", "linger_ms")),
        (10_001, ("delivery", "linger_ms")),
        ("drop", ("delivery", "oversize")),
        (["notes"], ("delivery", "oversize")),
        ({"drop": ["a..b"]}, ("delivery", "oversize")),
        ({"drop": [], "keep": []}, ("delivery", "oversize")),
        (1, ("delivery", "supersede")),
        (0, ("rejects", "max_bytes")),
        ("-", ("rejects", "path")),
        ("a\0b", ("state", "path")),
        (0, ("state", "epoch_s")),
        (float("nan"), ("state", "epoch_s")),
        (float("inf"), ("state", "epoch_s")),
    ],
)
def test_a_value_of_the_wrong_form_is_refused(value: object, keys: tuple[str, ...]) -> None:
    """The types alone keep out values that cannot be used, final line breaks included."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(with_value(value, *keys), Destination)


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        ("l" * 128, ("stream", "name")),
        ("Leads_2.all-0", ("stream", "name")),
        ("https://vpce-1.kinesis.us-east-1.vpce.amazonaws.com", ("account", "endpoint_url")),
        ("http://[::1]:4567/", ("account", "endpoint_url")),
        (["_acme.loyalty.tier", "person"], ("activation", "attributes")),
        ([{"name": "wake-up", "jsonl": {"path": "-"}}], ("inputs",)),
        ([{"name": "0_a", "jsonl": {"path": "My profiles"}}], ("inputs",)),
        (200, ("limits", "depth")),
        (1, ("delivery", "max_in_flight")),
        (64, ("delivery", "max_in_flight")),
        (0, ("delivery", "linger_ms")),
        (10_000, ("delivery", "linger_ms")),
        ("fail", ("delivery", "oversize")),
        ({"drop": ["person.name.firstName"]}, ("delivery", "oversize")),
        (0.25, ("state", "epoch_s")),
    ],
)
def test_a_value_at_the_edge_of_its_form_is_taken(value: object, keys: tuple[str, ...]) -> None:
    """What is just allowed is allowed."""
    assert isinstance(msgspec.convert(with_value(value, *keys), Destination), Destination)
