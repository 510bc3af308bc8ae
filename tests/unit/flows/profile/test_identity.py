"""Identities: hashing, which are kept, and the one a fragment is keyed by.

The digests are what `printf '%s' TEXT | sha256sum` prints, of the text that the published rule
makes of the id (experience-platform.en, help/identity-service/features/namespaces.md).
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from flows.destination import Identities, Limits
from flows.profile.identity import IdentityMap, IdentityReader, hash_id, partition_key
from flows.profile.reject import Rejected

JANE = "22fff12b355cb9cb6303835fe8227cbb155ee22d300caccba72b326d1a6fb98a"
ELAN = "28230233aa6d65cc23adb32365516c309d77fd874572186b2c52bb53c4ed6c86"
PHONE_PLUS = "40d3f4e02db27d66cf4cfdda506c2c945f115a7955cc8491dda98ce5beabcda0"
PHONE_DIGITS = "5e7ec4c79ccac6e420876e65ad0e6b4b2ccf73ec3dccb50297bf2890a1ec73b9"

HASHED = [
    ("email_lc_sha256", "jane.roe@example.com", JANE),
    ("email_lc_sha256", " Jane.Roe@Example.COM\t", JANE),
    ("email_lc_sha256", "ÉLAN@x.fr", ELAN),
    ("email_lc_sha256", JANE, JANE),
    ("email_lc_sha256", JANE.upper(), JANE),
    ("phone_sha256_e.164", "+14155550100", PHONE_PLUS),
    ("phone_sha256_e.164", " +1 (415) 555-01.00 ", PHONE_PLUS),
    ("phone_sha256_e.164", PHONE_PLUS, PHONE_PLUS),
    ("phone_sha256", "+14155550100", PHONE_DIGITS),
    ("phone_sha256", "+1-415-555-0100", PHONE_DIGITS),
]

NO_PHONES = [
    "14155550100",
    "0014155550100",
    "+0155550100",
    "+123456",
    "+1234567890123456",
    "+",
    "x",
]
NO_PHONES += ["+1415555010a", "+1/415/555/0100", "+١٤١٥٥٥٥٠١٠٠", "(415) 555-0100"]

C1, C2 = {"id": "c1"}, {"id": "c2"}
C2_PRIMARY = {"id": "c2", "primary": True}


def read(
    identity_map: dict[str, Any],
    *,
    fields: tuple[tuple[str, str], ...] = (),
    limits: Limits | None = None,
    **rules: Any,
) -> tuple[str, list[tuple[str, str]]]:
    """Read an identityMap by some rules; the key is `crmid` unless they say otherwise."""
    identities = msgspec.convert({"key": "crmid"} | rules, Identities)
    given = msgspec.json.decode(json.dumps(identity_map).encode(), type=IdentityMap)
    key, kept = IdentityReader(identities, limits or Limits()).read(given, fields)
    return key, sorted(set(kept))


def refusal(identity_map: dict[str, Any], **rules: Any) -> tuple[str, str]:
    """Give the reason and the detail that an identityMap is refused with."""
    with pytest.raises(Rejected) as caught:
        read(identity_map, **rules)
    return caught.value.reason, caught.value.detail


@pytest.mark.parametrize(("target", "clear", "digest"), HASHED)
def test_an_id_is_hashed_as_published(target: str, clear: str, digest: str) -> None:
    """Trimmed, lower case, a phone without punctuation; what is a digest already stays one."""
    assert digest == hash_id(target, clear)


@pytest.mark.parametrize("target", ["phone_sha256", "phone_sha256_e.164"])
@pytest.mark.parametrize("clear", NO_PHONES)
def test_a_phone_that_is_not_e164_is_refused(target: str, clear: str) -> None:
    """Seven to fifteen digits after a plus sign, the first not zero; else nothing is guessed."""
    with pytest.raises(Rejected) as caught:
        hash_id(target, clear)
    assert "phone_not_e164" == caught.value.reason
    assert clear not in caught.value.detail


def test_a_partition_key_is_half_a_digest_or_the_identity_in_clear() -> None:
    """128 bits of SHA-256 over `namespace:id`, as 32 hex digits."""
    assert "af69c246d3fd77cce79a35576abab743" == partition_key("crmid", "c1", clear=False)
    assert "2bb51625f413b84e443609915170c0cf" == partition_key("ecid", "42", clear=False)
    assert "crmid:c1" == partition_key("crmid", "c1", clear=True)


def test_namespaces_compare_without_case_and_come_out_lower_case() -> None:
    """However a namespace is written, its ids are of one namespace."""
    given = {"CRMID": [C1], "ECID": [{"id": "e1"}], "eCid": [{"id": "E1"}]}

    assert ("c1", [("crmid", "c1"), ("ecid", "E1"), ("ecid", "e1")]) == read(given)


def test_null_and_empty_mean_absent() -> None:
    """Null lists, null entries and empty ids say nothing."""
    given = {"CRMID": [None, {"id": None}, {"id": ""}, {}, C1], "ECID": None, "GAID": [], "": [C2]}

    assert ("c1", [("crmid", "c1")]) == read(given)


def test_the_same_id_twice_is_one() -> None:
    """Only distinct ids make a key ambiguous."""
    assert ("c1", [("crmid", "c1")]) == read({"CRMID": [C1, C1], "crmid": [C1]})


def test_of_several_ids_the_primary_one_is_the_key() -> None:
    """The mark decides between ids of the key namespace; marks elsewhere do not count."""
    kept = [("crmid", "c1"), ("crmid", "c2"), ("ecid", "c1")]
    given = {"CRMID": [C1, C2_PRIMARY], "ECID": [{"id": "c1", "primary": True}]}

    assert ("c2", kept) == read(given)


def test_none_or_two_primary_ids_are_ambiguous() -> None:
    """The detail counts, and names no id."""
    none = "2 ids in namespace crmid, 0 of them marked primary"
    both = "2 ids in namespace crmid, 2 of them marked primary"

    assert ("ambiguous_key", none) == refusal({"CRMID": [C1, C2]})
    assert ("ambiguous_key", both) == refusal({"CRMID": [C1 | {"primary": True}, C2_PRIMARY]})


def test_without_a_key_the_namespaces_present_are_named() -> None:
    """Sorted, each once, and no id among them."""
    given = {"GAID": [C1, C2], "ecid": [C1], "CRMID": [{"id": ""}]}

    assert ("no_key_identity", "no id in namespace crmid; present: ecid, gaid") == refusal(given)
    assert ("no_key_identity", "no id in namespace crmid; present: none") == refusal({})


def test_a_field_can_hold_the_key() -> None:
    """An identity from an attribute counts as one from the identityMap."""
    kept = [("crmid", "c7"), ("ecid", "e1")]

    assert ("c7", kept) == read({"ECID": [{"id": "e1"}]}, fields=(("crmid", "c7"),))
    assert "ambiguous_key" == refusal({"CRMID": [C1]}, fields=(("crmid", "c7"),))[0]


def test_a_hashed_clear_id_is_not_kept() -> None:
    """The digest takes its place, unless the clear namespace is exported by name."""
    given = {"CRMID": [C1], "Email": [{"id": "Jane.Roe@example.com"}]}
    rules: dict[str, Any] = {"hash": {"Email": "Email_LC_SHA256"}}
    digest = ("email_lc_sha256", JANE)
    clear = ("email", "Jane.Roe@example.com")

    assert ("c1", [("crmid", "c1"), digest]) == read(given, **rules)
    assert ("c1", [("crmid", "c1"), clear, digest]) == read(given, **rules, export=["email"])


def test_an_id_of_blanks_alone_is_not_hashed() -> None:
    """Else everybody without an address would share one."""
    given = {"CRMID": [C1], "Email": [{"id": "  "}]}

    assert ("c1", [("crmid", "c1")]) == read(given, hash={"email": "email_lc_sha256"})


def test_a_digest_can_be_the_key_and_keeps_its_primary_mark() -> None:
    """The clear and the hashed form meet, and the mark of the clear id is that of its digest."""
    rules: dict[str, Any] = {"key": "email_lc_sha256", "hash": {"email": "email_lc_sha256"}}
    both = [("email_lc_sha256", JANE), ("email_lc_sha256", ELAN)]
    jane, elan = {"id": "jane.roe@example.com"}, {"id": "élan@x.fr"}

    assert (JANE, both[:1]) == read({"Email": [jane], "Email_LC_SHA256": [{"id": JANE}]}, **rules)
    assert (ELAN, both) == read({"Email": [jane, elan | {"primary": True}]}, **rules)
    assert "ambiguous_key" == refusal({"Email": [jane, elan]}, **rules)[0]


def test_the_bounds_are_inclusive() -> None:
    """As many identities and characters as the limit says are taken, one more is refused."""
    limits = Limits(identities=2, id_chars=3)
    long, longer = {"id": "éüc"}, {"id": "éüc4"}

    assert "éüc" == read({"CRMID": [long], "ECID": [C1]}, limits=limits)[0]
    assert ("too_many_identities", "more than 2") == refusal(
        {"CRMID": [C1], "ECID": [C1, C2]}, limits=limits
    )
    assert ("id_too_long", "an id has more than 3 characters") == refusal(
        {"CRMID": [longer]}, limits=limits
    )
    assert "id_too_long" == refusal({}, fields=(("crmid", "1234"),), limits=limits)[0]


def test_the_first_reason_that_holds_is_named() -> None:
    """Too many, then too long, then no phone, then no key."""
    rules = {"hash": {"phone": "phone_sha256"}, "limits": Limits(identities=2, id_chars=8)}
    phone, long = {"id": "12345"}, {"id": "123456789"}

    assert "too_many_identities" == refusal({"Phone": [phone, long, C1]}, **rules)[0]
    assert "id_too_long" == refusal({"Phone": [phone, long]}, **rules)[0]
    assert "phone_not_e164" == refusal({"Phone": [phone]}, **rules)[0]


@pytest.mark.parametrize(
    "identity_map",
    [
        {"CRMID": [C1]},
        {"CRMID": [C1], "ECID": [C2, C2]},
        {"crmid": [C1], "CRMID": []},
        {"CRMID": [C1], "crmid": [C1]},
        {"CRMID": [C1, C2_PRIMARY]},
        {"CRMID": [None, C1]},
        {"CRMID": [{"id": ""}], "crmid": [C1]},
    ],
)
def test_the_short_cut_gives_the_key_or_leaves_it_to_the_long_way(
    identity_map: dict[str, Any],
) -> None:
    """What `only_key` gives is what `read` gives."""
    given = msgspec.json.decode(json.dumps(identity_map).encode(), type=IdentityMap)
    reader = IdentityReader(Identities(key="crmid"), Limits())

    assert reader.only_key(given) in {reader.read(given)[0], None, ""}
