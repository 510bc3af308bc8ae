"""`init` and `check --offline`: from nothing to a configuration that can run."""

from __future__ import annotations

from tests.support.folder import Folder, fragment


def test_init_writes_what_check_calls_ready(folder: Folder) -> None:
    """The template is sound as it is: with its input in place nothing is left to mend."""
    folder.config.unlink()
    made = folder.run("init")
    assert (0, "") == (made.code, made.out)
    assert "profile-export check --offline -c destination.yaml" in made.err
    (folder.path / "profiles").mkdir()
    checked = folder.run("check", "--offline", "-c", "destination.yaml")
    assert (0, "") == (checked.code, checked.err)
    assert checked.out.splitlines()[-1].startswith("ready: ")


def test_the_template_exports_a_realized_membership(folder: Folder) -> None:
    """The first person of any CRM gives a message without one line of the template changed."""
    folder.config.unlink()
    folder.run("init")
    folder.add(fragment("c1", status="realized"))
    (folder.path / "profiles").mkdir()
    folder.input.rename(folder.path / "profiles" / "first.jsonl")
    ended = folder.run("run", "--dry-run")
    assert 0 == ended.code
    assert 1 == len(ended.out.splitlines())


def test_init_leaves_an_existing_file_alone(folder: Folder) -> None:
    """A file of the same name is kept, and another can be named."""
    before = folder.files()
    refused = folder.run("init")
    assert (1, "") == (refused.code, refused.out)
    assert "destination.yaml exists" in refused.err
    assert before == folder.files()
    assert 0 == folder.run("init", "other.yaml").code
    assert (folder.path / "other.yaml").is_file()


def test_init_says_why_it_cannot_write(folder: Folder) -> None:
    """A folder that is not there is a failure in words."""
    ended = folder.run("init", "nowhere/destination.yaml")
    assert (1, "") == (ended.code, ended.out)
    assert "nowhere/destination.yaml cannot be written" in ended.err
    assert "Traceback" not in ended.err


def test_check_shows_each_thing_it_looked_at(folder: Folder) -> None:
    """Configuration, inputs, folders and store, one line each, and what it did not ask."""
    ended = folder.run("check", "--offline")
    assert (0, "") == (ended.code, ended.err)
    path = folder.path
    assert [
        "ok    destination.yaml: trial",
        f"ok    input profiles: {path}/profiles.jsonl",
        f"ok    state: {path}/state",
        f"ok    rejects: {path}/rejects",
        f"ok    dead letters: {path}/dead-letters",
        "ok    recovery store: none yet, or made for this configuration",
        "-     AWS was not asked",
    ] == ended.out.splitlines()[:-1]


def test_check_names_each_thing_to_mend(folder: Folder) -> None:
    """Every fault is found in one go, each with its way out, and the code is 78."""
    folder.input.unlink()
    (folder.path / "plain").touch()
    ended = folder.run("check", "--offline", "--set=rejects.path=plain/rejects")
    assert 78 == ended.code
    faults = [line for line in ended.out.splitlines() if line.startswith("FAIL  ")]
    assert 2 == len(faults)
    assert f"input profiles: cannot read {folder.input}: it does not exist" in faults[0]
    assert f"rejects: {folder.path}/plain/rejects" in faults[1]
    assert "2 to mend" in ended.err
    assert "ready" not in ended.out


def test_check_says_when_standard_input_is_read(folder: Folder) -> None:
    """A lone dash needs nothing to be there, and check does not wait for it."""
    inputs = 'inputs=[{name: profiles, jsonl: {path: "-"}}]'
    ended = folder.run("check", "--offline", "--set", inputs)
    assert 0 == ended.code
    assert "ok    input profiles: -" in ended.out


def test_a_check_offline_claims_nothing_of_streams_and_topics(folder: Folder) -> None:
    """They are named as not asked, and are no hindrance."""
    inputs = (
        "inputs=[{name: events, kinesis: {stream: segment-events}}, "
        "{name: crm, kafka: {topic: crm, brokers: ['127.0.0.1:9']}}]"
    )
    ended = folder.run("check", "--offline", "--set", inputs)
    assert 0 == ended.code
    assert [
        "-     input events: Kinesis stream segment-events was not asked",
        "-     input crm: Kafka topic crm was not asked",
        "-     AWS was not asked",
    ] == [line for line in ended.out.splitlines() if line.startswith("-")]
