"""The state directory: one process at a time, one store, made for one configuration."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flows.destination import Destination, State
from flows.place import ALONE, Place
from flows.runner.state_directory import StoreLocked, StoreUnusable
from flows.runner.store import (
    StoreMismatch,
    StoreMissing,
    StorePartsWrong,
    fingerprint,
    open_store,
    require_matching,
    require_store,
)
from tests.support import made

ROOT = Path(__file__).parents[4]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the state directory will be."""
    return tmp_path / "there" / "state"


def destination(state: Path, **sections: Any) -> Destination:
    """Give a destination whose state is there."""
    return made.destination(state={"path": str(state)}, **sections)


def make(state: Path, place: Place = ALONE) -> str:
    """Make a store, let go of it, and give its id."""
    with open_store(destination(state), place) as store:
        return store.id


def parts(*numbers: int) -> set[str]:
    """Give the names of parts of a recovery store, as Bytewax has them."""
    return {f"part-{number}.sqlite3" for number in numbers}


def machine(process: int, processes: int) -> Place:
    """Give one of several machines that run a job."""
    return Place(process, tuple(f"h{each}:2101" for each in range(processes)), has_own_disk=True)


def names(folder: Path) -> set[str]:
    """Give the names in a folder."""
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def any_mode() -> Iterator[None]:
    """A process that lets everybody read what it writes, unless it says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_store_is_made_once_and_then_resumed(state: Path) -> None:
    """The second execution gets the same store under the same id."""
    with open_store(destination(state)) as first:
        assert not first.resumed
        assert state / "current" / "recovery" == first.path
    with open_store(destination(state)) as second:
        assert second.resumed
        assert (first.id, first.path) == (second.id, second.path)


def test_a_store_has_six_recovery_files_for_ever(state: Path) -> None:
    """Bytewax cannot change the number of its files later."""
    make(state)

    assert parts(0, 1, 2, 3, 4, 5) == names(state / "current" / "recovery")
    assert {"lock", "current"} == names(state)


@pytest.mark.usefixtures("any_mode")
def test_only_its_owner_can_look_into_a_store(state: Path) -> None:
    """Folders are 0700 and files 0600, however open the process is by itself."""
    make(state)

    for path in (state, *state.rglob("*")):
        expected = 0o700 if path.is_dir() else 0o600
        assert expected == stat.S_IMODE(path.stat().st_mode), path


def test_a_folder_that_was_open_is_closed(state: Path) -> None:
    """One that somebody made beforehand is narrowed before anything is put there."""
    state.mkdir(parents=True, mode=0o755)
    make(state)

    assert 0o700 == stat.S_IMODE(state.stat().st_mode)


def test_one_process_at_a_time(state: Path) -> None:
    """The second is refused, with the way out; `fresh` does not get around the lock."""
    with open_store(destination(state)):
        for fresh in (False, True):
            with (
                pytest.raises(StoreLocked, match=r"another process runs.*state\.path"),
                open_store(destination(state), fresh=fresh),
            ):
                pass
    with open_store(destination(state)) as store:
        assert store.resumed


def test_an_execution_that_fails_lets_go(state: Path) -> None:
    """Its own error comes out as it is, even one of the disk, and the lock is free."""
    for error in (RuntimeError("stopped"), OSError(28, "no space")):
        with pytest.raises(type(error)) as caught, open_store(destination(state)):
            raise error
        assert error is caught.value
    with open_store(destination(state)) as store:
        assert store.resumed


def test_a_process_that_was_killed_lets_go(state: Path) -> None:
    """The kernel frees the lock; nobody has to remove a file."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from pathlib import Path\n"
        "from tests.unit.flows.runner.test_store import destination, open_store\n"
        "with open_store(destination(Path(sys.argv[1]))):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(state)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert b"held\n" == process.stdout.readline()
        with pytest.raises(StoreLocked), open_store(destination(state)):
            pass
        process.kill()
    with open_store(destination(state)) as store:
        assert store.resumed


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "key": ({"identities": {"key": "ecid"}}, "key was crmid, is ecid"),
    "hash": (
        {"identities": {"key": "crmid", "hash": {"email": "email_lc_sha256"}}},
        "hash was {}, is {'email': 'email_lc_sha256'}",
    ),
    "inputs": (
        {"inputs": [{"name": "other", "jsonl": {"path": "profiles.jsonl"}}]},
        "inputs was ['profiles'], is ['other']",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_another_way_of_keying_is_refused(state: Path, what: str) -> None:
    """The error says what changed, and that `--fresh` is the way out; nothing is touched."""
    sections, change = CHANGES[what]
    changed = destination(state, **sections)
    make(state)
    card = (state / "current" / "store.json").read_bytes()

    with pytest.raises(StoreMismatch) as caught, open_store(changed):
        pass
    assert f"another configuration: {change}. Undo the change" in str(caught.value)
    assert "`run --fresh`" in str(caught.value)
    with pytest.raises(StoreMismatch) as again:
        require_matching(changed)
    assert str(caught.value) == str(again.value)
    assert card == (state / "current" / "store.json").read_bytes()


@pytest.mark.parametrize("field", ["lanes", "sink_partitions", "recovery_parts", "place_bits"])
def test_a_store_of_another_layout_is_refused(state: Path, field: str) -> None:
    """What is fixed in the program is looked at too, as another release may have fixed it so."""
    make(state)
    card = msgspec.json.decode((state / "current" / "store.json").read_bytes())
    card["fingerprint"][field] = 7
    (state / "current" / "store.json").write_bytes(msgspec.json.encode(card))

    with pytest.raises(StoreMismatch, match=f"{field} was 7, is"), open_store(destination(state)):
        pass


def test_what_does_not_key_may_change(state: Path) -> None:
    """Segments, attributes, the stream, paths, the order of inputs, the case of a namespace."""
    two = [{"name": name, "jsonl": {"path": f"{name}.jsonl"}} for name in ("a", "b")]
    before = fingerprint(destination(state, inputs=two))
    after = destination(
        state,
        inputs=[two[1], {"name": "a", "jsonl": {"path": "elsewhere"}}],
        identities={"key": "CRMID", "export": ["ecid"]},
        activation={"segments": "all", "attributes": ["points"]},
        stream={"name": "others"},
        name="renamed",
    )

    assert before == fingerprint(after)


def test_fresh_moves_the_store_aside(state: Path) -> None:
    """What was there is kept under another name, whole, each time."""
    first = make(state)
    (state / "current" / "recovery" / "mark").touch()
    for number in (1, 2):
        with open_store(destination(state), fresh=True) as store:
            assert not store.resumed
            assert first != store.id
        assert number == len(list(state.glob("aside-*")))
    oldest = min(state.glob("aside-*"))
    assert {"store.json", "recovery"} == names(oldest)
    assert {"mark"} | parts(0, 1, 2, 3, 4, 5) == names(oldest / "recovery")
    assert first == msgspec.json.decode((oldest / "store.json").read_bytes())["id"]


def test_fresh_where_there_is_no_store_just_makes_one(state: Path) -> None:
    """Nothing is moved."""
    with open_store(destination(state), fresh=True) as store:
        assert not store.resumed
    assert {"lock", "current"} == names(state)


def test_fresh_is_the_way_out_of_another_configuration(state: Path) -> None:
    """As the error says."""
    make(state)
    changed = destination(state, identities={"key": "ecid"})
    with open_store(changed, fresh=True) as store:
        assert not store.resumed
    with open_store(changed) as store:
        assert store.resumed


def test_a_half_made_store_is_made_anew(state: Path) -> None:
    """A process that died while it made the store had not run on it."""
    draft = state / "current.new" / "recovery"
    draft.mkdir(parents=True)
    (draft / "part-0.sqlite3").write_bytes(b"half of a file")

    with open_store(destination(state)) as store:
        assert not store.resumed
        assert (store.path / "part-0.sqlite3").read_bytes().startswith(b"SQLite format 3")
    assert {"lock", "current"} == names(state)


def test_a_store_whose_files_are_gone_is_not_taken_for_a_new_one(state: Path) -> None:
    """Reading on from nothing would send everything again without a word."""
    make(state)
    for path in (state / "current" / "recovery").iterdir():
        path.unlink()

    with (
        pytest.raises(StoreUnusable, match=r"files of the recovery store are gone.*`run --fresh`"),
        open_store(destination(state)),
    ):
        pass


SHARES = {
    1: [{0, 1, 2, 3, 4, 5}],
    2: [{0, 2, 4}, {1, 3, 5}],
    3: [{0, 3}, {1, 4}, {2, 5}],
    4: [{0, 4}, {1, 5}, {2}, {3}],
    5: [{0, 5}, {1}, {2}, {3}, {4}],
    6: [{0}, {1}, {2}, {3}, {4}, {5}],
}


@pytest.mark.parametrize("processes", SHARES)
def test_machines_share_out_the_parts(tmp_path: Path, processes: int) -> None:
    """Each keeps its own, made and then resumed; all together have each part once."""
    for process, share in enumerate(SHARES[processes]):
        state, place = tmp_path / str(process), machine(process, processes)
        for resumed in (False, True):
            with open_store(destination(state), place) as store:
                assert resumed == store.resumed
                assert parts(*share) == names(store.path)


def test_processes_of_one_machine_share_one_store(state: Path) -> None:
    """Whatever their number: it has all parts, and the next run may be another number's."""
    make(state, Place(0, ("127.0.0.1:1", "127.0.0.1:2")))
    for place in (ALONE, Place(2, ("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"))):
        with open_store(destination(state), place) as store:
            assert store.resumed
            assert parts(0, 1, 2, 3, 4, 5) == names(store.path)


WRONG = {
    "one that was several": (machine(1, 2), ALONE, "one state directory", "0, 2, 4", ""),
    "several that were one": (ALONE, machine(0, 3), "process 0 of 3", "", "1, 2, 4, 5"),
    "another number": (machine(1, 3), machine(1, 2), "process 1 of 2", "3, 5", "4"),
    "another process": (machine(0, 2), machine(1, 2), "process 1 of 2", "1, 3, 5", "0, 2, 4"),
}


@pytest.mark.parametrize("what", WRONG)
def test_parts_of_another_share_are_refused(state: Path, what: str) -> None:
    """The error names what is missing and what is too many, and says what to do; all stays."""
    before, after, whose, missing, extra = WRONG[what]

    def listed(numbers: str) -> str:
        return ", ".join(f"part-{each}.sqlite3" for each in numbers.split(", ") if each) or "none"

    make(state, before)
    found = names(state / "current" / "recovery")
    with pytest.raises(StorePartsWrong) as caught, open_store(destination(state), after):
        pass
    assert (
        f"these are not the parts of {whose} (missing: {listed(missing)}; too many: "
        f"{listed(extra)}). Put back what was lost."
    ) in str(caught.value)
    assert "`run --fresh`" in str(caught.value)
    assert found == names(state / "current" / "recovery")
    with open_store(destination(state), after, fresh=True) as store:
        assert not store.resumed


def test_one_part_that_is_lost_is_noticed(state: Path) -> None:
    """Resuming without it would read a part of the input from the start, without a word."""
    make(state)
    (state / "current" / "recovery" / "part-3.sqlite3").unlink()

    with (
        pytest.raises(StorePartsWrong, match=r"missing: part-3\.sqlite3; too many: none"),
        open_store(destination(state)),
    ):
        pass


def test_a_backfill_needs_a_store(state: Path) -> None:
    """Without one it says what makes one, and makes nothing itself."""
    with pytest.raises(StoreMissing, match=r"there is no store.*Start with `run`"):
        require_store(destination(state))
    assert not state.exists()
    make(state)
    require_store(destination(state))


@pytest.mark.parametrize("card", [b"", b"{", b"[]", b'{"id":"x"}', b"\xff"])
def test_a_card_that_cannot_be_read_is_said(state: Path, card: bytes) -> None:
    """The store is left as it is; `--fresh` moves it aside."""
    make(state)
    (state / "current" / "store.json").write_bytes(card)

    with (
        pytest.raises(StoreMismatch, match=r"store\.json cannot be read .*`run --fresh` moves"),
        open_store(destination(state)),
    ):
        pass
    with open_store(destination(state), fresh=True) as store:
        assert not store.resumed


def test_a_place_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    """The path, why, and what to do."""
    file = tmp_path / "file"
    file.touch()
    for state in (file, file / "state"):
        there = msgspec.structs.replace(made.destination(), state=State(path=str(state)))
        with pytest.raises(StoreUnusable, match=r"cannot be used.*state\.path"), open_store(there):
            pass


def test_looking_whether_a_store_matches_makes_nothing(state: Path) -> None:
    """Where there is no store any configuration matches, and none is made."""
    require_matching(destination(state))
    assert not state.exists()
    make(state)
    with open_store(destination(state)):
        require_matching(destination(state))
