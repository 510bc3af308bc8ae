"""Inputs of all kinds in one job: files, a stream and a topic, XDM and rows."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator

import boto3
import pytest

from tests.support.folder import Folder, fragment, message
from tests.support.kafka import Cluster, cluster
from tests.support.program import TIMEOUT_S
from tests.support.started import ended, started
from tests.support.streams import REGION, Stream
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def kafka() -> Iterator[Cluster]:
    """A Kafka cluster within this process."""
    with cluster() as running:
        yield running


def put(stream: Stream, *lines: str) -> list[tuple[str, str]]:
    """Write records to a stream; gives the shard and sequence number of each."""
    client = boto3.Session("any", "any", region_name=REGION).client(
        "kinesis", endpoint_url=stream.url
    )
    answers = [
        client.put_record(StreamName=stream.name, PartitionKey="k", Data=line.encode())
        for line in lines
    ]
    return [(each["ShardId"], each["SequenceNumber"]) for each in answers]


class Mixed:
    """A folder whose job reads a file, the stream `events` and the topic of the same name."""

    def __init__(self, folder: Folder, stream: Stream, kafka: Cluster) -> None:
        """Make the stream and the topic, and configure the inputs."""
        self.folder, self.stream, self.kafka = folder, stream, kafka
        self.events = Stream.make(stream.url)
        self.topic = self.events.name
        kafka.create(self.topic, 2)
        topic = f"{{topic: {self.topic}, brokers: ['{kafka.brokers[0]}']}}"
        fields = "{identity: {crmid: id}, attributes: {loyalty.tier: tier}}"
        inputs = (
            "{name: profiles, jsonl: {path: profiles.jsonl}}",
            f"{{name: events, kinesis: {{stream: {self.events.name}}}}}",
            f"{{name: crm, kafka: {topic}, fields: {fields}}}",
        )
        self.options = (*stream.options, f"--set=inputs=[{', '.join(inputs)}]")

    def run(self, count: int) -> str:
        """Run until the destination's stream holds so many messages; gives what was said."""
        with started(self.folder, "run", *self.options) as process:
            wait_until(lambda: process.poll() or len(self.stream.messages()) >= count)
            process.send_signal(signal.SIGTERM)
            assert 0 == process.wait(TIMEOUT_S)
            code, talk = ended(process)
        assert 0 == code, talk
        return talk


@pytest.fixture
def mixed(folder: Folder, stream: Stream, kafka: Cluster) -> Mixed:
    """The job, with nothing to read yet."""
    return Mixed(folder, stream, kafka)


def test_what_all_inputs_say_of_a_person_is_joined(mixed: Mixed) -> None:
    """The file ends and the job goes on; a later run reads what came since, and nothing twice."""
    mixed.folder.add(fragment("c1", tier="gold", timestamp="2022-01-01T00:00:00Z"))
    put(mixed.events, fragment("c1", status="realized"))
    talk = mixed.run(1)
    assert "received 2 = rejected 0 + unchanged 0 + filtered 1 + exported 1" in talk

    mixed.kafka.write(mixed.topic, 1, b'{"id":"c1","tier":"silver"}')
    talk = mixed.run(2)
    assert "received 1 = rejected 0 + unchanged 0 + filtered 0 + exported 1" in talk

    mixed.kafka.write(mixed.topic, 0, None, key=b"c1", time_ms=1_700_000_000_001)
    talk = mixed.run(3)
    assert "received 1 = rejected 0 + unchanged 0 + filtered 0 + exported 1" in talk
    *sent, deleted = mixed.stream.messages()
    assert [message("c1", "gold"), message("c1", "silver")] == sent
    assert "exited" in deleted
    assert "silver" not in deleted


def test_a_reject_says_where_it_stood_in_its_input(mixed: Mixed) -> None:
    """File and line, shard and sequence number, topic partition and offset; a row stays a row."""
    old = fragment("c1", tier="gold", status="realized", timestamp="2022-01-01T00:00:00Z")
    mixed.folder.add("no JSON", old)
    (shard, number), _ = put(mixed.events, "[]", fragment("c2", status="realized"))
    mixed.run(2)
    broken = b'{"id":"c1","messages":[],"tier":[1}'
    mixed.kafka.write(mixed.topic, 1, b'{"tier":"gold"}', broken, b'{"id":"c1","tier":"silver"}')
    mixed.run(3)
    ended_ = mixed.folder.run("rejects", "list", "--lines", *mixed.options)
    path = mixed.folder.path
    assert {
        f"{path}/profiles.jsonl:1": "not_json",
        f"{shard}@{number}": "not_an_object",
        f"{mixed.topic}[1]@0": "no_key_identity",
        f"{mixed.topic}[1]@1": "not_json",
    } == {line.split()[0]: line.split()[1] for line in ended_.out.splitlines()}


def test_rejects_of_rows_are_read_as_rows_when_they_are_put_back(mixed: Mixed) -> None:
    """With those of XDM beside them, once the limit that refused both is raised."""
    long = "c" * 1025
    put(mixed.events, fragment(long, status="realized"), fragment("c1", status="realized"))
    mixed.run(1)
    row = json.dumps({"id": long, "tier": "gold"}).encode()
    mixed.kafka.write(mixed.topic, 0, row, b'{"id":"c1","tier":"silver"}')
    mixed.run(2)
    assert 0 == mixed.folder.run("rejects", "retry", *mixed.options).code
    mixed.options = (*mixed.options, "--set=limits.id_chars=2000")
    mixed.run(3)
    assert message(long, "gold") == mixed.stream.messages()[-1]


def test_explain_reads_every_input_to_its_present_end(mixed: Mixed) -> None:
    """It ends though streams and topics do not, and shows each fragment's place."""
    mixed.folder.add(fragment("c1", tier="gold", timestamp="2022-01-01T00:00:00Z"))
    ((shard, number),) = put(mixed.events, fragment("c1", status="realized"))
    mixed.kafka.write(mixed.topic, 1, b'{"id":"c1","tier":"silver"}')
    ended_ = mixed.folder.run("explain", "crmid:c1", *mixed.options)
    assert 0 == ended_.code, ended_.err
    told = [line for line in ended_.out.splitlines() if not line.startswith(" ")]
    assert [
        ["profiles", "profiles.jsonl:1", "filtered:", "not_qualified"],
        ["events", f"{shard}@{number}", "export:", "membership"],
        ["crm", f"{mixed.topic}[1]@0", "export:", "attribute"],
    ] == [line.split()[1:5] for line in told]
