"""The message: hand-written bytes, whatever stands in the names and whichever parts are there."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest

from flows.profile.merge import EMPTY, Profile
from flows.profile.message import MessageEncoder
from flows.profile.policy import Export
from tests.support.made import destination, merged, said

SECOND = 1_000_000
PERCENTS = "%s %% %b %(x)s %"


def encode(profile: Profile, **sections: Any) -> str:
    """Give the message of a profile that goes out because of a membership, at second 1."""
    encoder = MessageEncoder(destination(**sections))
    return encoder.encode("c1", Export(("membership",), profile), SECOND, 7).decode()


def activation(segments: Any, attributes: list[str] | None = None, **more: Any) -> dict[str, Any]:
    """Give the section of that name."""
    return {"segments": segments, "attributes": attributes or [], **more}


def test_a_message_is_compact_and_in_the_order_of_the_configuration() -> None:
    """Attributes as mapped, memberships as mapped, identities by namespace and id."""
    profile = merged(
        said(SECOND, {"name": '"Ann"', "tier": '"gold"'}, {"s2": "exited", "s1": "realized"}),
        said(0, identities=(("ecid", "e2"), ("ecid", "e1"), ("aaid", "z"))),
    )

    assert (
        '{"tier":"gold","name":"Ann","segmentMembership":{"ups":{'
        '"s1":{"lastQualificationTime":"1970-01-01T00:00:01Z","status":"realized"},'
        '"s2":{"lastQualificationTime":"1970-01-01T00:00:01Z","status":"exited"}}},'
        '"identityMap":{"aaid":[{"id":"z"}],"crmid":[{"id":"c1"}],'
        '"ecid":[{"id":"e1"},{"id":"e2"}]}}'
    ) == encode(profile)


def test_what_is_absent_is_left_out() -> None:
    """No part is there without anything in it."""
    assert "{}" == encode(EMPTY)
    assert '{"tier":1}' == encode(merged(said(0, {"tier": "1"}, identities=())))
    assert '{"identityMap":{"crmid":[{"id":"c1"}]}}' == encode(merged(said(0)))


def test_paths_that_part_late_share_their_objects() -> None:
    """Nested objects come in the order of first appearance, and only those that hold something."""
    paths = ["p.n.last", "x", "p.n.first", "p.year", "q.r"]
    mapped = activation([{"id": "s1"}], paths)

    def of(**values: str) -> str:
        held = {path.replace("_", "."): value for path, value in values.items()}
        return encode(merged(said(0, held, identities=())), activation=mapped)

    assert '{"p":{"n":{"last":1,"first":2},"year":3},"x":4,"q":{"r":5}}' == of(
        p_n_last="1", p_n_first="2", p_year="3", x="4", q_r="5"
    )
    assert '{"p":{"year":3},"q":{"r":5}}' == of(p_year="3", q_r="5")
    assert '{"x":{"n":[null,{}]}}' == of(x='{"n":[null,{}]}')


def test_percent_signs_stay_what_they_are() -> None:
    """In names of attributes, namespaces, ids, names of segments, and in values."""
    path = "%s.100%.%(x)s"
    segment = {"id": PERCENTS, "namespace": "%d", "name": PERCENTS}
    profile = merged(
        said(
            0,
            {path: json.dumps(PERCENTS)},
            {f"%d/{PERCENTS}": "realized", "%%/%b": "exited"},
            identities=(("%i", PERCENTS),),
        )
    )
    text = encode(
        profile,
        activation=activation([segment], [path], keep_unmapped=True),
        message={"segment_names": True, "unmapped_segments": True},
    )

    time = '"lastQualificationTime":"1970-01-01T00:00:00Z"'
    assert (
        '{"%s":{"100%":{"%(x)s":"%s %% %b %(x)s %"}},'
        f'"segmentMembership":{{"%d":{{"%s %% %b %(x)s %":{{{time},"status":"realized",'
        '"name":"%s %% %b %(x)s %"}},'
        f'"%%":{{"%b":{{{time},"status":"exited"}}}}}},'
        '"identityMap":{"%i":[{"id":"%s %% %b %(x)s %"}]}}'
    ) == text


def test_names_are_escaped_as_json() -> None:
    """Quotes, backslashes and control characters; letters of any script stay UTF-8."""
    odd = 'a"b\\cé\U0001f600'
    profile = merged(said(0, {odd: "1"}, {f"{odd}/{odd}": "realized"}, identities=((odd, "\n\0"),)))
    text = encode(profile, activation=activation("all", [odd]))

    written = r'"a\"b\\cé' + '\U0001f600"'
    assert text.startswith(f'{{{written}:1,"segmentMembership":{{{written}:{{{written}:{{"last')
    assert text.endswith(f'"identityMap":{{{written}:[{{"id":"' + r"\n\u0000" + '"}]}}')


def test_the_layout_follows_what_a_profile_holds() -> None:
    """One encoder, every subset of attributes, memberships and identities, forth and back."""
    encoder = MessageEncoder(
        destination(activation=activation([{"id": each} for each in "cab"], ["z", "y.b", "y.a"]))
    )
    attributes = {"z": "1", "y.b": "2", "y.a": "3"}
    subsets = [
        chosen
        for size in range(4)
        for chosen in combinations(sorted(attributes) + list("abc"), size)
    ]
    for chosen in subsets + subsets[::-1]:
        held = {path: attributes[path] for path in attributes if path in chosen}
        statuses = {id_: "exited" for id_ in "cab" if id_ in chosen}
        profile = merged(said(0, held, statuses, identities=()))

        expected: dict[str, Any] = {"z": 1} if "z" in held else {}
        if {"y.a", "y.b"} & held.keys():
            expected["y"] = {path[2:]: int(held[path]) for path in ("y.b", "y.a") if path in held}
        if statuses:
            one = {"lastQualificationTime": "1970-01-01T00:00:00Z", "status": "exited"}
            expected["segmentMembership"] = {"ups": dict.fromkeys(statuses, one)}
        found = encoder.encode("c1", Export(("membership",), profile), 0, 0)
        assert json.dumps(expected, separators=(",", ":")) == found.decode()


def test_more_layouts_than_are_kept_are_written_as_well() -> None:
    """After 5,000 different sets of segments the first ones come out as before."""
    encoder = MessageEncoder(destination(activation=activation("all")))

    def message(number: int) -> bytes:
        held = {f"s{bit:02}": "realized" for bit in range(13) if number >> bit & 1}
        return encoder.encode("c1", Export(("membership",), said(0, {}, held)), 0, 0)

    first = [message(number) for number in range(1, 60)]
    for number in range(60, 5_000):
        message(number)

    assert first == [message(number) for number in range(1, 60)]
    assert (
        b'{"segmentMembership":{"ups":{'
        b'"s00":{"lastQualificationTime":"1970-01-01T00:00:00Z","status":"realized"},'
        b'"s01":{"lastQualificationTime":"1970-01-01T00:00:00Z","status":"realized"}}},'
        b'"identityMap":{"crmid":[{"id":"c1"}]}}'
    ) == first[2]


def test_details_of_a_segment_come_in_one_order_and_only_if_configured() -> None:
    """The four times in milliseconds, then the name; zero is a time; unmapped ones have none."""
    segment = {"id": "s1", "name": "Likely", "mapping_updated_at": 4, "created_at": 0}
    profile = merged(said(0, {}, {"s1": "realized", "s9": "realized"}, identities=()))
    mapped = activation([segment], keep_unmapped=True)
    time = '"lastQualificationTime":"1970-01-01T00:00:00Z","status":"realized"'

    def of(**toggles: bool) -> str:
        toggles["unmapped_segments"] = True
        return encode(profile, activation=mapped, message=toggles)

    def expected(details: str) -> str:
        return f'{{"segmentMembership":{{"ups":{{"s1":{{{time}{details}}},"s9":{{{time}}}}}}}}}'

    assert expected("") == of()
    assert expected(',"name":"Likely"') == of(segment_names=True)
    assert expected(',"createdAt":0,"mappingUpdatedAt":4') == of(segment_timestamps=True)
    assert expected(',"createdAt":0,"mappingUpdatedAt":4,"name":"Likely"') == of(
        segment_names=True, segment_timestamps=True
    )


def test_only_exported_namespaces_are_shown() -> None:
    """`identities.export` picks; if nothing is left there is no identityMap."""
    profile = merged(said(0, {"tier": "1"}, identities=(("crmid", "c1"), ("ecid", "e1"))))

    assert '{"tier":1,"identityMap":{"ecid":[{"id":"e1"}]}}' == encode(
        profile, identities={"key": "crmid", "export": ["ECID"]}
    )
    assert '{"tier":1}' == encode(profile, identities={"key": "crmid", "export": ["gaid"]})


def test_a_line_feed_ends_the_message_if_asked_for() -> None:
    """One, after the closing brace."""
    assert '{"identityMap":{"crmid":[{"id":"c1"}]}}\n' == encode(
        merged(said(0)), message={"newline": True}
    )


def test_metadata_comes_last() -> None:
    """Thirty-two hex digits, the reasons in order, and the time of the fragment."""
    text = encode(merged(said(0)), message={"metadata": True})

    head, _, tail = text.partition(',"_export":{"id":"')
    assert '{"identityMap":{"crmid":[{"id":"c1"}]}' == head
    assert '","reasons":["membership"],"at":"1970-01-01T00:00:01Z"}}' == tail[32:]
    assert 0 <= int(tail[:32], 16) < 2**128


@pytest.mark.parametrize("change", ["destination", "key", "time", "ordinal", "content"])
def test_the_id_of_a_message_is_that_of_its_cause_and_content(change: str) -> None:
    """The same fragment gives the same id again; another one, or another text, another id."""

    def id_of(change: str) -> str:
        name = "other" if change == "destination" else "trial"
        encoder = MessageEncoder(destination(name=name, message={"metadata": True}))
        profile = said(0, {"tier": "2" if change == "content" else "1"})
        message = encoder.encode(
            "c2" if change == "key" else "c1",
            Export(("attribute",), profile),
            1 if change == "time" else 0,
            1 if change == "ordinal" else 0,
        )
        return str(json.loads(message)["_export"]["id"])

    assert id_of("nothing") == id_of("nothing")
    assert id_of("nothing") != id_of(change)


@pytest.mark.parametrize(
    ("newer", "version"),
    [
        (said(5, {"tier": "1"}, ordinal=3), (5, 3)),
        (said(5, {}, {"s1": "exited"}, ordinal=3, identities=()), (5, 3)),
        (said(4, {}, {"s1": "exited"}, ordinal=9), (4, 9)),
        (said(4, {}, ordinal=9), (4, 7)),
        (said(5, identities=(("crmid", "c2"),), ordinal=3), (5, 0)),
        (said(5, identities=(("ecid", "e1"),), ordinal=3), (4, 7)),
        (said(5, {"city": "1"}, identities=(), ordinal=3), (4, 7)),
        (said(5, {}, {"s9": "realized"}, identities=(), ordinal=3), (4, 7)),
    ],
    ids=[
        *("attribute", "membership", "tie", "identity-tie", "identity"),
        *("not-exported", "unmapped-attribute", "unmapped-segment"),
    ],
)
def test_the_newest_version_is_that_of_something_shown(
    newer: Profile, version: tuple[int, int]
) -> None:
    """At 4 and place 7 the profile entered; what came later counts if a message shows it."""
    encoder = MessageEncoder(destination(identities={"key": "crmid", "export": ["crmid"]}))
    profile = merged(said(4, {"name": "1"}, {"s1": "realized"}, ordinal=7), newer)

    assert version == encoder.newest_version(profile)


def test_what_was_dropped_is_named_last() -> None:
    """Alone in `_export`, or after the metadata, whose id is that of the rest."""

    def of(*dropped: str, metadata: bool) -> str:
        encoder = MessageEncoder(destination(message={"metadata": metadata}))
        export = Export(("attribute",), merged(said(0)))
        return encoder.encode("c1", export, 0, 0, dropped).decode()

    head = '{"identityMap":{"crmid":[{"id":"c1"}]}'
    assert head + ',"_export":{"dropped":["tier"]}}' == of("tier", metadata=False)
    plain = of(metadata=True)
    assert plain.removesuffix("}}") + ',"dropped":["tier","name"]}}' == (
        of("tier", "name", metadata=True)
    )
