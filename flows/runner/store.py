"""The state directory: one recovery store, its lock, and what it was made for.

    state/lock                 held while a process runs; let go of when it ends or dies
    state/current/store.json   id and fingerprint of the store
    state/current/recovery/    Bytewax's SQLite files
    state/aside-<time>/        a store that `run --fresh` moved aside

A store appears and is moved aside by one rename, so there is never half of one.
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

_CURRENT, _CARD, _RECOVERY = "current", "store.json", "recovery"

RECOVERY_PARTS = 1
"""SQLite files of a store, fixed for its life."""


class StoreLocked(RuntimeError):
    """Another process runs on this state directory."""


class StoreMismatch(RuntimeError):
    """The store was made for another key, hashing, layout or set of inputs."""


class StoreMissing(RuntimeError):
    """There is no store yet."""


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
    way_out = "Wait for it to end, or give this one its own `state.path`."
    with hold_state(destination, way_out) as folder:
        try:
            store = _make_ready(folder, fingerprint(destination), fresh=fresh)
        except OSError as error:
            raise _unusable(folder, error) from error
        yield store


@contextmanager
def hold_state(destination: Destination, way_out: str) -> Iterator[Path]:
    """Hold the state directory, made if there is none, so that no job runs on it meanwhile.

    Args:
        destination: whose directory.
        way_out: what to do if another process holds it.

    Raises:
        StoreLocked: another process holds it.
        StoreUnusable: it cannot be made or written.
    """
    folder = Path(destination.state.path)
    with ExitStack() as held:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            held.enter_context(_lock(folder, way_out))
        except OSError as error:
            raise _unusable(folder, error) from error
        yield folder


def _make_ready(folder: Path, wanted: Fingerprint, *, fresh: bool) -> Store:
    current = folder / _CURRENT
    if fresh and current.exists():
        current.replace(folder / f"aside-{_now_as_name()}")
    card = _read_card(folder)
    if card is None:
        return Store(_create(folder, wanted), current / _RECOVERY, resumed=False)
    _require_same(folder, card.fingerprint, wanted)
    if not any((current / _RECOVERY).glob("*.sqlite3")):
        raise StoreUnusable(
            f"{current / _RECOVERY}: the files of the recovery store are gone. Put them back, or "
            "start anew with `run --fresh`."
        )
    return Store(card.id, current / _RECOVERY, resumed=True)


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
    card = _find_card(folder)
    if card is not None:
        _require_same(folder, card.fingerprint, fingerprint(destination))


def require_store(destination: Destination) -> None:
    """Check that the destination has a store.

    Raises:
        StoreMissing: it has none.
        StoreUnusable: it cannot be read.
    """
    folder = Path(destination.state.path)
    if _find_card(folder) is None:
        raise StoreMissing(
            f"{folder}: there is no store, so no profile is known that could be exported again. "
            "Start with `run`: it reads the inputs and exports every profile that qualifies."
        )


def _find_card(folder: Path) -> _Card | None:
    try:
        return _read_card(folder)
    except OSError as error:
        raise _unusable(folder, error) from error


@contextmanager
def _lock(folder: Path, way_out: str) -> Iterator[None]:
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreLocked(
                f"{folder}: another process runs on this state directory. {way_out}"
            ) from None
        yield
    finally:
        os.close(handle)


def _read_card(folder: Path) -> _Card | None:
    path = folder / _CURRENT / _CARD
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Card)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise StoreMismatch(
            f"{path} cannot be read ({error}). It may come from another release; `run --fresh` "
            "moves the store aside and starts a new one."
        ) from None


def _create(folder: Path, wanted: Fingerprint) -> str:
    draft = folder / f"{_CURRENT}.new"
    if draft.exists():  # a process died while it made this, so nothing ran on it yet
        shutil.rmtree(draft)
    recovery = draft / _RECOVERY
    draft.mkdir(mode=0o700)
    recovery.mkdir(mode=0o700)
    init_db_dir(recovery, RECOVERY_PARTS)
    id_ = _now_as_name()
    card = msgspec.json.format(msgspec.json.encode(_Card(id_, wanted)), indent=1)
    (draft / _CARD).write_bytes(card)
    for file in (draft / _CARD, *recovery.iterdir()):
        file.chmod(0o600)
    draft.replace(folder / _CURRENT)
    return id_


def _now_as_name() -> str:
    return datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S%fZ")


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
