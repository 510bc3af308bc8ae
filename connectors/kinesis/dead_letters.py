"""Records that Kinesis can never accept, appended to a file until somebody looks at them.

Promise: what was added is on the disk once `sync` has returned, and no line is torn: a rest of a
line that a crash left behind is cut off, because the epoch it belonged to was never committed and
its record comes again. Several processes may add to one folder.

Left out: what the lines say and which letters are open (`dead_letter_file`), sending them again
(`replay`).
"""

from __future__ import annotations

import fcntl
import mmap
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Protocol

from msgspec import UNSET, UnsetType

from .core.actions import Aside
from .core.actions import Superseded as SupersededKey
from .core.record import KinesisRecord
from .dead_letter_file import (
    DeadLetter,
    DeadLetterFile,
    Line,
    Replayed,
    Superseded,
    encode_line,
    letter_id,
    usable,
)
from .errors import DeadLettersFull, KinesisRecordRefused


class DeadLetterKeeper(Protocol):
    """What a sink needs of the place for its dead letters; see `DeadLetters`."""

    def add(
        self,
        record: KinesisRecord,
        cause: str,
        *,
        code: str = "",
        shard: str | None = None,
        attempts: int = 0,
        age_s: float = 0.0,
    ) -> None:
        """Keep a record that can never be accepted."""

    def open_keys(self) -> set[str]:
        """Give the partition keys whose letters a later acknowledged record would supersede."""

    def supersede(self, partition_key: str) -> None:
        """Say that a later record of a key was acknowledged."""

    def sync(self) -> None:
        """Return when all that was said is on the disk."""

    def close(self) -> None:
        """Let go of files."""


def keep(letters: DeadLetterKeeper | None, aside: Aside | SupersededKey, now: float) -> None:
    """Keep what the delivery puts aside, or raise if there is no place for it.

    Args:
        letters: The place.
        aside: A record, or the key of records that are superfluous now.
        now: The present, in seconds of the clock that the record was put aside by.

    Raises:
        DeadLettersFull, DeadLettersUnusable: It cannot be kept.
        KinesisRecordRefused: There is no place.
    """
    if isinstance(aside, SupersededKey):
        if letters is not None:
            letters.supersede(aside.partition_key)
    elif letters is not None:
        letters.add(
            aside.record,
            aside.cause,
            code=aside.code,
            shard=aside.shard,
            attempts=aside.attempts,
            age_s=now - aside.since,
        )
    else:
        raise KinesisRecordRefused(
            f"a record can never be accepted by Kinesis: {aside.cause}. Configure a place for "
            "dead letters, or make the messages smaller, then start again; nothing was lost.",
            code=aside.code,
            needs_person=True,
        )


class DeadLetters:
    """Appends to `dead-letters.jsonl` in a folder; nothing is made before the first dead letter.

    Every method but `close` raises `DeadLettersUnusable` if the folder or the file cannot be used.

    Args:
        folder: Made with mode 0700 if it is missing; the file has mode 0600.
        max_bytes: Largest size of the file that a letter may bring about. Marks are written even
            in a full file: each is shorter than the letter it is about.
        clock: Gives the time as seconds since 1970.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        max_bytes: int,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._letters = DeadLetterFile(folder)
        self._path = self._letters.path
        self._max_bytes = max_bytes
        self._clock = clock
        self._file: int | None = None
        self._is_dirty = False

    def add(
        self,
        record: KinesisRecord,
        cause: str,
        *,
        code: str = "",
        shard: str | None = None,
        attempts: int = 0,
        age_s: float = 0.0,
    ) -> None:
        """Append a record; it is safe only after `sync`.

        Args:
            record: The record.
            cause: What stands in the way, without the key and the data.
            code: AWS's error code, if AWS was asked.
            shard: The shard it was meant for, if that is known.
            attempts: How often Kinesis was asked and refused this very record.
            age_s: For how long it has been refused, in seconds.

        Raises:
            DeadLettersFull: The file would exceed `max_bytes`.
        """
        text, data = _text_or_bytes(record.data)
        now = self._clock()
        letter = DeadLetter(
            id=letter_id(record),
            cause=cause,
            code=code,
            shard=shard,
            attempts=attempts,
            first_at=_utc(now - age_s),
            at=_utc(now),
            partition_key=record.partition_key,
            explicit_hash_key=record.explicit_hash_key,
            text=text,
            base64=data,
        )
        self._append(letter)

    def open_keys(self) -> set[str]:
        """Give the partition keys that have open letters: one pass over the file.

        A sink asks once, before it sends, and calls `supersede` when it knows of a letter of a key
        and a later record of that key was acknowledged.
        """
        return self._letters.open_keys()

    def supersede(self, partition_key: str) -> None:
        """Mark all letters of a key up to here as superseded; it is safe only after `sync`."""
        self._append(Superseded(partition_key=partition_key, at=_utc(self._clock())))

    def mark_replayed(self, letter: DeadLetter) -> None:
        """Mark a letter as sent again and acknowledged; it is safe only after `sync`.

        Open letters of its key that stand before it are thereby superseded.
        """
        key, at = letter.partition_key, _utc(self._clock())
        self._append(Replayed(partition_key=key, id=letter.id, at=at))

    def sync(self) -> None:
        """Return when everything added is on the disk."""
        if self._file is not None and self._is_dirty:
            with usable(self._path, "write"):
                os.fsync(self._file)
            self._is_dirty = False

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)

    def _append(self, line: Line) -> None:
        data = encode_line(line)
        with usable(self._path, "write"):
            if self._file is None:
                self._file = _open(self._path)
            with _locked(self._file):
                size = _whole_bytes(self._file)
                if isinstance(line, DeadLetter) and size + len(data) > self._max_bytes:
                    raise DeadLettersFull(
                        f"{self._path} would exceed its limit of {self._max_bytes} bytes: a record "
                        f"that Kinesis can never accept ({line.cause}) has no place. Look at the "
                        "dead letters, move the file away or raise the limit, then start again; "
                        "nothing was lost.",
                        needs_person=True,
                    )
                os.ftruncate(self._file, size)
                try:
                    while data:
                        data = data[os.write(self._file, data) :]
                except OSError:
                    os.ftruncate(self._file, size)
                    raise
            self._is_dirty = True


def _text_or_bytes(data: bytes) -> tuple[str | UnsetType, bytes | UnsetType]:
    try:
        return data.decode(), UNSET
    except UnicodeDecodeError:
        return UNSET, data


def _utc(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _open(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # else a power cut could take the new file's name
    finally:
        os.close(folder)
    return file


@contextmanager
def _locked(file: int) -> Iterator[None]:
    """Keep other processes from writing: a line of theirs that is half there is not torn."""
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _whole_bytes(file: int) -> int:
    """Give the size of a file without what a crash left of a line."""
    size = os.fstat(file).st_size
    if size == 0 or os.pread(file, 1, size - 1) == b"\n":
        return size
    with mmap.mmap(file, size, access=mmap.ACCESS_READ) as view:
        return view.rfind(b"\n") + 1
