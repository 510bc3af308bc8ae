"""`backfill`: who is sent again, beside what a run does, and what is said when nobody can be."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.support.folder import Folder, fragment, message
from tests.support.program import Ended
from tests.support.streams import Stream

TWO_SEGMENTS = "--set=activation.segments=[{id: s1}, {id: s2}]"
KEEP = "--set=activation.keep_unmapped=true"
METADATA = "--set=message.metadata=true"


def in_s2(id_: str) -> str:
    """Give a line that puts somebody into the segment s2."""
    return fragment(id_, segmentMembership={"ups": {"s2": {"status": "realized"}}})


def people(stream: Stream) -> Counter[str]:
    """Count the messages of each person."""
    found = (json.loads(each)["identityMap"]["crmid"][0]["id"] for each in stream.messages())
    return Counter(found)


def balance(ended: Ended) -> str:
    """Give the line of the report that has the balance."""
    return next(line for line in ended.err.splitlines() if line.startswith("received"))


@pytest.fixture
def ran(folder: Folder, stream: Stream) -> Folder:
    """A folder after a run: c1 and c2 in s1, c3 in s2 alone, which is not mapped, c4 in none."""
    folder.add(
        fragment("c1", tier="gold", status="realized"),
        fragment("c2", tier="silver", status="realized"),
        in_s2("c3"),
        fragment("c4", tier="gold"),
    )
    assert 0 == folder.run("run", *stream.options, KEEP).code
    assert Counter(c1=1, c2=1) == people(stream)
    return folder


def test_all_sends_the_present_message_of_everybody_qualified(ran: Folder, stream: Stream) -> None:
    """Byte for byte what was sent, and counted apart from what the inputs brought: nothing."""
    ended = ran.run("backfill", "--all", *stream.options)
    assert (0, "") == (ended.code, ended.out)
    first, again = stream.messages()[:2], stream.messages()[2:]
    assert [message("c1", "gold"), message("c2", "silver")] == first == sorted(again)
    assert "received 0 + backfilled 2 = rejected 0 + unchanged 0 + filtered 0 + exported 2" == (
        balance(ended)
    )
    assert "  exported   acknowledged 2, dead-lettered 0" in ended.err
    assert "Nothing new" not in ended.err


def test_a_new_segment_is_sent_those_who_are_in_it_already(ran: Folder, stream: Stream) -> None:
    """Mapped after they qualified; the other segment's people are left alone."""
    mapped = (*stream.options, KEEP, TWO_SEGMENTS)
    assert 0 == ran.run("run", *mapped).code
    assert "c3" not in people(stream)
    ended = ran.run("backfill", "--segment", "s2", *mapped)
    assert 0 == ended.code
    assert Counter(c1=1, c2=1, c3=1) == people(stream)


def test_one_identity_is_sent_alone(ran: Folder, stream: Stream) -> None:
    """By the key namespace, in any case."""
    assert 0 == ran.run("backfill", "--identity", "CRMID:c2", *stream.options).code
    assert Counter(c1=1, c2=2) == people(stream)


def test_a_hashed_key_is_asked_for_by_the_clear_id(folder: Folder, stream: Stream) -> None:
    """As `explain` does."""
    folder.add(fragment("c1", status="realized").replace("CRMID", "Email"))
    options = (*stream.options, "--set=identities.key=email_lc_sha256")
    assert 0 == folder.run("run", *options).code
    assert 0 == folder.run("backfill", "--identity", "email: C1 ", *options).code
    assert 2 == len(stream.messages())


def test_a_new_stream_is_filled(ran: Folder, stream: Stream, emulator_url: str) -> None:
    """With everybody, whatever the old one was sent."""
    other = Stream.make(emulator_url)
    assert 0 == ran.run("backfill", "--all", *other.options).code
    assert Counter(c1=1, c2=1) == people(other) == people(stream)


def test_a_backfill_reads_what_is_new_as_a_run_does(ran: Folder, stream: Stream) -> None:
    """Each person's messages are in order, and the last one is the present one."""
    ran.add(fragment("c1", tier="bronze"), "no JSON")
    ended = ran.run("backfill", "--all", *stream.options)
    assert 0 == ended.code
    assert "received 2 + backfilled 2 = rejected 1 + unchanged 0 + filtered 0 + exported 3" == (
        balance(ended)
    )
    sent: dict[str, list[str]] = {"c1": [], "c2": []}
    for each in stream.messages():
        sent[json.loads(each)["identityMap"]["crmid"][0]["id"]].append(each)
    assert message("c1", "bronze") == sent["c1"][-1]
    assert message("c2", "silver") == sent["c2"][-1]
    assert Counter(c1=3, c2=2) == people(stream)


def test_the_reason_is_in_the_metadata(ran: Folder, stream: Stream) -> None:
    """With the time of the newest thing that shows, so that it is the same each time."""
    for _ in range(2):
        assert 0 == ran.run("backfill", "--all", METADATA, *stream.options).code
    again = stream.messages()[2:]
    assert [2, 2] == list(Counter(again).values())
    assert [["backfill"]] * 4 == [json.loads(each)["_export"]["reasons"] for each in again]


@pytest.mark.parametrize("rate", ["0", "3"])
def test_everybody_comes_once_at_any_rate(ran: Folder, stream: Stream, rate: str) -> None:
    """Without a cap, and with one so low that the second one has to wait."""
    assert 0 == ran.run("backfill", "--all", "--rate", rate, *stream.options).code
    assert Counter(c1=2, c2=2) == people(stream)


def test_there_is_nothing_to_send_again_without_a_store(folder: Folder, stream: Stream) -> None:
    """It says what makes one, and makes nothing itself."""
    before = folder.files()
    ended = folder.run("backfill", "--all", *stream.options)
    assert (1, "") == (ended.code, ended.out)
    assert "there is no store" in ended.err
    assert "Start with `run`" in ended.err
    assert before == folder.files()
    assert [] == stream.messages()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give one of --all, --segment ID and --identity NS:ID"),
        (["--all", "--segment", "s1"], "give one of --all, --segment ID and --identity NS:ID"),
        (["--segment", "s1", "--identity", "crmid:c1"], "give one of --all"),
        (["--segment", "s9"], "no segment with the id s9 is mapped"),
        (["--identity", "email:ann@example.com"], "give an identity of the key namespace"),
        (["--identity", "c1"], "give an identity of the key namespace"),
        (["--all", "--rate", "-1"], "--rate"),
    ],
)
def test_what_is_asked_for_has_to_be_clear(
    ran: Folder, stream: Stream, arguments: list[str], words: str
) -> None:
    """Everybody, one mapped segment or one key identity: else it is a mistake of usage."""
    ended = ran.run("backfill", *arguments, *stream.options)
    assert (2, "") == (ended.code, ended.out)
    assert words in ended.err
    assert 2 == len(stream.messages())


@pytest.mark.parametrize("identity", ["crmid:c3", "crmid:c4", "crmid:c5"])
def test_who_is_not_qualified_is_not_sent(ran: Folder, stream: Stream, identity: str) -> None:
    """Known or not; the end says so."""
    ended = ran.run("backfill", "--identity", identity, *stream.options, KEEP)
    assert 0 == ended.code
    assert "no profile asked for is in a mapped segment" in ended.err
    assert 2 == len(stream.messages())


def test_what_failed_goes_on_with_the_next_run(ran: Folder, stream: Stream) -> None:
    """A backfill that nobody received is not done; another one is refused or takes its place."""
    missing = (stream.options[0], "--set=stream.name=missing", "--set=state.epoch_s=0.001")
    assert 69 == ran.run("backfill", "--all", *missing).code

    refused = ran.run("backfill", "--segment", "s1", *stream.options)
    assert (1, "") == (refused.code, refused.out)
    assert "a backfill of all profiles is unfinished. `run` finishes it first" in refused.err
    assert "Traceback" not in refused.err
    assert 2 == len(stream.messages())

    ended = ran.run("run", *stream.options)
    assert 0 == ended.code
    assert balance(ended).startswith("received 0 + backfilled 2 = ")
    assert Counter(c1=2, c2=2) == people(stream)
    assert balance(ran.run("run", *stream.options)).startswith("received 0 = ")


def test_an_unfinished_backfill_can_be_given_up(ran: Folder, stream: Stream) -> None:
    """The one that takes its place begins at the start, and is done once."""
    missing = (stream.options[0], "--set=stream.name=missing", "--set=state.epoch_s=0.001")
    assert 69 == ran.run("backfill", "--all", *missing).code
    ended = ran.run("backfill", "--identity", "crmid:c1", "--replace", *stream.options)
    assert 0 == ended.code
    assert 0 == ran.run("run", *stream.options).code
    assert Counter(c1=2, c2=1) == people(stream)
