"""Input files between runs: which there are, which were read how far, which were replaced.

A file that has only grown is read on from where it stood; one that does not begin with what was
read is read again from its start. What this cannot see: a change, after the first KiB, to bytes
that were read.
"""

from __future__ import annotations

import os
import stat
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct, structs

from .errors import JsonlError, shown, unusable
from .lines import LineReader

FILE: Final = "file"
FOLDER: Final = "folder"
_SUFFIXES = (".jsonl", ".ndjson")
_HEAD_BYTES = 1024
_READ_BYTES_MAX = 4 << 20
_READ_BYTES_PER_LINE = 512  # so that one read holds about one batch, whatever a batch's size


class FilePosition(Struct, frozen=True, array_like=True, gc=False):
    """How far one file was given out, and by what it is known again.

    Attributes:
        head_bytes: How many of its first bytes the digest is of: those given out, at most 1,024.
        head_digest: SHA-256 of them.
        offset: Where the first line begins that was not given out, or the unterminated last one.
        line: Number of lines before `offset`.
        arrival: When the file arrived, µs UTC: its modification time when first opened, kept until
            it is found grown; then its modification time at that.
        tail: Length of the unterminated last line at `offset`, if it was given out; else 0.
        size: Size of the file when last opened; reading goes no further.
    """

    head_bytes: int
    head_digest: bytes
    offset: int
    line: int
    arrival: int
    tail: int
    size: int


def list_files(
    path: Path, *, optional: bool = False
) -> tuple[Literal["file", "folder"], dict[bytes, Path]]:
    """List what an input's path stands for.

    Args:
        path: A file, or a folder whose *.jsonl and *.ndjson files are meant; not the hidden ones,
            nor those in folders within it.
        optional: Take what is missing for an empty folder.

    Returns:
        `FILE` or `FOLDER`, and {name within its folder: path} in the order of the names' bytes.

    Raises:
        JsonlError: The path must not be read, or is neither file nor folder, or is missing.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return FILE, {os.fsencode(path.name): path}
        if not stat.S_ISDIR(mode):
            raise JsonlError(
                f"cannot read {shown(path)}: it is neither a file nor a folder, so reading could "
                "not go on where it stood; pipe it into standard input, with - as the path"
            )
        with os.scandir(path) as entries:
            found = {os.fsencode(e.name): path / e.name for e in entries if _is_input(e)}
    except FileNotFoundError as error:
        if not optional:
            raise unusable(error, path, "read") from error
        found = {}
    except OSError as error:
        raise unusable(error, path, "read") from error
    return FOLDER, dict(sorted(found.items()))


class OpenFile:
    """One input file while it is read, up to the size it had when it was opened."""

    def __init__(
        self, path: Path, kept: FilePosition | None, *, line_bytes: int, batch_lines: int
    ) -> None:
        """Open the file where reading goes on.

        Args:
            path: Where it is.
            kept: Its position from an earlier run, if there is one.
            line_bytes: Longest line given out whole.
            batch_lines: Most lines given out at once.

        Raises:
            FileNotFoundError: It is gone.
            JsonlError: It cannot be read.
        """
        self.path = path
        try:
            self._file = path.open("rb", buffering=0)
            about = os.fstat(self._file.fileno())
            self._head = self._file.read(_HEAD_BYTES)
            start = _resume(kept, self._head, about)
            self._file.seek(start.offset)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise unusable(error, path, "read") from error
        self.arrival = start.arrival
        self._size = start.size
        self._unread = start.size - start.offset - start.tail
        self._read_bytes = min(_READ_BYTES_MAX, batch_lines * _READ_BYTES_PER_LINE)
        self.lines = LineReader(
            self._read,
            line_bytes=line_bytes,
            batch_lines=batch_lines,
            offset=start.offset,
            line=start.line,
            tail=start.tail,
        )

    def position(self) -> FilePosition:
        """Return where reading goes on after the lines given out so far."""
        at = self.lines
        head = self._head[: at.offset + at.tail]
        return FilePosition(
            len(head), _digest(head), at.offset, at.line, self.arrival, at.tail, self._size
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self) -> bytes | None:
        try:
            chunk = self._file.read(min(self._read_bytes, self._unread))
        except OSError as error:
            raise unusable(error, self.path, "read") from error
        self._unread -= len(chunk)
        # Empty before the size is reached: cut short by another. The next run sees its size differ.
        return chunk or None


def _is_input(entry: os.DirEntry[str]) -> bool:
    name = entry.name
    return name.endswith(_SUFFIXES) and not name.startswith(".") and entry.is_file()


def _digest(head: bytes) -> bytes:
    return sha256(head).digest()


def _resume(kept: FilePosition | None, head: bytes, about: os.stat_result) -> FilePosition:
    """Decide where reading goes on, from what was kept and what the file is now."""
    size, modified = about.st_size, about.st_mtime_ns // 1000
    known = kept is not None and _digest(head[: kept.head_bytes]) == kept.head_digest
    if kept is None or not known or size < kept.offset:
        return FilePosition(0, _digest(b""), 0, 0, modified, 0, size)
    if size == kept.size and kept.tail in (0, size - kept.offset):
        return kept
    # It has grown (or its unterminated last line was changed). That line is read again
    # whole. What was added may carry times of its own day, so it arrived then; but never before
    # what it follows.
    return structs.replace(kept, tail=0, size=size, arrival=max(kept.arrival, modified))
