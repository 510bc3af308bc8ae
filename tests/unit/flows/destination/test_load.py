"""Reading a sound `destination.yaml`: values, paths, precedence, and the template."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from flows.destination import Delivery, Destination, Drop, Segment
from flows.destination.load import load
from tests.support.minimal import MINIMAL

TEMPLATE = Path(__file__).parents[4] / "flows" / "cli" / "template.yaml"


def test_text_is_taken_as_it_is_written(file: Path) -> None:
    """Where text is asked for, YAML's guesses at numbers, dates and booleans do not change it."""
    file.write_text(
        MINIMAL.replace("name: leads\n", "name: no\ndescription: 2020-03-03\n").replace(
            "segments: all", "segments: [{id: 0123, name: 1_0}, {id: 0x1F}, {id: 12:30:45}]"
        ),
        encoding="utf-8",
    )
    destination = load(file, environment={})

    assert "no" == destination.name
    assert "2020-03-03" == destination.description
    assert (
        Segment(id="0123", name="1_0"),
        Segment(id="0x1F"),
        Segment(id="12:30:45"),
    ) == destination.activation.segments


def test_an_empty_section_has_its_defaults(file: Path) -> None:
    """A section whose lines are all commented out is as good as none."""
    plain = load(file, environment={})
    file.write_text(
        MINIMAL.replace("key: crmid", "key: crmid, fields: , hash: ") + "account:\nlimits: null\n",
        encoding="utf-8",
    )

    assert plain == load(file, environment={})


def test_a_byte_order_mark_is_no_part_of_the_text(file: Path) -> None:
    """A file saved with a byte-order mark reads like one without."""
    plain = load(file, environment={})
    file.write_text(MINIMAL, encoding="utf-8-sig")

    assert plain == load(file, environment={})


def test_relative_paths_start_at_the_folder_of_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths do not depend on the current folder; absolute ones and `-` stay as they are."""
    absolute = file.parent / "elsewhere"
    file.write_text(
        MINIMAL
        + '  - {name: live, jsonl: {path: "-"}}\n'
        + f"state: {{path: {absolute}}}\nrejects: {{path: ../kept/./rejects/}}\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(file.parent)
    destination = load(Path(file.name), environment={})

    assert [str(file.parent / "profiles"), "-"] == [source.place for source in destination.inputs]
    assert str(absolute) == destination.state.path
    assert str(file.parent.parent / "kept" / "rejects") == destination.rejects.path
    assert str(file.parent / "dead-letters") == destination.dead_letters.path


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:4567",
        "http://127.0.0.1:4567",
        "http://127.9.9.9",
        "http://[::1]:4567",
        "https://kinesis.example.com",
    ],
)
def test_https_and_loopback_are_endpoints(file: Path, url: str) -> None:
    """Plain http is taken for every loopback host, https for any."""
    destination = load(file, environment={}, overrides=[f"account.endpoint_url={url}"])

    assert url == destination.account.endpoint_url


def test_a_clear_partition_key_may_fill_all_that_kinesis_takes(file: Path) -> None:
    """`crmid:` and 250 characters make 256, the longest partition key."""
    overrides = ["stream.partition_key=identity", "limits.id_chars=250"]

    assert 250 == load(file, environment={}, overrides=overrides).limits.id_chars


def test_file_then_environment_then_override(file: Path) -> None:
    """Each source replaces the one before it, and leaves alone what it does not name."""
    environment = {
        "PROFILE_EXPORT_STREAM__NAME": "from-environment",
        "PROFILE_EXPORT_DESCRIPTION": "from-environment",
        "PROFILE_EXPORT_LIMITS__DEPTH": "10",
        "STREAM__NAME": "nobody",
    }
    overrides = ["stream.name=first", "stream.name=last", "limits.id_chars=20"]
    destination = load(file, environment=environment, overrides=overrides)

    assert "leads" == destination.name
    assert "from-environment" == destination.description
    assert "last" == destination.stream.name
    assert (10, 20) == (destination.limits.depth, destination.limits.id_chars)


def test_overrides_are_yaml(file: Path) -> None:
    """Lists and mappings are written in flow style, text needs no quotes, nothing is null."""
    overrides = [
        "activation.attributes=[person, loyalty.tier]",
        "activation.segments=[{id: 1, name: One}]",
        "identities.hash={Email: Email_LC_SHA256}",
        "message={metadata: true}",
        "account.region=us-east-1",
        "account.region=",
        "stream.name=2020",
        "description=a=b",
        "state.epoch_s=0.5",
    ]
    destination = load(file, environment={}, overrides=overrides)

    assert ("person", "loyalty.tier") == destination.activation.attributes
    assert (Segment(id="1", name="One"),) == destination.activation.segments
    assert {"email": "email_lc_sha256"} == destination.identities.hash
    assert destination.message.metadata
    assert destination.account.region is None
    assert ("2020", "a=b") == (destination.stream.name, destination.description)
    assert 0.5 == destination.state.epoch_s


def test_oversize_is_a_word_or_a_list_of_mapped_attributes(file: Path) -> None:
    """`drop` keeps its order, wherever it is written; the words need no quotes."""
    overrides = ["activation.attributes=[name, notes, visits]"]

    def loaded(*more: str) -> Delivery:
        return load(file, environment={}, overrides=[*overrides, *more]).delivery

    assert "dead_letter" == loaded().oversize
    assert "fail" == loaded("delivery.oversize=fail").oversize
    assert (
        Drop(drop=("visits", "notes")) == loaded("delivery.oversize.drop=[visits, notes]").oversize
    )
    assert Drop(drop=("notes",)) == loaded("delivery.oversize={drop: [notes]}").oversize


def test_an_environment_variable_reaches_into_a_map(file: Path) -> None:
    """A section comes before its members, whatever the order of the variables."""
    environment = {
        "PROFILE_EXPORT_IDENTITIES__HASH__EMAIL": "email_lc_sha256",
        "PROFILE_EXPORT_IDENTITIES__HASH": "{phone: phone_sha256}",
    }
    destination = load(file, environment=environment)

    expected = {"phone": "phone_sha256", "email": "email_lc_sha256"}
    assert expected == destination.identities.hash


def test_an_override_of_a_namespace_goes_before_the_file_in_any_case(file: Path) -> None:
    """Namespaces compare without case, so `EMAIL` in a variable replaces `Email` in the file."""
    file.write_text(
        MINIMAL.replace("key: crmid", "key: crmid, hash: {Email: [wrong]}"), encoding="utf-8"
    )
    environment = {"PROFILE_EXPORT_IDENTITIES__HASH__EMAIL": "from_environment"}
    overrides = ["identities.hash.Email=from_override"]

    assert {"email": "from_environment"} == load(file, environment=environment).identities.hash
    assert {"email": "from_override"} == (
        load(file, environment=environment, overrides=overrides).identities.hash
    )


def test_a_right_override_mends_a_wrong_file(file: Path) -> None:
    """What is replaced is not judged."""
    file.write_text(MINIMAL.replace("stream: {name: leads}", "stream: {name: [1]}"), "utf-8")

    assert "leads" == load(file, environment={}, overrides=["stream.name=leads"]).stream.name


def test_standard_input_needs_no_quotes_in_an_override(file: Path) -> None:
    """A lone dash, a list to YAML, stands for itself; anywhere else it is checked as text."""
    inputs = 'inputs=[{name: profiles, jsonl: {path: "-"}}]'

    assert "-" == load(file, environment={}, overrides=[inputs]).inputs[0].place
    assert "-" == load(file, environment={"PROFILE_EXPORT_DESCRIPTION": "-"}).description


def test_the_template_loads_as_it_stands() -> None:
    """What `init` writes is a sound destination."""
    destination = load(TEMPLATE, environment={})

    assert "my-stream" == destination.stream.name
    assert {"email": "email_lc_sha256"} == destination.identities.hash


def test_the_template_shows_the_defaults() -> None:
    """A value that the template shows for a key with a default is that default."""
    shown = load(TEMPLATE, environment={})
    required = {
        "name": shown.name,
        "stream": {"name": shown.stream.name},
        "identities": {"key": shown.identities.key, "hash": shown.identities.hash},
        "activation": {"segments": "all", "attributes": []},
        "account": {"region": shown.account.region},
        "inputs": msgspec.to_builtins(shown.inputs),
    }
    plain = msgspec.to_builtins(msgspec.convert(required, Destination))
    for section in ("rejects", "dead_letters", "state"):
        plain[section]["path"] = str(TEMPLATE.parent / plain[section]["path"])

    assert plain == msgspec.to_builtins(shown)
