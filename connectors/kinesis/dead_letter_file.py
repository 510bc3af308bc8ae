"""The file of dead letters: what its lines say, and which letters still wait for somebody.

A line of JSON is a letter, a record that Kinesis can never accept, or a mark about letters that
stand above it:

    {"kind":"dead_letter","id":"7c1f...","cause":"...","partition_key":"k","bytes":"...", ...}
    {"kind":"superseded","partition_key":"k", ...}
    {"kind":"replayed","partition_key":"k","id":"7c1f...", ...}

A letter is `open` until a mark says otherwise. It is `superseded` once a later record of its key,
which carries the whole profile, was acknowledged: by a mark of that name, or because a later
letter of the key was replayed. It is `replayed` once it was sent again and acknowledged.

Copies, as a crash and a resume leave them, have one id; they are one letter, which stands where
the last copy stands. A last line without its end is one that is being written, or that a crash
left; it is passed over. Left out: writing, which is `dead_letters`.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType

from .core.record import KinesisRecord
from .errors import DeadLettersUnusable

FILE_NAME = "dead-letters.jsonl"

State: TypeAlias = Literal["open", "superseded", "replayed"]


class DeadLetter(Struct, frozen=True, kw_only=True, tag_field="kind", tag="dead_letter"):
    """A record, and why it can never be accepted.

    Attributes:
        id: Names the letter; the same for the same record, see `letter_id`.
        cause: What stands in the way, with sizes and limits.
        code: AWS's error code; "" if AWS was not asked.
        shard: The shard it was meant for, if that is known.
        attempts: How often it was sent.
        first_at: When it was first refused (UTC).
        at: When it was put aside (UTC).
        partition_key: As in the record.
        explicit_hash_key: As in the record.
        text: The data, if it is UTF-8; `bytes` in the file.
        base64: The data, if it is not.
    """

    id: str
    cause: str
    code: str
    shard: str | None
    attempts: int
    first_at: str
    at: str
    partition_key: str
    explicit_hash_key: str | None
    text: str | UnsetType = msgspec.field(default=UNSET, name="bytes")
    base64: bytes | UnsetType = UNSET

    @property
    def record(self) -> KinesisRecord:
        """The record as it was."""
        data = self.text.encode() if isinstance(self.text, str) else bytes(self.base64 or b"")
        return KinesisRecord(data, self.partition_key, self.explicit_hash_key)

    def __repr__(self) -> str:
        """Say the cause only, never the record."""
        return f"DeadLetter({self.cause!r})"


class Superseded(Struct, frozen=True, kw_only=True, tag_field="kind", tag="superseded"):
    """All earlier letters of a partition key are superseded."""

    partition_key: str
    at: str

    def __repr__(self) -> str:
        """Say nothing of the key."""
        return "Superseded()"


class Replayed(Struct, frozen=True, kw_only=True, tag_field="kind", tag="replayed"):
    """A letter was sent again and acknowledged."""

    partition_key: str
    id: str
    at: str

    def __repr__(self) -> str:
        """Say the letter, nothing of the key."""
        return f"Replayed({self.id!r})"


Line: TypeAlias = DeadLetter | Superseded | Replayed


def letter_id(record: KinesisRecord) -> str:
    """Name the letter of a record: 64 bits of SHA-256 over its keys and data, in hex."""
    keys = ascii((record.partition_key, record.explicit_hash_key)).encode()
    return sha256(keys + record.data).hexdigest()[:16]


def encode_line(line: Line) -> bytes:
    """Give the line as it stands in the file."""
    try:
        return msgspec.json.encode(line) + b"\n"
    except UnicodeEncodeError:  # half a surrogate pair in a key: only escapes can keep it
        return json.dumps(msgspec.to_builtins(line)).encode() + b"\n"


class Kept(Struct, frozen=True):
    """A letter, and whether it still waits for somebody."""

    letter: DeadLetter
    state: State


class _Place(Struct):
    line: int
    state: State


class DeadLetterFile:
    """Reads the dead letters of a folder, which may hold none; a job may add to them meanwhile.

    Each method reads the file from its start, line by line. Errors: `DeadLettersUnusable`, if the
    file cannot be read or a line is not one of ours.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """Describe the file; nothing is opened yet."""
        self.path = Path(folder) / FILE_NAME

    def open_keys(self) -> set[str]:
        """Give the partition keys that have open letters; holds one id a key meanwhile."""
        newest: dict[str, str] = {}
        for _, line in self._lines():
            key = line.partition_key
            if isinstance(line, DeadLetter):
                newest[key] = line.id
            elif isinstance(line, Superseded) or newest.get(key) == line.id:
                newest.pop(key, None)
        return set(newest)

    def states(self) -> dict[str, State]:
        """Give the state of each letter by its id, in their order; some 300 bytes each."""
        return {id_: place.state for id_, place in self._places().items()}

    def letters(self) -> Iterator[Kept]:
        """Give each letter once, in their order; holds the states and one letter meanwhile."""
        places = self._places()
        for number, line in self._lines():
            if isinstance(line, DeadLetter):
                place = places.get(line.id)
                if place is not None and place.line == number:
                    yield Kept(line, place.state)

    def _places(self) -> dict[str, _Place]:
        places: dict[str, _Place] = {}
        open_ids: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for number, line in self._lines():
            waiting = open_ids[line.partition_key]
            if isinstance(line, DeadLetter):
                for earlier in (waiting, places):
                    earlier.pop(line.id, None)  # a copy stands where the last one does
                waiting[line.id] = None
                places[line.id] = _Place(number, "open")
                continue
            last = line.id if isinstance(line, Replayed) else None
            if last is None or last in waiting:
                for id_ in list(waiting):
                    del waiting[id_]
                    places[id_].state = "superseded"
                    if id_ == last:
                        break
            if last in places:
                places[last].state = "replayed"
        return places

    def _lines(self) -> Iterator[tuple[int, Line]]:
        with usable(self.path, "read"):
            try:
                file = self.path.open("rb")
            except FileNotFoundError:
                return
            with file:
                for number, line in enumerate(file, 1):
                    if line.endswith(b"\n"):
                        yield number, self._decode(number, line)

    def _decode(self, number: int, line: bytes) -> Line:
        try:
            # Parsed by json, as msgspec refuses half a surrogate pair, which a key may hold.
            found: Line = msgspec.convert(json.loads(line), Line)
            return found
        except ValueError:
            raise DeadLettersUnusable(
                f"{self.path}, line {number}: this is no dead letter as this program writes them. "
                "Take the line out, or move the file away, then start again; nothing was lost.",
                needs_person=True,
            ) from None  # the cause would quote the line


@contextmanager
def usable(path: Path, doing: Literal["read", "write"]) -> Iterator[None]:
    """Say what the operating system refuses in words.

    Raises:
        DeadLettersUnusable: In the place of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise DeadLettersUnusable(
            f"cannot {doing} {path}: {error.strerror}. See to the disk and the permissions, or "
            "give dead letters another folder, then start again; nothing was lost.",
            code=type(error).__name__,
            needs_person=True,
        ) from error
