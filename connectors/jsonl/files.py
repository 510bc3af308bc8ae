"""One input file while it is read, plain or gzip: to its size when opened, or as it grows.

A gzip file has no places to go to: reading on decompresses it from its start and lets go what was
given out before, a chunk a call.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

from .errors import JsonlError, shown, unusable
from .globs import GZIP_SUFFIX
from .gzipped import Gunzip
from .lines import LineReader
from .positions import MARK_BYTES, FilePosition, digest, end_mark, is_known, resume

_READ_BYTES_MAX = 4 << 20
_READ_BYTES_PER_LINE = 512  # so that one read holds about one batch, whatever a batch's size


def goes_on(path: Path, kept: FilePosition) -> bool:
    """Return whether what is at a path now begins with what was read.

    Raises:
        JsonlError: It cannot be read.
    """
    try:
        with path.open("rb", buffering=0) as file:
            return is_known(kept, file.fileno(), is_gzip=path.name.endswith(GZIP_SUFFIX))
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unusable(error, path, "read") from error


class OpenFile:
    """One input file while it is read.

    Attributes:
        path: Where it was opened.
        lines: Gives out its lines.
        arrival: When what is read now arrived, µs UTC.
        identity: Device and inode.
        begins_anew: Whether it was another file, or a longer one, when its position was kept.
        waits: Whether all that was there is read, and more may come.
    """

    def __init__(
        self,
        path: Path,
        kept: FilePosition | None,
        *,
        line_bytes: int,
        batch_lines: int,
        follow: bool = False,
    ) -> None:
        """Open the file where reading goes on.

        Args:
            path: Where it is.
            kept: Its position from an earlier run, if there is one.
            line_bytes: Longest line given out whole.
            batch_lines: Most lines given out at once.
            follow: Whether reading waits at the end of what is there, until `extend` or `finish`,
                and a line that nothing ends is not given out.

        Raises:
            FileNotFoundError: It is gone.
            JsonlError: It cannot be read.
        """
        self.path = path
        self._is_gzip = path.name.endswith(GZIP_SUFFIX)
        try:
            self._file = path.open("rb", buffering=0)
            about = os.fstat(self._file.fileno())
            start = resume(kept, self._file.fileno(), is_gzip=self._is_gzip)
            self._head = os.pread(self._file.fileno(), min(MARK_BYTES, start.size), 0)
            self._file.seek(0 if self._is_gzip else start.offset)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise unusable(error, path, "read") from error
        self.arrival = start.arrival
        self.identity = about.st_dev, about.st_ino
        self.begins_anew = kept is not None and start.offset < kept.offset
        self.waits = False
        self._follows = follow
        self._ended = start.ended
        self._size = start.size
        self._gunzip = Gunzip(self._read_raw) if self._is_gzip else None
        self._to_skip = start.offset if self._is_gzip and not start.ended else 0
        tail = 0 if follow and not self._is_gzip else start.tail
        self._unread = start.size if self._is_gzip else start.size - start.offset - tail
        self._read_bytes = min(_READ_BYTES_MAX, batch_lines * _READ_BYTES_PER_LINE)
        self.lines = LineReader(
            self._read,
            line_bytes=line_bytes,
            batch_lines=batch_lines,
            offset=start.offset,
            line=start.line,
            tail=tail,
        )

    @property
    def is_cut(self) -> bool:
        """Whether a gzip file ends within its compressed data, as far as it was read."""
        return self._gunzip is not None and self._gunzip.within_member

    def position(self) -> FilePosition:
        """Return where reading goes on after the lines given out so far.

        Raises:
            JsonlError: The file cannot be read.
        """
        at = self.lines
        head = self._head if self._is_gzip else self._head[: at.offset + at.tail]
        end = self._size if self._is_gzip else at.offset
        try:
            end_digest = end_mark(self._file.fileno(), end)
        except OSError as error:
            raise unusable(error, self.path, "read") from error
        return FilePosition(
            len(head),
            digest(head),
            at.offset,
            at.line,
            self.arrival,
            at.tail,
            self._size,
            self.identity[1],
            end_digest,
            self._ended,
        )

    def is_longer_copy_of(self, other: OpenFile) -> bool:
        """Return whether this goes on where the other stood, and begins with its first KiB."""
        return not self.begins_anew and self._head.startswith(other._head)

    def extend(self) -> bool:
        """Go on with what was added since the file was opened or last extended.

        Returns:
            False if it has become shorter or begins with something else: open it again.

        Raises:
            JsonlError: The file cannot be read.
        """
        try:
            about = os.fstat(self._file.fileno())
            head = os.pread(self._file.fileno(), MARK_BYTES, 0)
        except OSError as error:
            raise unusable(error, self.path, "read") from error
        if about.st_size < self._size or not head.startswith(self._head):
            return False
        if about.st_size > self._size:
            self.arrival = max(self.arrival, about.st_mtime_ns // 1000)
            self._unread += about.st_size - self._size
            self._size = about.st_size
            self._head = head[: self._size]
            self.waits = False
        return True

    def finish(self) -> None:
        """Take the end of what is there for the file's end: its last line ends there."""
        self._follows = self.waits = False

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self) -> bytes | None:
        chunk = self._read_content()
        if self._to_skip and chunk:
            skipped = min(self._to_skip, len(chunk))
            self._to_skip -= skipped
            return chunk[skipped:]
        if chunk:
            return chunk
        # Empty before the size is reached: cut short by another. The next look, or run, sees it.
        if self._follows and (self._gunzip is None or self.is_cut):
            self.waits = True
            return b""
        if self.is_cut:
            raise JsonlError(
                f"cannot read {shown(self.path)} further: its gzip data ends too soon; if it is "
                "still being written, start again once it is whole, else put back a whole copy"
            )
        self._ended = self._is_gzip
        return None

    def _read_content(self) -> bytes:
        if self._ended:
            return b""
        if self._gunzip is None:
            return self._read_raw(self._read_bytes)
        try:
            return self._gunzip.read(_READ_BYTES_MAX if self._to_skip else self._read_bytes)
        except zlib.error as error:
            raise JsonlError(
                f"cannot read {shown(self.path)} further: its gzip data is damaged ({error}) "
                f"after {self.lines.line} lines; put back a whole copy"
            ) from error

    def _read_raw(self, size: int) -> bytes:
        try:
            chunk = self._file.read(min(size, self._unread))
        except OSError as error:
            raise unusable(error, self.path, "read") from error
        self._unread -= len(chunk)
        return chunk
