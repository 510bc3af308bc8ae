"""The slow, clear reading of what the export must do: sort everything, then fold.

Promises, from the published rules alone, the profiles that any order of the same fragments ends
in, and for each fragment in arrival order the decision and the exact bytes exported. Every prefix
is settled anew: no incremental merge to share a mistake with. Leaves out the partition key, and
the digest in `_export.id`, whose input bytes are not published: it is all zeros here, and
`mask_export_id` brings a real message to the same form. Imports nothing of the project.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.judges.plan import Pair, Plan, Segment, settle
from tests.judges.profiles import IDENTITY_BOUND, Profile, View, fold, view_of
from tests.judges.reading import BATCH_STEP, Fragment, Line, Reject, judge_line
from tests.judges.values import encode, written

__all__ = [
    "BATCH_STEP",
    "IDENTITY_BOUND",
    "NO_EXPORT_ID",
    "RECORD_BYTES",
    "Decision",
    "Export",
    "Fragment",
    "Line",
    "Profile",
    "Reject",
    "Skip",
    "View",
    "backfill",
    "final_profiles",
    "judge_line",
    "judge_lines",
    "mask_export_id",
    "replay",
    "view",
]

RECORD_BYTES = 1_048_576
"""Data and partition key of a record that any Kinesis stream takes (API_PutRecordsRequestEntry)."""

NO_EXPORT_ID = "0" * 32
"""Stands for the digest in `_export.id`."""


@dataclass(frozen=True)
class Export:
    """A message goes out, for these reasons, as these bytes."""

    reasons: tuple[str, ...]
    message: dict[str, Any]
    data: bytes


@dataclass(frozen=True)
class Skip:
    """No message: `unchanged` (same_value, stale) or `filtered` (unmapped, not_qualified)."""

    outcome: str
    reason: str


Decision = Export | Skip


def judge_lines(destination: Mapping[str, Any], lines: Iterable[Line]) -> list[Fragment | Reject]:
    """The fragments and rejects of several lines, in order."""
    return [found for line in lines for found in judge_line(destination, line)]


def final_profiles(
    destination: Mapping[str, Any],
    fragments: Iterable[Fragment],
    *,
    identity_bound: int = IDENTITY_BOUND,
) -> dict[str, Profile]:
    """The profile of each key id, whatever the order and repetition of its fragments."""
    del destination  # what is kept was decided when the line was read
    by_key: dict[str, list[Fragment]] = {}
    for fragment in fragments:
        by_key.setdefault(fragment.key, []).append(fragment)
    return {key: fold(own, identity_bound) for key, own in sorted(by_key.items())}


def view(destination: Mapping[str, Any], profile: Profile) -> View:
    """The part of a profile that decides about exports."""
    return view_of(settle(destination), profile)


def replay(
    destination: Mapping[str, Any],
    fragments: Sequence[Fragment],
    *,
    identity_bound: int = IDENTITY_BOUND,
    record_bytes: int = RECORD_BYTES,
) -> list[Decision]:
    """The decision on each fragment, in arrival order, by settling every prefix anew."""
    plan = settle(destination)
    decisions: list[Decision] = []
    for place, fragment in enumerate(fragments):
        earlier = [each for each in fragments[:place] if each.key == fragment.key]
        before = fold(earlier, identity_bound)
        after = fold([*earlier, fragment], identity_bound)
        decisions.append(_decide(plan, fragment, before, after, record_bytes))
    return decisions


def backfill(
    destination: Mapping[str, Any],
    fragments: Iterable[Fragment],
    *,
    segment: str | None = None,
    record_bytes: int = RECORD_BYTES,
) -> dict[str, bytes]:
    """The message of each profile that a backfill exports, by key id: those qualified at the end.

    Its time is the newest of what it shows. With `segment`, the id of a mapped segment, only the
    profiles that are in that one.
    """
    plan = settle(destination)
    messages: dict[str, bytes] = {}
    for key, profile in final_profiles(destination, fragments).items():
        realized = {
            pair[1]
            for pair, status in view_of(plan, profile).statuses.items()
            if status == "realized"
        }
        if realized if segment is None else segment in realized:
            times = [kept[0] for kept in profile.attributes.values()]
            times += [profile.memberships[each.pair][1] for each in _segment_order(plan, profile)]
            times += [
                seen for (space, _), seen in profile.identities.items() if plan.exports(space)
            ]
            newest = Fragment(key, max(times), 0)
            messages[key] = _fitted(plan, profile, newest, ("backfill",), record_bytes).data
    return messages


def mask_export_id(data: bytes) -> bytes:
    """A message with its `_export.id`, which must be 32 hex digits, replaced by zeros."""
    pattern = (
        rb'("_export":\{"id":")[0-9a-f]{32}'
        rb'(","reasons":\[["a-z,]*\],"at":"[^"]*"(?:,"dropped":\[[^\]]*\])?\}\}\n?)\Z'
    )
    return re.sub(pattern, rb"\g<1>" + NO_EXPORT_ID.encode() + rb"\g<2>", data)


def _decide(
    plan: Plan, fragment: Fragment, before: Profile, after: Profile, record_bytes: int
) -> Decision:
    was, now = view_of(plan, before), view_of(plan, after)
    ended = [segment for segment, status in was.statuses.items() if status == "realized"]
    gone = [segment for segment in ended if segment not in now.statuses]  # by a delete alone
    dropped = any(segment not in now.statuses for segment in was.statuses)
    rewritten = plan.unchanged_attributes and before.attributes != after.attributes
    triggers = {
        "membership": any(
            was.statuses.get(segment) != status for segment, status in now.statuses.items()
        ),
        "identity": now.qualified and was.identities != now.identities,
        "attribute": now.qualified and (was.attributes != now.attributes or rewritten),
        "delete": bool(gone) or (now.qualified and dropped),
    }
    reasons = tuple(reason for reason, triggered in triggers.items() if triggered)
    if reasons:
        shown = _shown(fragment, before, after, now, gone)
        return _fitted(plan, shown, fragment, reasons, record_bytes)
    if was != now:
        return Skip("filtered", "not_qualified")
    if not fragment.attributes and not any(map(plan.maps, fragment.memberships)):
        return Skip("filtered", "unmapped")
    return Skip("unchanged", "stale" if _lost(plan, fragment, after) else "same_value")


def _lost(plan: Plan, fragment: Fragment, after: Profile) -> bool:
    """Whether a mapped entry of the fragment is not what the profile holds afterwards."""
    version = (fragment.time_us, fragment.ordinal)
    return any(
        after.attributes.get(path) != (*version, value)
        for path, value in fragment.attributes.items()
    ) or any(
        after.memberships.get(segment) != (last_us, *version, status)
        for segment, (last_us, status) in fragment.memberships.items()
        if plan.maps(segment)
    )


def _shown(
    fragment: Fragment, before: Profile, after: Profile, now: View, gone: Sequence[Pair]
) -> Profile:
    """What the message shows: the profile, and on a delete the segments gone, as exited."""
    if not gone:
        return after
    exit_entry = (fragment.time_us, fragment.time_us, fragment.ordinal, "exited")
    exits = dict.fromkeys(gone, exit_entry)
    identities = after.identities if now.identities or now.qualified else before.identities
    return replace(after, memberships={**after.memberships, **exits}, identities=identities)


def _fitted(
    plan: Plan, shown: Profile, fragment: Fragment, reasons: tuple[str, ...], record_bytes: int
) -> Export:
    """The export without the shortest beginning of `drop` that makes it fit; whole if none does."""
    held = [path for path in plan.drop if path in shown.attributes]
    key_bytes = len(f"{plan.key}:{fragment.key}".encode()) if plan.clear_partition_key else 32
    end = b"\n" if plan.message["newline"] else b""
    exports = []
    for count in range(len(held) + 1):
        kept = {
            path: shown.attributes[path] for path in shown.attributes if path not in held[:count]
        }
        message = _message(plan, replace(shown, attributes=kept), fragment, reasons)
        if count:
            message.setdefault("_export", {})["dropped"] = held[:count]
        exports.append(Export(reasons, message, encode(message) + end))
    fitting = [each for each in exports if len(each.data) + key_bytes <= record_bytes]
    return fitting[0] if fitting else exports[0]


def _message(
    plan: Plan, shown: Profile, fragment: Fragment, reasons: tuple[str, ...]
) -> dict[str, Any]:
    message = _attribute_tree(plan, shown)
    memberships: dict[str, dict[str, Any]] = {}
    for segment in _segment_order(plan, shown):
        last_us, _, _, status = shown.memberships[segment.pair]
        entry = {"lastQualificationTime": written(last_us), "status": status}
        namespace, name = segment.pair
        memberships.setdefault(namespace, {})[name] = {**entry, **_details(plan, segment)}
    if memberships:
        message["segmentMembership"] = memberships
    identity_map: dict[str, list[dict[str, str]]] = {}
    for namespace, name in sorted(shown.identities):
        if plan.exports(namespace):
            identity_map.setdefault(namespace, []).append({"id": name})
    if identity_map:
        message["identityMap"] = identity_map
    if plan.message["metadata"]:
        message["_export"] = {
            "id": NO_EXPORT_ID,
            "reasons": list(reasons),
            "at": written(fragment.time_us),
        }
    return message


def _details(plan: Plan, segment: Segment) -> dict[str, Any]:
    details: dict[str, Any] = dict(segment.times) if plan.message["segment_timestamps"] else {}
    if plan.message["segment_names"] and segment.name is not None:
        details["name"] = segment.name
    return details


def _attribute_tree(plan: Plan, shown: Profile) -> dict[str, Any]:
    """Nested objects; each name stands where the configuration first names it."""
    place: dict[str, int] = {}
    for path in plan.attributes:
        for prefix in _prefixes(path):
            place.setdefault(prefix, len(place))
    tree: dict[str, Any] = {}
    for path in sorted(shown.attributes, key=lambda path: [place[p] for p in _prefixes(path)]):
        *parents, leaf = path.split(".")
        branch = tree
        for name in parents:
            branch = branch.setdefault(name, {})
        branch[leaf] = json.loads(shown.attributes[path][2])
    return tree


def _prefixes(path: str) -> list[str]:
    names = path.split(".")
    return [".".join(names[: count + 1]) for count in range(len(names))]


def _segment_order(plan: Plan, shown: Profile) -> list[Segment]:
    """The memberships a message shows: mapped ones as configured, the others sorted after them.

    A namespace stands where the configuration first names it, whatever it holds here.
    """
    if plan.segments is None:
        return [Segment(pair, None, ()) for pair in sorted(shown.memberships)]
    spaces = list(dict.fromkeys(segment.pair[0] for segment in plan.segments))
    mapped = sorted(plan.segments, key=lambda segment: spaces.index(segment.pair[0]))
    order = [segment for segment in mapped if segment.pair in shown.memberships]
    if plan.message["unmapped_segments"]:
        others = (pair for pair in sorted(shown.memberships) if not plan.maps(pair))
        order.extend(Segment(pair, None, ()) for pair in others)
    places = {space: place for place, space in enumerate(spaces)}
    return sorted(order, key=lambda segment: places.get(segment.pair[0], len(places)))
