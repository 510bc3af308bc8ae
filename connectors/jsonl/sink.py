"""JSON Lines as a Bytewax sink: one file that holds each line exactly once, crashes or not.

Promise: after a crash and a resume the file holds the lines of the committed epochs and then what
is written from there on. The snapshot is the file's length once it is on disk; a resume cuts the
file back to it. The file therefore belongs to one recovery store, and is that sink's alone while
it runs; a file that is moved away when nothing runs is begun anew. Left out: rotation.
"""

from __future__ import annotations

import os
from contextlib import suppress
from io import FileIO
from pathlib import Path

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from .errors import JsonlFull, unusable
from .state import pack, unpack

_STATE_VERSION = 1
_PART = "0"


class JsonlSink(FixedPartitionedSink[list[bytes], bytes]):
    """Appends lines to one file, as one partition; items are `(key, lines)`.

    Each line is bytes without a newline. The lines may be an empty list, which writes nothing and
    makes Bytewax snapshot the partition in that epoch. An execution should begin with one: Bytewax
    snapshots only the partitions that an epoch wrote to, and a row that a dead execution left in
    the store for an epoch that never committed is overwritten by nothing else; once that epoch's
    number has been committed, a resume would trust that row.

    The folder is made for its owner alone (0700), with the folders above it as usual, and one that
    exists is left as it is; the file is always its owner's alone (0600).
    """

    def __init__(self, folder: str | os.PathLike[str], file_name: str, *, max_bytes: int) -> None:
        """Describe the file; nothing is opened yet.

        Args:
            folder: The folder it is in; made if missing.
            file_name: Its name there.
            max_bytes: Bound of all files in the folder together.

        Raises:
            ValueError: The name is not a plain file name, or the bound is less than 1.
        """
        if file_name in ("", ".", "..") or Path(file_name).name != file_name:
            raise ValueError(f"file_name must be the name of a file, not {file_name!r}")
        if max_bytes < 1:
            raise ValueError("max_bytes must be at least 1")
        self._folder = Path(folder)
        self._file_name = file_name
        self._max_bytes = max_bytes

    def list_parts(self) -> list[str]:
        """Return the only partition."""
        return [_PART]

    def part_fn(self, item_key: str) -> int:
        """Route every key to the only partition."""
        return 0

    def build_part(
        self, step_id: str, for_part: str, resume_state: bytes | None
    ) -> StatefulSinkPartition[list[bytes], bytes]:
        """Open the file and cut it back to what was committed.

        Raises:
            JsonlError: The file cannot be written, or the state is not ours.
        """
        owner = f"the file {self._file_name}"
        committed = 0 if resume_state is None else unpack(resume_state, _STATE_VERSION, int, owner)
        return _Partition(self._folder, self._file_name, committed, self._max_bytes)


class _Partition(StatefulSinkPartition[list[bytes], bytes]):
    """The file while it is written. Nothing is buffered, so nothing is written late either."""

    def __init__(self, folder: Path, file_name: str, committed: int, max_bytes: int) -> None:
        self._folder = folder
        self._file_name = file_name
        self._path = folder / file_name
        self._max_bytes = max_bytes
        try:
            _make_folder(folder)
            self._file = FileIO(self._path, "r+", opener=_open_private)
            os.fchmod(self._file.fileno(), 0o600)
            self._size = min(committed, os.fstat(self._file.fileno()).st_size)
            self._file.truncate(self._size)
            self._file.seek(max(0, self._size - 1))
            # A person may have shortened the file within a line; the next one must not join it.
            self._line_end = b"\n" if self._file.read(1) not in (b"", b"\n") else b""
            _sync_folder(folder)
            self._others = self._measure_others()
        except OSError as error:
            raise unusable(error, self._path, "write") from error
        self._unsynced = False

    def write_batch(self, values: list[list[bytes]]) -> None:
        lines = [line for value in values for line in value]
        if not lines:
            return
        data = b"".join((self._line_end, b"\n".join(lines), b"\n"))
        try:
            self._require_room(len(data))
            self._unsynced = True
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise unusable(error, self._path, "write") from error
        self._size += len(data)
        self._line_end = b""

    def snapshot(self) -> bytes:
        if self._unsynced:
            try:
                os.fsync(self._file.fileno())
            except OSError as error:
                raise unusable(error, self._path, "write") from error
            self._unsynced = False
        return pack(_STATE_VERSION, self._size)

    def close(self) -> None:
        with suppress(OSError):  # raising here would hide why the flow ends; a resume cuts back
            self._file.close()

    def _require_room(self, more: int) -> None:
        if self._others + self._size + more > self._max_bytes:
            self._others = self._measure_others()  # files may have been moved away
        held = self._others + self._size
        if held + more > self._max_bytes:
            raise JsonlFull(
                f"{self._folder} holds {held} bytes, and {more} more, of which none was written, "
                f"would pass its bound of {self._max_bytes}; move older files out of it, or raise "
                "the bound (rejects.max_bytes)"
            )

    def _measure_others(self) -> int:
        size = 0
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name != self._file_name and entry.is_file(follow_symlinks=False):
                    with suppress(FileNotFoundError):  # moved away just now
                        size += entry.stat(follow_symlinks=False).st_size
        return size


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o600)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(folder.absolute().parent)


def _sync_folder(folder: Path) -> None:
    """Put a folder's list of files on disk: a synced file whose name is lost is lost."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
