"""The whole flow against moto, read back with boto3: every hand-written case, byte for byte.

Lines are read from a file whose modification time is the case's arrival, and come out of the stream
as the messages written by hand. Which message belongs to which profile is what the oracle says, and
the partition key is computed here, so nothing expected comes from the code under test.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache, partial
from hashlib import sha256
from pathlib import Path

import pytest
import yaml
from botocore.loaders import JSONFileLoader
from msgspec import structs

from flows import profile_export
from flows.destination import Account, Destination
from flows.destination import Stream as Target
from flows.destination.load import load
from flows.profile.exporter import Exporter
from flows.runner.execution import run
from flows.runner.progress import Progress
from tests.judges import oracle
from tests.support.folder import DESTINATION, fragment, message
from tests.support.pipeline import DATA, Case, read_case
from tests.support.streams import Stream

CASES = sorted((DATA / "golden").glob("*.yaml")) + sorted((DATA / "messages").glob("*.yaml"))
_EXPORT_ID = re.compile(r'("_export":\{"id":")[0-9a-f]{32}"')


@pytest.fixture(autouse=True, scope="module")
def models() -> Iterator[None]:
    """Let botocore read each of its models once: eighty runs would spend a third of their time."""
    read = cache(JSONFileLoader().load_file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: read(path))
        yield


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any credentials will do; without them AWS's own chain would be asked."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")


def run_on(stream: Stream, destination: Destination) -> Progress:
    """Run a destination to the end of its inputs, into the stream."""
    target = Target(name=stream.name, partition_key=destination.stream.partition_key)
    account = Account(region="us-east-1", endpoint_url=stream.url)
    there = structs.replace(destination, stream=target, account=account)
    return run(there, fresh=False, started=lambda _: None)


def by_key(stream: Stream) -> dict[str, list[str]]:
    """Give what a stream holds by partition key, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for record in stream.records():
        found[record.partition_key].append(record.data)
    return found


def hashed(namespace: str, id_: str) -> str:
    """Give the partition key of an identity: the first 128 bits of SHA-256, in hex."""
    return sha256(f"{namespace}:{id_}".encode()).hexdigest()[:32]


def expected_by_key(path: Path, case: Case) -> dict[str, list[str]]:
    """Deal the hand-written messages out to the profiles that the oracle keys the lines by."""
    plain = yaml.safe_load(yaml.safe_load(path.read_text(encoding="utf-8"))["destination"])
    namespace = plain["identities"]["key"].lower()
    clear = plain["stream"].get("partition_key") == "identity"
    lines = [oracle.Line(raw, case.arrival, number) for number, raw in enumerate(case.lines)]
    messages = iter(case.messages)
    expected: dict[str, list[str]] = defaultdict(list)
    judged = oracle.judge_lines(plain, lines)
    for each, decision in zip(judged, case.decisions, strict=True):
        if decision.startswith("export"):
            assert isinstance(each, oracle.Fragment)
            key = f"{namespace}:{each.key}" if clear else hashed(namespace, each.key)
            expected[key].append(next(messages))
    assert [] == list(messages)
    return expected


def ended(progress: Progress) -> Counter[str]:
    """Give how many fragments ended as what, in the words of the cases."""
    funnel = progress.funnel
    found = Counter({"export": funnel.exported})
    for outcome in ("rejected", "unchanged", "filtered"):
        for reason, count in getattr(funnel, outcome).items():
            found[f"{outcome}/{reason}"] = count
    return +found


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_arrives_as_written_by_hand(
    path: Path, tmp_path: Path, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each profile's messages come out of the stream as expected, and all lines are counted."""
    case = read_case(path, tmp_path)
    exporter = partial(Exporter, record_bytes=case.record_bytes)
    monkeypatch.setattr(profile_export, "Exporter", exporter)
    inputs = tmp_path / "in"
    inputs.mkdir()
    file = inputs / "profiles.jsonl"
    file.write_bytes(b"".join(line + b"\n" for line in case.lines))
    os.utime(file, ns=(case.arrival * 1_000, case.arrival * 1_000))

    progress = run_on(stream, case.destination)

    end = "\n" if case.destination.message.newline else ""
    written = {
        key: [_EXPORT_ID.sub(r'\1*"', each) for each in messages]
        for key, messages in by_key(stream).items()
    }
    assert written == {
        key: [f"{each}{end}" for each in messages]
        for key, messages in expected_by_key(path, case).items()
    }
    assert ended(progress) == Counter(each.partition("(")[0] for each in case.decisions)


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    """A destination with an input of seven people, who move from tier to tier in turn."""
    config = tmp_path / "destination.yaml"
    config.write_text(DESTINATION, encoding="utf-8")
    lines = [
        fragment(f"canary-{person}", tier=f"t{step}", status="" if step else "realized")
        for step in range(30)
        for person in range(7)
    ]
    (tmp_path / "profiles.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return load(config, environment={})


EXPECTED = {
    f"canary-{person}": [message(f"canary-{person}", f"t{step}") for step in range(30)]
    for person in range(7)
}


def test_four_shards_keep_the_order_of_each_profile(
    destination: Destination, emulator_url: str
) -> None:
    """Under a hashed key that shows no id, each person's messages are on one shard, in order."""
    stream = Stream.make(emulator_url, shards=4)

    progress = run_on(stream, destination)

    assert by_key(stream) == {hashed("crmid", id_): sent for id_, sent in EXPECTED.items()}
    assert all(re.fullmatch("[0-9a-f]{32}", key) for key in by_key(stream))
    assert progress.delivery is not None
    assert (210, 210) == (progress.delivery.offered, progress.delivery.acknowledged)


def test_a_partition_key_can_be_the_identity_in_clear(
    destination: Destination, emulator_url: str
) -> None:
    """`partition_key: identity` gives `namespace:id`, and the same messages."""
    stream = Stream.make(emulator_url, shards=4)
    clear = Target(name="leads", partition_key="identity")

    run_on(stream, structs.replace(destination, stream=clear))

    assert by_key(stream) == {f"crmid:{id_}": sent for id_, sent in EXPECTED.items()}
