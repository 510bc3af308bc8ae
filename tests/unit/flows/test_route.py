"""Route: which fragments go to which lane under which place, and what is kept of the rest."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from flows.batch import Batch
from flows.funnel import Funnel
from flows.lanes import lane_of
from flows.readers import Readers
from flows.rejects import Rejects
from flows.route import Frame, Router
from tests.support.made import destination

LIMITS = {"line_bytes": 120, "depth": 6, "identities": 2, "id_chars": 4}
ARRIVAL = 1_583_270_679_000_000


def of(id_: str, text: str = "") -> bytes:
    """Give a fragment of a key id."""
    return b'{"identityMap":{"CRMID":[{"id":"%b"}]}%b}' % (id_.encode(), text.encode())


def batch(*lines: bytes, line: int = 1, ordinal: int = 0) -> Batch:
    """Give consecutive lines of one file."""
    return Batch("profiles", "in/a.jsonl", ARRIVAL, line, ordinal, list(lines))


def frame(places: list[int], fragments: list[bytes], *, line: int = 1, ordinal: int = 0) -> Frame:
    """Give the frame of such a batch."""
    return Frame("profiles", "in/a.jsonl", ARRIVAL, line, ordinal, places, fragments)


def route(*batches: Batch, **sections: Any) -> tuple[list[tuple[str, Frame]], list[str], int]:
    """Give the frames by lane in their order, the reject lines, and the units received."""
    funnel = Funnel()
    made = destination(**({"limits": LIMITS} | sections))
    frames: list[tuple[str, Frame]] = []
    rejects: list[str] = []
    for key, item in Router(made, Readers(made), funnel).to_lanes(batches):
        if isinstance(item, Rejects):
            assert "rejects" == key
            rejects += [line.decode() for line in item.lines]
        else:
            frames.append((key, item))
    assert funnel.rejected.total() == len(rejects)
    return frames, rejects, funnel.received


def reasons(rejects: Iterable[str]) -> list[str]:
    """Give the reasons of reject lines."""
    return [json.loads(line)["reason"] for line in rejects]


def test_a_lane_gets_one_frame_of_a_batch() -> None:
    """Fragments of one lane travel together, as they came, each with the place of its line."""
    one, two, three = of("c1"), of("c2"), b" \t" + of("c1", ',"tier":"gold"') + b"\r"
    frames, rejects, received = route(batch(one, two, three, line=41, ordinal=40))

    assert lane_of("c1") != lane_of("c2")
    assert [
        (lane_of("c1"), frame([0, 2 << 20], [one, three], line=41, ordinal=40)),
        (lane_of("c2"), frame([1 << 20], [two], line=41, ordinal=40)),
    ] == frames
    assert ([], 3) == (rejects, received)


def test_each_batch_has_frames_of_its_own() -> None:
    """Two batches of one lane are two frames, in order, each with its own first line."""
    frames, _, _ = route(batch(of("c1"), of("c1")), batch(of("c1"), line=3, ordinal=2))

    assert [
        (lane_of("c1"), frame([0, 1 << 20], [of("c1"), of("c1")])),
        (lane_of("c1"), frame([0], [of("c1")], line=3, ordinal=2)),
    ] == frames


def test_a_batch_of_messages_is_split() -> None:
    """Each message is a fragment as it stands, its place that of the line plus its own."""
    first, second = of("c1"), of("c2", ', "tier" : "gold"')
    line = b'{"messages":[' + first + b" , " + second + b" ," + first + b"]}"
    frames, rejects, received = route(batch(of("c1"), line), limits={})

    assert [
        (lane_of("c1"), frame([0, 1 << 20, (1 << 20) + 2], [of("c1"), first, first])),
        (lane_of("c2"), frame([(1 << 20) + 1], [second])),
    ] == frames
    assert ([], 4) == (rejects, received)


def test_a_bad_message_costs_only_itself() -> None:
    """The others of its batch go on; its reject says where in the batch it stood."""
    line = b'{"messages":[' + of("c1") + b',{"tier":"lost"},' + of("c2") + b"]}"
    frames, rejects, received = route(batch(b"", line, line=7), limits={})

    assert [(lane_of("c1"), [1 << 20]), (lane_of("c2"), [(1 << 20) + 2])] == [
        (lane, each.places) for lane, each in frames
    ]
    (reject,) = rejects
    assert (
        '{"input":"profiles","file":"in/a.jsonl","line":8,"index":1,"reason":"no_key_identity",'
        '"detail":"no id in namespace crmid; present: none","bytes":"{\\"tier\\":\\"lost\\"}"}'
    ) == reject
    assert 3 == received


def test_blank_lines_are_passed_over() -> None:
    """They are no fragments and no rejects, but they have their number."""
    frames, rejects, received = route(batch(b"", b" \t\r", of("c1"), b"\v\f"))

    assert [(lane_of("c1"), frame([2 << 20], [of("c1")]))] == frames
    assert ([], 1) == (rejects, received)


BAD_LINES = {
    "line_too_long": of("c1", ',"note":"' + "x" * 120 + '"'),
    "not_utf8": of("c1").replace(b"c1", b"c\xff"),
    "too_deep": of("c1", ',"note":[[[[[[]]]]]]'),
    "not_json": of("c1")[:-1],
    "not_an_object": b"[" + of("c1") + b"]",
    "bad_batch": b'{"messages":[1]}',
    "empty_batch": b'{"messages":[]}',
    "bad_value": b'{"identityMap":{"CRMID":[{"id":1}]}}',
    "too_many_identities": b'{"identityMap":{"E":[{"id":"1"},{"id":"2"},{"id":"3"}]}}',
    "id_too_long": b'{"identityMap":{"E":[{"id":"12345"}]}}',
    "phone_not_e164": b'{"identityMap":{"Phone":[{"id":"1"}]}}',
    "no_key_identity": b'{"identityMap":{"E":[{"id":"1"}]}}',
    "ambiguous_key": b'{"identityMap":{"CRMID":[{"id":"1"},{"id":"2"}]}}',
}


@pytest.mark.parametrize("reason", BAD_LINES)
def test_a_bad_line_costs_only_itself(reason: str) -> None:
    """The lines around it arrive in their places, and it is kept for its reason."""
    identities = {"key": "crmid", "hash": {"phone": "phone_sha256"}}
    lines = batch(of("c1"), BAD_LINES[reason], of("c1"))
    frames, rejects, received = route(lines, identities=identities)

    assert [(lane_of("c1"), frame([0, 2 << 20], [of("c1"), of("c1")]))] == frames
    assert ([reason], 3) == (reasons(rejects), received)


def test_a_reject_says_where_it_stood_and_what_it_was() -> None:
    """Input, file, number of the line, reason, detail and the original, as one line of JSON."""
    rejects = route(
        batch(of("c1"), BAD_LINES["ambiguous_key"], BAD_LINES["empty_batch"], line=12),
        batch(BAD_LINES["too_deep"], BAD_LINES["not_utf8"], line=15),
    )[1]

    at = '{"input":"profiles","file":"in/a.jsonl","line":%d,"index":0,"reason":'
    assert [
        at % 13 + '"ambiguous_key","detail":"2 ids in namespace crmid, 0 of them marked primary",'
        '"bytes":"{\\"identityMap\\":{\\"CRMID\\":[{\\"id\\":\\"1\\"},{\\"id\\":\\"2\\"}]}}"}',
        at % 14 + '"empty_batch","detail":"`messages` is empty","bytes":"{\\"messages\\":[]}"}',
        at % 15 + '"too_deep","detail":"nested deeper than 6","bytes":"{\\"identityMap\\":'
        '{\\"CRMID\\":[{\\"id\\":\\"c1\\"}]},\\"note\\":[[[[[[]]]]]]}"}',
        at % 16 + '"not_utf8","detail":"byte 33 of the line",'
        '"base64":"eyJpZGVudGl0eU1hcCI6eyJDUk1JRCI6W3siaWQiOiJj/yJ9XX19"}',
    ] == rejects


def test_of_an_overlong_line_the_beginning_is_kept() -> None:
    """As many bytes as a line may have, whatever its length, and a mark that it was cut."""
    rejects = route(batch(b"x" * 121, b"[" * 5_000))[1]

    at = '{"input":"profiles","file":"in/a.jsonl","line":%d,"index":0,'
    why = '"reason":"line_too_long","detail":"more than 120 bytes","bytes":"%s","truncated":true}'
    assert [at % 1 + why % ("x" * 120), at % 2 + why % ("[" * 120)] == rejects


def test_a_line_is_read_no_further_than_its_key() -> None:
    """What is wrong elsewhere is for the lane to find, so it is routed."""
    line = of("c1", ',"timestamp":"yesterday","segmentMembership":{"ups":7}')
    frames, rejects, _ = route(batch(line))

    assert [(lane_of("c1"), frame([0], [line]))] == frames
    assert [] == rejects


def test_a_key_from_a_field_or_a_hash_routes_as_well() -> None:
    """The lane is that of the id in the key namespace, however it is come by."""
    field = {"key": "crmid", "fields": {"crmid": "_acme.id"}}
    hashed = {"key": "email_lc_sha256", "hash": {"email": "email_lc_sha256"}}
    jane = b'{"identityMap":{"Email":[{"id":" Jane.Roe@example.com"}]}}'
    digest = "22fff12b355cb9cb6303835fe8227cbb155ee22d300caccba72b326d1a6fb98a"

    assert lane_of("42") == route(batch(b'{"_acme":{"id":42}}'), identities=field)[0][0][0]
    assert lane_of(digest) == route(batch(jane), identities=hashed, limits={})[0][0][0]
