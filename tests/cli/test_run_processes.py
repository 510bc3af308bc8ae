"""`run` in several processes: the messages are those of one process."""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections.abc import Sequence
from contextlib import ExitStack

import pytest

from tests.support.folder import STANDARD_INPUT, Folder, fragment, message
from tests.support.program import TIMEOUT_S
from tests.support.started import addresses, ended, say, started, wait_for
from tests.support.streams import Stream

IDENTITIES = 60
TIERS = ("silver", "gold", "silver")
EPOCH = "--set=state.epoch_s=1"
TWO_INPUTS = (
    "--set=inputs=[{name: profiles, jsonl: {path: profiles.jsonl}},"
    " {name: segments, jsonl: {path: segments.jsonl}}]"
)


def fill(folder: Folder) -> None:
    """Put everybody into the segment by one input, and through three tiers by another."""
    ids = [f"c{number}" for number in range(IDENTITIES)]
    folder.add(*(fragment(id_, tier=tier) for tier in TIERS for id_ in ids))
    with (folder.path / "segments.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(f"{fragment(id_, status='realized')}\n" for id_ in ids)


def by_identity(messages: Sequence[str]) -> dict[str, list[str]]:
    """Give the messages of each identity, in order."""
    found: dict[str, list[str]] = {}
    for each in messages:
        found.setdefault(json.loads(each)["identityMap"]["crmid"][0]["id"], []).append(each)
    return found


def one_of(number: int, listed: str) -> tuple[str, ...]:
    """Give the arguments of one process of several that have a disk each."""
    return (
        *("run", "--process", str(number), "--addresses", listed),
        *(f"--set=state.path=state-{number}", f"--set=rejects.path=rejects-{number}"),
    )


def test_two_processes_send_what_one_sends(folder: Folder, stream: Stream) -> None:
    """Of one input, message for message of each identity; a second run finds nothing new."""
    folder.add(*(fragment(f"c{n}", status="realized") for n in range(IDENTITIES)))
    folder.add(*(fragment(f"c{n}", tier=tier) for tier in TIERS for n in range(IDENTITIES)))
    folder.add("no JSON")
    dry = folder.run("run", "--dry-run")
    wet = folder.run("run", "-p", "2", EPOCH, *stream.options)

    assert (0, "") == (wet.code, wet.out)
    assert by_identity(dry.out.splitlines()) == by_identity(stream.messages())
    assert (
        "received 241 = rejected 1 + unchanged 0 + filtered 0 + exported 240\n"
        "  rejected   not_json 1\n"
        "  exported   acknowledged 240, dead-lettered 0\n"
        "profiles 60: with both 60, attributes only 0, memberships only 0\n"
    ) in wet.err
    again = folder.run("run", "-p", "3", EPOCH, *stream.options)
    assert 0 == again.code
    assert "Nothing new" in again.err
    assert 240 == len(stream.records())
    folder.add(fragment("c1", tier="gold"))
    assert 0 == folder.run("run", *stream.options).code
    assert message("c1", "gold") == stream.messages()[-1]


def test_strict_counts_what_all_processes_rejected(folder: Folder, stream: Stream) -> None:
    """The exit code is 65, as with one process."""
    folder.add("no JSON", fragment("c1", status="realized"), fragment("c2", status="sideways"))
    run = folder.run("run", "-p", "2", "--strict", EPOCH, *stream.options)
    assert 65 == run.code
    assert run.err.endswith("Error: 2 rejected, and this is a strict run\n")
    assert 2 == sum(each.count(b"\n") for each in folder.files().values() if b'"not_json"' in each)


def test_what_no_restart_mends_ends_all_with_the_code_of_one(
    folder: Folder, stream: Stream
) -> None:
    """As one process does that lacks credentials: 77, and the missing action is named."""
    folder.add(fragment("c1", status="realized"))
    run = folder.run(
        *("run", "-p", "2", EPOCH, *stream.options), AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY=""
    )
    assert (77, "") == (run.code, run.out)
    assert "kinesis:" in run.err
    assert "Traceback" not in run.err


HOSTS = ",".join(f"h{number}:2101" for number in range(7))
P_AND_A = "--dry-run runs in one process and touches no recovery store: leave out --fresh, -p, "


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["-p", "7"],
            "-p takes 1, 2, 3, 4, 5, 6, 10, 12, so that each has as many lanes",
        ),
        (["-p", "0"], "-p takes 1, 2, 3, 4, 5, 6, 10, 12, so that each has as many lanes"),
        (
            ["-p", "2", "--process", "0"],
            "-p is for one machine, --process and --addresses for several",
        ),
        (
            ["-p", "2", "--addresses", "h:1"],
            "-p is for one machine, --process and --addresses for several",
        ),
        (["--process", "0"], "--process and --addresses go together"),
        (["--addresses", "h0:1,h1:1"], "--process and --addresses go together"),
        (
            ["--process", "0", "--addresses", "h0:1,h1"],
            "--addresses takes host:port of each process, separated by commas",
        ),
        (
            ["--process", "0", "--addresses", "h0:1,:1"],
            "--addresses takes host:port of each process, separated by commas",
        ),
        (
            ["--process", "0", "--addresses", HOSTS],
            (
                "--addresses lists 7 processes; it can be 1 to 6, as the recovery store has 6 parts"
                " to share out"
            ),
        ),
        (["--process", "2", "--addresses", "h0:1,h1:1"], "--process is 2, not 0 to 1"),
        (["--process", "-1", "--addresses", "h0:1,h1:1"], "--process is -1, not 0 to 1"),
        (["--dry-run", "-p", "2"], P_AND_A + "--process and --addresses"),
        (["--dry-run", "--process", "0"], P_AND_A + "--process and --addresses"),
        (["--dry-run", "--addresses", "h:1"], P_AND_A + "--process and --addresses"),
        (
            ["-p", "2", "--set", STANDARD_INPUT],
            "standard input is read by one process: leave out -p",
        ),
    ],
)
def test_processes_that_make_no_sense_are_a_mistake_of_usage(
    folder: Folder, arguments: list[str], words: str
) -> None:
    """Nothing is made."""
    before = folder.files()
    run = folder.run("run", *arguments)
    assert (2, "") == (run.code, run.out)
    assert run.err.endswith(f"\n\nError: {words}\n")
    assert before == folder.files()


def test_processes_with_a_disk_each_share_the_work(folder: Folder, stream: Stream) -> None:
    """Each input is read by one of them, each has half of the recovery store, and all comes."""
    fill(folder)
    dry = folder.run("run", "--dry-run", TWO_INPUTS).out.splitlines()
    listed = addresses(2)
    with ExitStack() as running:
        processes = [
            running.enter_context(
                started(folder, *one_of(number, listed), EPOCH, TWO_INPUTS, *stream.options)
            )
            for number in range(2)
        ]
        ends = [ended(process) for process in processes]
    assert [0, 0] == [code for code, _ in ends], ends
    balance = r"received (\d+); of what all received, took (\d+) = "
    counts = [found.groups() for _, talk in ends if (found := re.search(balance, talk))]
    assert ["180", "60"] == [received for received, _ in counts]
    assert 240 == sum(int(taken) for _, taken in counts)
    assert by_identity(dry).keys() == by_identity(stream.messages()).keys()
    for id_, sent in by_identity(stream.messages()).items():
        assert message(id_, TIERS[-1]) == sent[-1]
    parts = [
        {path.name for path in (folder.path / f"state-{number}").rglob("*.sqlite3")}
        for number in range(2)
    ]
    assert [
        {"part-0.sqlite3", "part-2.sqlite3", "part-4.sqlite3"},
        {"part-1.sqlite3", "part-3.sqlite3", "part-5.sqlite3"},
    ] == parts


def test_one_process_that_is_stopped_takes_the_other_along(folder: Folder, stream: Stream) -> None:
    """Both end with 0, having delivered what they read; what comes later is for the next run."""
    line = fragment("c1", tier="gold", status="realized")
    listed = addresses(2)
    with ExitStack() as running:
        reader, other = (
            running.enter_context(
                started(
                    folder, *one_of(number, listed), EPOCH, "--set", STANDARD_INPUT, *stream.options
                )
            )
            for number in range(2)
        )
        say(reader, line)
        wait_for(stream, 1, reader, other)
        other.send_signal(signal.SIGTERM)
        codes = [other.wait(TIMEOUT_S), reader.wait(TIMEOUT_S)]
        assert [0, 0] == codes, (ended(reader), ended(other))
    assert [message("c1", "gold")] == stream.messages()


def deal_out(folder: Folder, shares: dict[str, list[int]]) -> None:
    """Move the parts of the recovery store by hand: so many state directories, and no others."""
    kept = folder.path / "kept"
    kept.mkdir()
    for state in folder.path.glob("state*"):
        for file in [*state.glob("current/recovery/*"), state / "current" / "store.json"]:
            file.replace(kept / file.name)
        shutil.rmtree(state)
    for name, parts in shares.items():
        recovery = folder.path / name / "current" / "recovery"
        recovery.mkdir(parents=True)
        shutil.copy(kept / "store.json", recovery.parent)
        for part in parts:
            for file in kept.glob(f"part-{part}.sqlite3*"):
                file.replace(recovery / file.name)
    shutil.rmtree(kept)


def test_the_parts_of_a_store_can_be_dealt_out_anew(folder: Folder, stream: Stream) -> None:
    """From one machine to three and back: each goes on where the last one stopped."""
    ids = [f"c{number}" for number in range(IDENTITIES)]
    folder.add(*(fragment(id_, status="realized", tier="gold") for id_ in ids))
    assert 0 == folder.run("run", *stream.options).code

    folder.add(*(fragment(id_, tier="silver") for id_ in ids))
    deal_out(folder, {"state-0": [0, 3], "state-1": [1, 4], "state-2": [2, 5]})
    listed = addresses(3)
    with ExitStack() as running:
        processes = [
            running.enter_context(started(folder, *one_of(number, listed), EPOCH, *stream.options))
            for number in range(3)
        ]
        ends = [ended(process) for process in processes]
    assert [0, 0, 0] == [code for code, _ in ends], ends

    folder.add(*(fragment(id_, status="exited") for id_ in ids))
    deal_out(folder, {"state": [0, 1, 2, 3, 4, 5]})
    assert 0 == folder.run("run", *stream.options).code
    assert {
        id_: [message(id_, "gold"), message(id_, "silver"), message(id_, "silver", "exited")]
        for id_ in ids
    } == by_identity(stream.messages())
