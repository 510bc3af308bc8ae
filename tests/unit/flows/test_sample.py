"""The bundled sample is what its generator writes, tells the story, and names nobody real."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import flows.sample
from flows.sample.generate import write

SAMPLE = Path(flows.sample.__file__).parent
HERO = "C-2020-0303"
HIGH_PROPENSITY = "7841ba61-23c1-4bb3-a495-00d695fe1e93"


def jsonl(folder: Path) -> dict[str, bytes]:
    """Return what each input file under a folder holds, in the order in which they are read."""
    paths = sorted(folder.rglob("*.jsonl"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def messages(line: bytes) -> list[Any]:
    """Return what a line carries: the messages of a batch, or itself. No attempt to forgive."""
    value = json.loads(line)
    return value["messages"] if isinstance(value, dict) and "messages" in value else [value]


def entity(message: dict[str, Any]) -> dict[str, Any]:
    """Return the XDM entity of a bare one, of streaming ingestion or of an upsert."""
    body: dict[str, Any] = message.get("body", message)
    found: dict[str, Any] = body.get("xdmEntity", body)
    return found


def crm_ids(message: dict[str, Any]) -> list[str]:
    """Return the ids in the key namespace."""
    return [item["id"] for item in entity(message)["identityMap"].get("CRMID", [])]


def memberships(message: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return the (namespace, segment id, status) of each membership."""
    found = entity(message).get("segmentMembership", {})
    return [(ns, id_, entry["status"]) for ns in found for id_, entry in found[ns].items()]


@cache
def sorted_out() -> tuple[list[tuple[str, dict[str, Any]]], Counter[str]]:
    """Return the (file, fragment) of each good one, and how many are broken in which way."""
    good: list[tuple[str, dict[str, Any]]] = []
    broken: Counter[str] = Counter()
    for path, content in jsonl(SAMPLE).items():
        for line in content.split(b"\n")[:-1]:
            try:
                carried = messages(line)
            except UnicodeDecodeError:
                broken["not UTF-8"] += 1
                continue
            except json.JSONDecodeError:
                broken["not JSON"] += 1
                continue
            if carried == []:
                broken["empty batch"] += 1
            elif not isinstance(carried, list):
                broken["batch is no array"] += 1
            else:
                for fault, message in ((fault_of(message), message) for message in carried):
                    if fault:
                        broken[fault] += 1
                    else:
                        good.append((path, message))
    return good, broken


def fault_of(message: Any) -> str:
    """Return the one way in which a message is broken, or nothing."""
    if not isinstance(message, dict):
        return "not an object"
    times = re.findall(r'"last(?:UpdatedDate|QualificationTime)": "([^"]*)"', json.dumps(message))
    operation = message.get("header", {}).get("operations", {}).get("data", "create")
    faults = {
        "no key identity": not crm_ids(message),
        "ambiguous key": len(crm_ids(message)) > 1,
        "wrong type": not isinstance(entity(message).get("person", {}), dict),
        "unknown operation": operation not in ("create", "merge", "delete"),
        "bad time": any(not is_time(time) for time in times),
        "in the future": any(time.startswith("2999") for time in times),
        "unknown status": any(
            status not in ("realized", "existing", "exited")
            for _, _, status in memberships(message)
        ),
    }
    found = [fault for fault, holds in faults.items() if holds]
    assert len(found) <= 1
    return "".join(found)


def is_time(text: str) -> bool:
    """Whether a text is a date-time of a real day, with an offset."""
    parts = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)", text)
    try:
        return parts is not None and bool(datetime.fromisoformat(f"{parts[1]}T{parts[2]}"))
    except ValueError:
        return False


def test_the_files_are_what_the_generator_writes(tmp_path: Path) -> None:
    """Byte for byte, with no file more or less, on every Python that runs this test."""
    write(tmp_path)
    assert jsonl(SAMPLE) == jsonl(tmp_path)


def test_the_sample_is_small() -> None:
    """It travels in the wheel, and its lines can be read by a person."""
    content = jsonl(SAMPLE)
    lines = [line for text in content.values() for line in text.splitlines()]
    assert sum(map(len, content.values())) < 900_000
    assert 300 < sum(map(len, lines)) / len(lines) < 450


def test_it_holds_two_thousand_fragments_about_420_people_of_whom_three_in_five_qualify() -> None:
    """The figures that the documentation and the demo give."""
    good, _ = sorted_out()
    mapped = yaml.safe_load((SAMPLE / "destination.yaml").read_text())["activation"]["segments"]
    ids = {(segment["namespace"], segment["id"]) for segment in mapped}
    seen = {entry[:2] for _, message in good for entry in memberships(message)}
    qualified = {
        crm_ids(message)[0]
        for _, message in good
        if any(entry[:2] in ids and entry[2] == "realized" for entry in memberships(message))
    }
    people = {crm_ids(message)[0] for _, message in good}
    assert 1_900 < len(good) < 2_150
    assert len(people) == 420
    assert 0.55 < len(qualified) / len(people) < 0.65
    assert len(ids) == 3
    assert ids < seen, "a mapped segment never occurs, or no unmapped one does"


def test_fourteen_inputs_are_broken_in_twelve_ways() -> None:
    """One of them inside a batch, whose other messages are good."""
    _, broken = sorted_out()
    assert broken == {
        "not UTF-8": 1,
        "not JSON": 1,
        "not an object": 1,
        "empty batch": 1,
        "batch is no array": 1,
        "no key identity": 2,
        "ambiguous key": 1,
        "wrong type": 1,
        "unknown operation": 1,
        "bad time": 2,
        "in the future": 1,
        "unknown status": 1,
    }


def test_every_form_occurs_many_times() -> None:
    """Bare entities above all, then the envelopes, some deletes, and a few batches."""
    good, _ = sorted_out()
    forms: Counter[str] = Counter()
    for _, message in good:
        header = message.get("header", {})
        streaming = "streaming" if header else "bare"
        forms[header.get("operations", {}).get("data", streaming)] += 1
    batches = sum(text.count(b'{"messages":[{') for text in jsonl(SAMPLE).values())
    assert forms["bare"] > len(good) / 2
    assert min(forms["streaming"], forms["create"], forms["merge"]) > 50
    assert forms["delete"] >= 5
    assert batches >= 5


def test_the_times_are_of_2020() -> None:
    """So what is shown does not depend on when it is shown; only a broken line is of 2999."""
    text = b"".join(jsonl(SAMPLE).values()).decode(errors="replace")
    years = Counter(re.findall(r'"(\d{4})-\d\d-\d\d[T ]', text))
    created_ms = [int(ms) for ms in re.findall(r'"createdAt":"?(\d+)', text)]
    assert set(years) == {"2020", "2999"}
    assert years["2999"] == 1
    assert min(created_ms) > 1_577_836_800_000  # 2020-01-01T00:00:00Z
    assert max(created_ms) < 1_609_459_200_000  # 2021-01-01T00:00:00Z


def test_it_names_no_address_or_phone_outside_the_reserved_ones() -> None:
    """RFC 2606 reserves example.com, the North American Numbering Plan 555-0100 to 555-0199."""
    text = b"".join(jsonl(SAMPLE).values()).decode(errors="replace")
    hosts = re.findall(r"(?:@|https?://)([^\"/ ]+)", text)
    hosts = [host.lower() for host in hosts if host not in ("AdobeOrg", "ns.adobe.com")]
    phones = re.findall(r'"number":"([^"]*)"', text)
    assert hosts
    assert all(host == "example.com" or host.endswith(".example.com") for host in hosts)
    assert phones
    assert all(re.fullmatch(r"\+1-202-555-01\d\d", phone) for phone in phones)


def test_the_story_is_told_in_one_input_and_in_order() -> None:
    """Known, downloads, qualifies, changes, gains an e-mail, leaves at the documented moment."""
    good, _ = sorted_out()
    told = [(path, message) for path, message in good if crm_ids(message) == [HERO]]
    spoken = [
        sorted(entity(message).keys() - {"extSourceSystemAudit", "identityMap"})
        for _, message in told
    ]
    assert [path for path, _ in told] == (
        ["profiles/2020-02.jsonl"] * 6 + ["profiles/2020-03.jsonl"] * 4
    )
    assert spoken == [
        ["homeAddress", "loyalty", "person"],
        ["_acme"],
        ["_acme"],
        ["segmentMembership"],
        ["loyalty"],
        ["loyalty"],
        ["loyalty"],
        [],
        ["segmentMembership"],
        ["segmentMembership"],
    ]
    bodies = [entity(message) for _, message in told]
    assert list(bodies[2]["_acme"]) == ["lastDownload"]
    assert memberships(told[3][1]) == [("ups", HIGH_PROPENSITY, "realized")]
    assert told[4] == told[5]
    assert bodies[6]["extSourceSystemAudit"]["lastUpdatedDate"] == "2020-02-26T07:15:00Z"
    assert bodies[9]["segmentMembership"] == {
        "ups": {
            HIGH_PROPENSITY: {
                "lastQualificationTime": "2020-03-03T21:24:39Z",
                "status": "exited",
            }
        }
    }


def test_the_story_brings_two_emails_the_second_after_qualification() -> None:
    """The exit shows two hashed e-mails on one profile."""
    good, _ = sorted_out()
    told = [entity(message) for _, message in good if crm_ids(message) == [HERO]]
    emails = {
        place: [item["id"] for item in body["identityMap"]["Email"]]
        for place, body in enumerate(told)
        if "Email" in body["identityMap"]
    }
    assert emails == {0: ["Mara.Lindqvist@example.com"], 7: ["m.lindqvist@example.com"]}
