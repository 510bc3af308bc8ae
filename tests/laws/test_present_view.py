"""The invariant of the export policy: the last message of a qualified profile shows its view."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from flows.destination import Destination
from flows.profile.exporter import Exporter
from flows.profile.fragment import Fragment
from flows.profile.merge import EMPTY, Profile
from tests.judges.broken_lines import streams
from tests.judges.lines import destinations
from tests.laws.test_decoder_and_oracle import read


def view(message: bytes, ended: frozenset[tuple[str, str]] = frozenset()) -> Any:
    """What a message shows, without what alone never sends it, and without what a delete ended."""
    shown = json.loads(message)
    shown.pop("_export", None)
    memberships = {
        (namespace, id_): membership["status"]
        for namespace, segments in shown.pop("segmentMembership", {}).items()
        for id_, membership in segments.items()
        if (namespace, id_) not in ended
    }
    return shown, memberships


@given(st.data())
def test_the_last_message_of_a_qualified_profile_shows_its_present_view(
    data: st.DataObject,
) -> None:
    """When input ends, nothing that a receiver should see is unsent."""
    plain = data.draw(destinations())
    plain["message"]["unmapped_segments"] = False  # what is not mapped rides along unannounced
    destination = msgspec.convert(plain, Destination)
    exporter = Exporter(destination)
    profiles: dict[str, Profile] = {}
    last: dict[str, bytes] = {}
    for line in data.draw(streams(plain)):
        for fragment in read(exporter, destination, line):
            if isinstance(fragment, Fragment):
                step = exporter.apply(profiles.get(fragment.key, EMPTY), fragment)
                profiles[fragment.key] = step.after
                if step.message:
                    last[fragment.key] = step.message
    for key, profile in profiles.items():
        if present := exporter.again(key, profile).message:
            shown = json.loads(last[key]).get("segmentMembership", {})
            ended = frozenset(
                (namespace, id_)
                for namespace, segments in shown.items()
                for id_, membership in segments.items()
                if membership["status"] == "exited" and (namespace, id_) not in profile.memberships
            )
            assert view(present) == view(last[key], ended)


@given(st.data())
def test_a_message_is_compact_and_survives_a_round_trip(data: st.DataObject) -> None:
    """Decoding and encoding a message again gives the same bytes."""
    plain = data.draw(destinations())
    destination = msgspec.convert(plain, Destination)
    exporter = Exporter(destination)
    profile = EMPTY
    for line in data.draw(streams(plain)):
        for fragment in read(exporter, destination, line):
            if isinstance(fragment, Fragment):
                step = exporter.apply(profile, fragment)
                profile = step.after
                message = step.message.removesuffix(b"\n")
                if message:
                    assert message == msgspec.json.encode(msgspec.json.decode(message))
