"""The state directory: one recovery store, its lock, and what it was made for.

    state/lock        held while a process runs; the kernel lets go of it when the process dies
    state/store.json  id and fingerprint of the store
    state/recovery/   Bytewax's SQLite files

The fingerprint says how profiles are keyed and dealt out. A store made under another one would
resume the wrong profiles, so it is refused. Changed segments and attributes are fine.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path

import msgspec
from bytewax.recovery import init_db_dir
from msgspec import Struct

from flows.destination import Destination
from flows.lanes import LANES, SINK_PARTITIONS
from flows.profile.line import PLACE_BITS

RECOVERY_PARTS = 1
"""SQLite files of a store, fixed for its life."""


class StoreLocked(RuntimeError):
    """Another process runs on this state directory."""


class StoreMismatch(RuntimeError):
    """The store was made for another key, hashing, layout or set of inputs."""


class StoreUnusable(RuntimeError):
    """The state directory cannot be made, read or written."""


class Fingerprint(Struct, frozen=True):
    """What must stay the same for the life of a store."""

    key: str
    hash: dict[str, str]
    inputs: list[str]
    lanes: int
    sink_partitions: int
    place_bits: int


class Store(Struct, frozen=True):
    """An open recovery store.

    Attributes:
        id: when it was made, as a name; files that belong to it carry it.
        path: folder of Bytewax's recovery files.
        resumed: whether an earlier execution may have left something in it.
    """

    id: str
    path: Path
    resumed: bool


class _Card(Struct, frozen=True):
    id: str
    fingerprint: Fingerprint


def fingerprint(destination: Destination) -> Fingerprint:
    """Give the fingerprint that a store of this destination has."""
    return Fingerprint(
        key=destination.identities.key,
        hash=dict(sorted(destination.identities.hash.items())),
        inputs=sorted(each.name for each in destination.inputs),
        lanes=LANES,
        sink_partitions=SINK_PARTITIONS,
        place_bits=PLACE_BITS,
    )


@contextmanager
def open_store(destination: Destination, *, fresh: bool = False) -> Iterator[Store]:
    """Hold the destination's store, making it if there is none.

    Args:
        destination: whose store.
        fresh: move an existing store aside and start a new one.

    Raises:
        StoreLocked: another process holds it.
        StoreMismatch: it was made for something else.
        StoreUnusable: it cannot be made, read or written.
    """
    folder = Path(destination.state.path)
    with ExitStack() as held:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            held.enter_context(_lock(folder))
            store = _make_ready(folder, fingerprint(destination), fresh=fresh)
        except OSError as error:
            raise _unusable(folder, error) from error
        yield store


def _make_ready(folder: Path, wanted: Fingerprint, *, fresh: bool) -> Store:
    if fresh:
        _move_aside(folder)
    card = _read_card(folder)
    if card is None:
        return Store(_create(folder, wanted), folder / "recovery", resumed=False)
    _require_same(folder, card.fingerprint, wanted)
    return Store(card.id, folder / "recovery", resumed=True)


def _unusable(folder: Path, error: OSError) -> StoreUnusable:
    return StoreUnusable(
        f"{folder}: the state directory cannot be used ({error.strerror}). Let this user write "
        "there, or give another `state.path`."
    )


def require_matching(destination: Destination) -> None:
    """Check that the destination's store, if there is one, was made for it.

    Raises:
        StoreMismatch: it was made for something else.
        StoreUnusable: it cannot be read.
    """
    folder = Path(destination.state.path)
    try:
        card = _read_card(folder)
    except OSError as error:
        raise _unusable(folder, error) from error
    if card is not None:
        _require_same(folder, card.fingerprint, fingerprint(destination))


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreLocked(
                f"{folder}: another process runs on this state directory. Wait for it to end, or "
                "give this one its own `state.path`."
            ) from None
        yield
    finally:
        os.close(handle)


def _read_card(folder: Path) -> _Card | None:
    try:
        return msgspec.json.decode((folder / "store.json").read_bytes(), type=_Card)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise StoreMismatch(
            f"{folder}/store.json cannot be read ({error}). It may come from another release; "
            "`run --fresh` moves the store aside and starts a new one."
        ) from None


def _create(folder: Path, wanted: Fingerprint) -> str:
    recovery = folder / "recovery"
    if recovery.exists():  # a process died before it wrote the card, so nothing ran on it yet
        shutil.rmtree(recovery)
    recovery.mkdir(mode=0o700)
    init_db_dir(recovery, RECOVERY_PARTS)
    for part in recovery.iterdir():
        part.chmod(0o600)
    id_ = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S%fZ")
    draft = folder / "store.json.new"
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(_Card(id_, wanted)), indent=1))
    draft.chmod(0o600)
    draft.replace(folder / "store.json")
    return id_


def _move_aside(folder: Path) -> None:
    card = folder / "store.json"
    if not card.exists():
        return
    aside = folder / datetime.now(timezone.utc).strftime("aside-%Y%m%dT%H%M%S%fZ")
    aside.mkdir(mode=0o700)
    card.replace(aside / "store.json")  # the card first: without it the rest counts as unused
    (folder / "recovery").replace(aside / "recovery")


def _require_same(folder: Path, found: Fingerprint, wanted: Fingerprint) -> None:
    changed = [
        f"{name} was {getattr(found, name)}, is {getattr(wanted, name)}"
        for name in Fingerprint.__struct_fields__
        if getattr(found, name) != getattr(wanted, name)
    ]
    if changed:
        raise StoreMismatch(
            f"{folder}: this store was made for another configuration: {'; '.join(changed)}. Undo "
            "the change, or start anew with `run --fresh`, which moves the store aside and reads "
            "the inputs from the start."
        )
