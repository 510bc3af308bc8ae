"""How far each file was given out, and whether a file is still the one that it was.

A file that has only grown is read on from where it stood; one that is another is read again from
its start. It is told by the first KiB of what was read and by the last KiB before the position.
What this cannot see: a change, between these two, to bytes that were read.
"""

from __future__ import annotations

import os
from hashlib import sha256
from typing import Final

from msgspec import Struct, structs

from .globs import Kind

STATE_VERSION: Final = 1
MARK_BYTES: Final = 1024


class FilePosition(Struct, frozen=True, array_like=True, gc=False):
    """How far one file was given out, and by what it is known again.

    Of a gzip file `offset`, `line` and `tail` are of its content; all else is of its own bytes.
    The fields with a default are missing in a state of release 0.1.0.

    Attributes:
        head_bytes: How many of its first bytes the digest is of: those given out, at most 1,024.
        head_digest: SHA-256 of them.
        offset: Where the first line begins that was not given out, or the unterminated last one.
        line: Number of lines before `offset`.
        arrival: When the file arrived, µs UTC: its modification time when first opened, kept until
            it is found grown; then its modification time at that.
        tail: Length of the unterminated last line at `offset`, if it was given out; else 0.
        size: Size of the file when last opened, or when it was last found grown while it was
            followed; reading goes no further.
        inode: Its number in its file system: what a renamed file is known by.
        end_digest: SHA-256 of the last bytes, at most 1,024, before `offset`; of a gzip file,
            before `size`.
        ended: Whether a gzip file was read to the end of `size`.
    """

    head_bytes: int
    head_digest: bytes
    offset: int
    line: int
    arrival: int
    tail: int
    size: int
    inode: int = 0
    end_digest: bytes = b""
    ended: bool = False


class JsonlState(Struct, frozen=True, array_like=True):
    """The resume state of an input.

    Attributes:
        kind: What the path of the input is.
        ordinal: Number of lines given out so far.
        files: {path within the input's root: position}.
    """

    kind: Kind
    ordinal: int
    files: dict[bytes, FilePosition]


def digest(content: bytes) -> bytes:
    """Return what a mark is known again by."""
    return sha256(content).digest()


def end_mark(fileno: int, end: int) -> bytes:
    """Return the digest of the last KiB before a place in a file."""
    length = min(end, MARK_BYTES)
    return digest(os.pread(fileno, length, end - length))


def resume(kept: FilePosition | None, fileno: int, *, is_gzip: bool) -> FilePosition:
    """Decide where reading goes on, from what was kept and what the file is now.

    Raises:
        OSError: The file cannot be read.
    """
    about = os.fstat(fileno)
    size, modified = about.st_size, about.st_mtime_ns // 1000
    if kept is None or not is_known(kept, fileno, is_gzip=is_gzip):
        return FilePosition(0, digest(b""), 0, 0, modified, 0, size, about.st_ino)
    if size == kept.size and (is_gzip or kept.tail in (0, size - kept.offset)):
        return structs.replace(kept, inode=about.st_ino)
    # It has grown (or its unterminated last line was changed). That line is read again
    # whole. What was added may carry times of its own day, so it arrived then; but never before
    # what it follows.
    arrival = max(kept.arrival, modified)
    return structs.replace(
        kept, tail=0, size=size, arrival=arrival, inode=about.st_ino, ended=False
    )


def is_known(kept: FilePosition, fileno: int, *, is_gzip: bool) -> bool:
    """Return whether a file begins with what was read, as far as the marks can tell.

    Raises:
        OSError: The file cannot be read.
    """
    end = kept.size if is_gzip else kept.offset
    return (
        os.fstat(fileno).st_size >= end
        and digest(os.pread(fileno, kept.head_bytes, 0)) == kept.head_digest
        and kept.end_digest in (b"", end_mark(fileno, end))
    )
