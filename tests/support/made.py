"""Destinations and profiles, each made of the few words that a test is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from flows.destination import Destination
from flows.profile.entry import membership, pack_version
from flows.profile.merge import EMPTY, NEVER, NamespacedId, Profile, merge

_MINIMAL = {
    "name": "trial",
    "stream": {"name": "leads"},
    "identities": {"key": "crmid"},
    "activation": {"segments": [{"id": "s1"}, {"id": "s2"}], "attributes": ["tier", "name"]},
    "inputs": [{"name": "profiles", "jsonl": {"path": "profiles.jsonl"}}],
}


def destination(**sections: Any) -> Destination:
    """Give a destination with some sections of its own, in the words of the configuration file.

    The rest: key `crmid`, segments `s1` and `s2` of `ups`, attributes `tier` and `name`.
    """
    return msgspec.convert(_MINIMAL | sections, Destination)


def said(
    time: int,
    attributes: Mapping[str, str] | None = None,
    memberships: Mapping[str, str] | None = None,
    *,
    identities: tuple[NamespacedId, ...] = (("crmid", "c1"),),
    ordinal: int = 0,
) -> Profile:
    """Give what a fragment of this version says.

    Args:
        time: microseconds UTC, of the version and of each membership.
        attributes: by path, a JSON text.
        memberships: by `id` (of `ups`) or `namespace/id`, a status.
        identities: those it names.
        ordinal: of the version.
    """
    version = pack_version(time, ordinal)
    return Profile(
        NEVER,
        {path: version + value.encode() for path, value in (attributes or {}).items()},
        {
            segment_of(text): membership(time, version, exited=status == "exited")
            for text, status in (memberships or {}).items()
        },
        dict.fromkeys(identities, time),
    )


def deleted(time: int) -> Profile:
    """Give what a delete at that time says."""
    return Profile(time, {}, {}, {})


def merged(*contents: Profile) -> Profile:
    """Give the profile that comes of fragments."""
    profile = EMPTY
    for content in contents:
        profile = merge(profile, content)
    return profile


def segment_of(text: str) -> NamespacedId:
    """Give (namespace, id) of `id` or `namespace/id`."""
    namespace, _, id_ = text.rpartition("/")
    return namespace or "ups", id_
