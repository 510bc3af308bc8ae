"""Records that Kinesis can never accept, kept as lines of JSON until somebody looks at them.

Promise: what was added is on the disk once `sync` has returned, and no line is torn: a rest of a
line that a crash left behind is cut off, because the epoch it belonged to was never committed and
its record comes again. Several processes may add to one folder.

Left out: reading, replaying, and telling apart the copies that a crash and a resume leave.
"""

from __future__ import annotations

import base64
import mmap
import os
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from .core.record import KinesisRecord
from .errors import DeadLettersFull

FILE_NAME = "dead-letters.jsonl"


class DeadLetter(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line: a record, and why it can never be accepted.

    Attributes:
        cause: What stands in the way, with sizes and limits.
        at: When it was put aside (UTC).
        partition_key: As in the record.
        explicit_hash_key: As in the record.
        bytes: The data, if it is UTF-8.
        base64: The data, if it is not.
    """

    cause: str
    at: str
    partition_key: str
    explicit_hash_key: str | None = None
    bytes: str | None = None
    base64: str | None = None

    def __repr__(self) -> str:
        """Say the cause only, never the record."""
        return f"DeadLetter({self.cause!r})"


class DeadLetters:
    """Appends to `dead-letters.jsonl` in a folder; nothing is made before the first dead letter.

    Args:
        folder: Made with mode 0700 if it is missing; the file has mode 0600.
        max_bytes: Largest size of the file.
        clock: Gives the time as seconds since 1970.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        max_bytes: int,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = Path(folder) / FILE_NAME
        self._max_bytes = max_bytes
        self._clock = clock
        self._file: int | None = None
        self._is_dirty = False

    def add(self, record: KinesisRecord, cause: str) -> None:
        """Append a record; it is safe only after `sync`.

        Raises:
            DeadLettersFull: The file would exceed `max_bytes`.
            OSError: The folder or the file cannot be written.
        """
        if self._file is None:
            self._file = _open(self._path)
        line = self._line(record, cause)
        if os.fstat(self._file).st_size + len(line) > self._max_bytes:
            raise DeadLettersFull(
                f"{self._path} would exceed its limit of {self._max_bytes} bytes: a record that "
                f"Kinesis can never accept ({cause}) has no place. Look at the dead letters, move "
                "the file away or raise the limit, then start again; nothing was lost.",
                needs_person=True,
            )
        while line:  # one write in all but strange cases, so that processes never mix lines
            line = line[os.write(self._file, line) :]
        self._is_dirty = True

    def sync(self) -> None:
        """Return when everything added is on the disk."""
        if self._file is not None and self._is_dirty:
            os.fsync(self._file)
            self._is_dirty = False

    def close(self) -> None:
        """Close the file; the next `add` opens it again."""
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)

    def _line(self, record: KinesisRecord, cause: str) -> bytes:
        at = datetime.fromtimestamp(self._clock(), timezone.utc)
        text, code = _text_or_code(record.data)
        letter = DeadLetter(
            cause=cause,
            at=at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            # A key that is not Unicode cannot be written either; the replacement marks show where.
            partition_key=record.partition_key.encode(errors="replace").decode(),
            explicit_hash_key=record.explicit_hash_key,
            bytes=text,
            base64=code,
        )
        return msgspec.json.encode(letter) + b"\n"


def _text_or_code(data: bytes) -> tuple[str | None, str | None]:
    try:
        return data.decode(), None
    except UnicodeDecodeError:
        return None, base64.b64encode(data).decode()


def _open(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    size = os.fstat(file).st_size
    if size:
        with mmap.mmap(file, size, access=mmap.ACCESS_READ) as view:
            whole = view.rfind(b"\n") + 1
        if whole < size:
            os.ftruncate(file, whole)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # else a power cut could take the new file's name
    finally:
        os.close(folder)
    return file
