"""The recovery store in the state directory, and what it was made for.

    state/lock                 held while a process runs; let go of when it ends or dies
    state/current/store.json   id and fingerprint of the store
    state/current/recovery/    Bytewax's SQLite files; on many machines, those of this one
    state/aside-<time>/        a store that `run --fresh` moved aside

A store appears and is moved aside by one rename, so there is never half of one.
The fingerprint says how profiles are keyed and dealt out. A store made under another one would
resume the wrong profiles, so it is refused. Changed segments and attributes are fine.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from pathlib import Path

import msgspec
from bytewax.recovery import init_db_dir
from msgspec import Struct

from flows.destination import Destination, Input
from flows.lanes import LANES, SINK_PARTITIONS
from flows.place import ALONE, Place
from flows.profile.line import PLACE_BITS
from flows.runner.state_directory import HeldState, StoreUnusable, hold_state, unusable

_CURRENT, _CARD, _RECOVERY = "current", "store.json", "recovery"
_ID_FORMAT = "%Y%m%dT%H%M%S%fZ"

RECOVERY_PARTS = 6
"""SQLite files of a store, fixed for its life: as many machines can share it out. Each more costs
an epoch some waits for the disk (0.6 ms here)."""

PAGE_BYTES = 65_536
"""Page size of those files, the largest SQLite has: a lane's row is hundreds of kilobytes, which
the default of 4 KiB cuts into long chains. It halves what a commit costs."""


class StoreMismatch(RuntimeError):
    """The store was made for another key, hashing, layout or set of inputs."""


class StorePartsWrong(RuntimeError):
    """The parts of the store that are here are not those of this process, or not of one store."""


class StoreMissing(RuntimeError):
    """There is no store yet."""


class Fingerprint(Struct, frozen=True):
    """What must stay the same for the life of a store."""

    key: str
    hash: dict[str, str]
    inputs: list[str]
    lanes: int
    sink_partitions: int
    recovery_parts: int
    place_bits: int


class Store(Struct, frozen=True):
    """An open recovery store.

    Attributes:
        id: when it was made, as a name; files that belong to it carry it.
        path: folder of Bytewax's recovery files.
        lock: file descriptor that holds the state directory.
        resumed: whether an earlier execution may have left something in it.
    """

    id: str
    path: Path
    lock: int
    resumed: bool

    @property
    def made_at(self) -> datetime:
        """When it was made: when the job that it belongs to was first started."""
        return datetime.strptime(self.id, _ID_FORMAT).replace(tzinfo=timezone.utc)


class _Card(Struct, frozen=True):
    id: str
    fingerprint: Fingerprint


def fingerprint(destination: Destination) -> Fingerprint:
    """Give the fingerprint that a store of this destination has."""
    return Fingerprint(
        key=destination.identities.key,
        hash=dict(sorted(destination.identities.hash.items())),
        inputs=sorted(map(_named, destination.inputs)),
        lanes=LANES,
        sink_partitions=SINK_PARTITIONS,
        recovery_parts=RECOVERY_PARTS,
        place_bits=PLACE_BITS,
    )


def _named(each: Input) -> str:
    """Name an input, and the stream or topic that its positions are of."""
    return each.name if each.jsonl is not None else f"{each.name}: {each.place}"


@contextmanager
def open_store(
    destination: Destination, place: Place = ALONE, *, fresh: bool = False
) -> Iterator[Store]:
    """Hold the destination's store, making it if there is none.

    Args:
        destination: whose store.
        place: the process that holds it.
        fresh: move an existing store aside and start a new one.

    Raises:
        StoreLocked: another process holds it.
        StoreMismatch: it was made for something else.
        StorePartsWrong: it was shared out among another number of machines.
        StoreUnusable: it cannot be made, read or written.
    """
    way_out = "Wait for it to end, or give this one its own `state.path`."
    with hold_state(destination, way_out) as held:
        try:
            store = _make_ready(held, fingerprint(destination), place, fresh=fresh)
        except OSError as error:
            raise unusable(held.folder, error) from error
        yield store


def _make_ready(held: HeldState, wanted: Fingerprint, place: Place, *, fresh: bool) -> Store:
    folder, current = held.folder, held.folder / _CURRENT
    if fresh and current.exists():
        current.replace(folder / f"aside-{_now_as_name()}")
    card = _read_card(folder)
    if card is None:
        id_ = _create(folder, wanted, _parts_of(place))
        return Store(id_, current / _RECOVERY, held.lock, resumed=False)
    _require_same(folder, card.fingerprint, wanted)
    _require_parts(current / _RECOVERY, place)
    return Store(card.id, current / _RECOVERY, held.lock, resumed=True)


def _parts_of(place: Place) -> set[str]:
    """Give the names of the parts that a process keeps."""
    step = place.processes if place.has_own_disk else 1
    first = place.process if place.has_own_disk else 0
    return {f"part-{part}.sqlite3" for part in range(first, RECOVERY_PARTS, step)}


def _require_parts(recovery: Path, place: Place) -> None:
    found = {path.name for path in recovery.glob("part-*.sqlite3")}
    wanted = _parts_of(place)
    if not found:
        raise StoreUnusable(
            f"{recovery}: the files of the recovery store are gone. Put them back, or start anew "
            "with `run --fresh`."
        )
    if found != wanted:
        whose = "one state directory"
        if place.has_own_disk:
            whose = f"process {place.process} of {place.processes}"
        lacking = ", ".join(sorted(wanted - found)) or "none"
        extra = ", ".join(sorted(found - wanted)) or "none"
        raise StorePartsWrong(
            f"{recovery}: these are not the parts of {whose} (missing: {lacking}; too many: "
            f"{extra}). Put back what was lost. If the job was run by another number of machines, "
            "stop all its processes and move the parts to those that keep them now: see "
            "docs/cluster.md. `run --fresh` on every machine starts anew."
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
        raise unusable(folder, error) from error


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


def _create(folder: Path, wanted: Fingerprint, parts: set[str]) -> str:
    draft = folder / f"{_CURRENT}.new"
    if draft.exists():  # a process died while it made this, so nothing ran on it yet
        shutil.rmtree(draft)
    recovery = draft / _RECOVERY
    draft.mkdir(mode=0o700)
    recovery.mkdir(mode=0o700)
    for part in range(RECOVERY_PARTS):
        with closing(sqlite3.connect(recovery / f"part-{part}.sqlite3")) as database:
            database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            database.execute("VACUUM")  # writes the first page, and with it the size
    init_db_dir(recovery, RECOVERY_PARTS)
    for file in recovery.iterdir():
        if file.name not in parts:
            file.unlink()
    id_ = _now_as_name()
    card = msgspec.json.format(msgspec.json.encode(_Card(id_, wanted)), indent=1)
    (draft / _CARD).write_bytes(card)
    for file in (draft / _CARD, *recovery.iterdir()):
        file.chmod(0o600)
    draft.replace(folder / _CURRENT)
    return id_


def _now_as_name() -> str:
    return datetime.now(timezone.utc).strftime(_ID_FORMAT)


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
