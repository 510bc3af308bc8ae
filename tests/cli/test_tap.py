"""`tap`: the records of a stream as they are, from any place, fit for a terminal."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import boto3
import pytest

from connectors.kinesis.testing.fake import FakeKinesis
from connectors.kinesis.testing.server import FakeServer
from tests.support.aggregated import Inner, aggregate
from tests.support.folder import Folder, fragment, message
from tests.support.program import TIMEOUT_S, command, environment, start
from tests.support.streams import REGION, Stream


def put(stream: Stream, *data: bytes, key: str = "k") -> None:
    """Write records with boto3 alone."""
    client: Any = boto3.Session("any", "any", region_name=REGION).client(
        "kinesis", endpoint_url=stream.url
    )
    for each in data:
        client.put_record(StreamName=stream.name, Data=each, PartitionKey=key)
    client.close()


def account(stream: Stream) -> tuple[str, ...]:
    """Give the options that lead to the emulator without a destination."""
    return ("--endpoint-url", stream.url, "--region", REGION)


def tapped(folder: Folder, *arguments: str) -> list[dict[str, Any]]:
    """Run the verb to a good and silent end; give the records it printed."""
    ended = folder.run("tap", *arguments)
    assert (0, "") == (ended.code, ended.err)
    return [json.loads(line) for line in ended.out.splitlines()]


def test_what_a_run_delivered_is_shown(folder: Folder, stream: Stream) -> None:
    """Without a name it is the destination's stream; the message stands there byte for byte."""
    folder.add(fragment("c1", tier="gold", status="realized"))
    assert 0 == folder.run("run", *stream.options).code
    ended = folder.run("tap", *stream.options)
    assert (0, "") == (ended.code, ended.err)
    (record,) = map(json.loads, ended.out.splitlines())
    names = ["shard", "sequence_number", "arrival", "partition_key", "data"]
    assert names == list(record)
    assert "shardId-000000000000" == record["shard"]
    assert record["sequence_number"].isdigit()
    assert record["arrival"].endswith("Z")
    assert sha256(b"crmid:c1").hexdigest()[:32] == record["partition_key"]
    assert ended.out.endswith(f'"data":{message("c1", "gold")}}}\n')


def test_a_stream_of_another_name_needs_no_destination(folder: Folder, stream: Stream) -> None:
    """The account is given by options, as there is no file that says it."""
    folder.config.unlink()
    put(stream, b'{"a": 1}\n', b"2")
    assert [{"a": 1}, 2] == [each["data"] for each in tapped(folder, stream.name, *account(stream))]


def test_options_go_before_the_destination(folder: Folder, stream: Stream) -> None:
    """The destination that is there says the region, and would say another endpoint."""
    put(stream, b"1")
    wrong = "--set=account.endpoint_url=http://127.0.0.1:1"
    assert [1] == [
        each["data"] for each in tapped(folder, stream.name, wrong, "--endpoint-url", stream.url)
    ]


def test_data_that_is_no_json_is_given_in_base64(folder: Folder, stream: Stream) -> None:
    """Whatever it is, no byte is lost."""
    data = [b"text", b"\xff\x00", b'{"a":', b"[" * 10_000, b'"\\ud83d"', b"NaN", b'"\xff"']
    put(stream, *data)
    assert data == [
        base64.b64decode(each["base64"]) for each in tapped(folder, stream.name, *account(stream))
    ]


def test_json_is_not_encoded_anew(folder: Folder, stream: Stream) -> None:
    """Order, doubled names, digits and blanks within a line stay; only its end goes."""
    data = '{"b": 1.10, "a":[1e2 , 12345678901234567890123],"b":"\\u00e9é"}'
    put(stream, data.encode() + b"\r\n")
    ended = folder.run("tap", stream.name, *account(stream))
    assert ended.out.endswith(f'"data":{data}}}\n')


def test_no_control_character_gets_out(folder: Folder, stream: Stream) -> None:
    """Each record is one line, with the same value, whatever its layout, strings and key hold."""
    bad = "\x7f\u009b2J\u202e"
    put(stream, f'{{\n\t"a" : "{bad}"\r\n}}'.encode(), key=bad)
    ended = folder.run("tap", stream.name, *account(stream))
    (record,) = map(json.loads, ended.out.splitlines())
    assert ({"a": bad}, bad) == (record["data"], record["partition_key"])
    for pretty in ((), ("--pretty",)):
        ended = folder.run("tap", stream.name, *account(stream), *pretty)
        assert [] == [each for each in ended.out if not each.isprintable() and each != "\n"]


def test_pretty_is_the_same_over_several_lines(folder: Folder, stream: Stream) -> None:
    """For people: names under each other, the same content."""
    put(stream, b'{"a":{"b":1}}')
    flat = folder.run("tap", stream.name, *account(stream)).out
    pretty = folder.run("tap", stream.name, *account(stream), "--pretty").out
    assert json.loads(flat) == json.loads(pretty)
    assert '  "data": {\n    "a": {\n      "b": 1\n' in pretty


def test_aggregates_are_opened(folder: Folder, stream: Stream) -> None:
    """Each record of one comes by itself, with its own key and its place in the aggregate."""
    put(stream, aggregate([Inner("x", b"1"), Inner("y", b"2")]))
    records = tapped(folder, stream.name, *account(stream))
    assert [("x", 1, None), ("y", 2, 1)] == [
        (each["partition_key"], each["data"], each.get("sub_sequence_number")) for each in records
    ]


@pytest.mark.parametrize("keys", ["hashed", "identity"])
def test_one_person_can_be_asked_for(folder: Folder, stream: Stream, keys: str) -> None:
    """By the identity, whichever partition key the destination makes of it."""
    for id_ in ("c1", "c2", "c1"):
        folder.add(fragment(id_, tier="gold", status="realized"))
    rules = (f"--set=stream.partition_key={keys}", "--set=limits.id_chars=250")
    options = (*stream.options, *rules)
    assert 0 == folder.run("run", *options).code
    (record,) = tapped(folder, *options, "--identity", "CRMID:c1")
    assert json.loads(message("c1", "gold")) == record["data"]
    assert [] == tapped(folder, *options, "--identity", "crmid:c3")


def test_it_ends_after_a_number_of_records(folder: Folder, stream: Stream) -> None:
    """The first ones; with --follow it does not wait for more."""
    put(stream, b"1", b"2", b"3")
    for follow in ((), ("--follow",)):
        records = tapped(folder, stream.name, *account(stream), "--limit", "2", *follow)
        assert [1, 2] == [each["data"] for each in records]


def test_it_begins_at_a_record(folder: Folder, stream: Stream) -> None:
    """SHARD:SEQUENCE as an earlier tap printed them: that record comes first."""
    put(stream, b"1", b"2", b"3")
    second = tapped(folder, stream.name, *account(stream))[1]
    place = f"{second['shard']}:{second['sequence_number']}"
    records = tapped(folder, stream.name, *account(stream), "--from", place)
    assert [2, 3] == [each["data"] for each in records]


def test_it_begins_at_a_time(folder: Folder) -> None:
    """The first record is the first that arrived then or later; an offset is reckoned with."""
    second_at = datetime.now(timezone(timedelta(hours=2))).replace(microsecond=0)
    kinesis = FakeKinesis()
    kinesis.create("leads")
    for number in (1, 2, 3):
        entry = {"Data": base64.b64encode(b"%d" % number).decode(), "PartitionKey": "k"}
        body = json.dumps({"StreamName": "leads", "Records": [entry]}).encode()
        kinesis.put_records(body, second_at.timestamp() + number - 2)
    with FakeServer(kinesis) as server:
        options = ("--endpoint-url", server.url, "--from", second_at.isoformat())
        records = tapped(folder, *options)
    assert [2, 3] == [each["data"] for each in records]
    assert second_at == datetime.fromisoformat(records[0]["arrival"].replace("Z", "+00:00"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no stream",), "no stream is neither the name of a stream"),
        (("arn:aws:s3:::leads",), "nor its ARN"),
        (("\x1b]0;x\x07",), r"\x1b]0;x\x07 is neither"),
        (("--from", "yesterday"), "--from yesterday is neither"),
        (("--from", "2026-11-24T10:30:00"), "a time with its offset from UTC"),
        (("--from", "2999-01-01T00:00:00Z"), "is in the future"),
        (("--from", "shardId-1:x"), "nor SHARD:SEQUENCE"),
        (("--from", "latest"), "needs --follow"),
        (("--identity", "email:a@example.com"), "as crmid:ID"),
        (("--limit", "0"), "--limit"),
    ],
)
def test_a_wrong_text_is_a_usage_error(
    folder: Folder, arguments: tuple[str, ...], words: str
) -> None:
    """It is told before anybody is called, with what would be right."""
    ended = folder.run("tap", *arguments)
    assert (2, "") == (ended.code, ended.out)
    assert words in " ".join(ended.err.split())


def test_a_shard_that_is_not_there_is_named(folder: Folder, stream: Stream) -> None:
    """With what shows those that are."""
    place = "shardId-000000000009:1"
    ended = folder.run("tap", stream.name, *account(stream), "--from", place)
    assert (1, "") == (ended.code, ended.out)
    assert "no shard 'shardId-000000000009'" in ended.err


def test_a_stream_that_is_not_there_is_unreachable(folder: Folder, stream: Stream) -> None:
    """Exit code 69, and it is named."""
    ended = folder.run("tap", "missing", *account(stream))
    assert (69, "") == (ended.code, ended.out)
    assert "missing" in ended.err


def test_who_does_not_answer_is_given_up(folder: Folder) -> None:
    """After delivery.give_up_s of the destination, if that is less than half a minute."""
    ended = folder.run("tap", "--endpoint-url", "http://127.0.0.1:1")
    assert (69, "") == (ended.code, ended.out)
    assert "Traceback" not in ended.err


def test_a_destination_that_is_not_there_is_said(folder: Folder) -> None:
    """One is needed without STREAM, for --identity, and if it was asked for."""
    folder.config.unlink()
    for arguments in ((), ("leads", "--identity", "crmid:c1"), ("leads", "-c", "other.yaml")):
        assert 78 == folder.run("tap", *arguments).code


def test_following_shows_what_comes_until_interrupted(folder: Folder, stream: Stream) -> None:
    """A record written while it waits is printed; Ctrl-C ends it without a word, with 130."""
    put(stream, b"1")
    line = command("tap", stream.name, *account(stream), "--follow")
    with start(line, cwd=folder.path, env=environment(folder.home)) as tap:
        assert tap.stdout is not None
        assert 1 == json.loads(tap.stdout.readline())["data"]
        put(stream, b"2")
        assert 2 == json.loads(tap.stdout.readline())["data"]
        tap.send_signal(signal.SIGINT)
        out, err = tap.communicate(timeout=TIMEOUT_S)
    assert (130, b"", b"") == (tap.returncode, out, err)


def test_a_reader_that_goes_away_ends_it_quietly(folder: Folder, stream: Stream) -> None:
    """As with `tap | head`: no traceback, no message."""
    put(stream, *[b"[%d]" % number for number in range(50)])
    line = command("tap", stream.name, *account(stream), "--follow")
    env = environment(folder.home)
    with subprocess.Popen(
        line, cwd=folder.path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as tap:
        assert tap.stdout is not None
        assert tap.stderr is not None
        tap.stdout.close()
        assert b"" == tap.stderr.read()
