"""Which followed files there are, where each is now, and which have changed since the last look.

A file is its device and inode, whatever its name: one that was renamed is still itself, and one
that was put in its place is another. One that no longer matches is looked for in its folder, by
inode. A look is a `stat` of each file, since a file system's own events come for some file systems
only and may be lost.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from .errors import unusable
from .files import OpenFile, goes_on
from .globs import GZIP_SUFFIX
from .positions import FilePosition

LOOK_NS: Final = 200_000_000
LIST_NS: Final = 1_000_000_000
# A look at a file takes about 2 µs and listing it 10 µs; with many files both come less often.
_LOOK_NS_PER_FILE = 200_000
_LIST_NS_PER_FILE = 1_000_000
GONE_NS: Final = 10_000_000_000  # a writer that is told to open its new file takes seconds
_LOOKS_MAX = 1000  # a call: about 3 ms

_Identity = tuple[int, int]


class Followed:
    """One file that is followed.

    Attributes:
        identity: Its device and inode.
        key: Its path within the root, as bytes.
        path: Where it was last found.
        position: How far it was given out, unless nothing was.
        file: The file while it is open.
        seen: Its size and modification time at the last look; None if it is to be read anyway.
        quiet_ns: Since when it is gone from its folder and has not grown, unless it is there.
        before: The file that was in its place and is gone, until this one is opened.
        is_copied: Whether a longer copy is in its place now, which has its last line whole.
        is_finishing: Whether it was quiet for long enough: what is there is its end.
    """

    def __init__(
        self, identity: _Identity, key: bytes, path: Path, position: FilePosition | None
    ) -> None:
        """Know a file that was not read in this run."""
        self.identity = identity
        self.key = key
        self.path = path
        self.position = position
        self.file: OpenFile | None = None
        self.seen: tuple[int, int] | None = None
        self.quiet_ns: int | None = None
        self.before: Followed | None = None
        self.is_copied = False
        self.is_finishing = False

    def start(self) -> FilePosition | None:
        """Return where reading goes on once it is opened."""
        if self.position is None and self.before is not None:
            return self.before.position
        return self.position


class _Found(NamedTuple):
    key: bytes
    path: Path
    about: os.stat_result

    @property
    def mark(self) -> tuple[int, int]:
        return self.about.st_size, self.about.st_mtime_ns


class Watch:
    """Looks at the files in rounds, each of as many calls as its number of files needs.

    Attributes:
        due_ns: When the next call has something to do, nanoseconds since 1970.
    """

    def __init__(
        self,
        root: Path,
        kept: dict[bytes, FilePosition],
        list_files: Callable[[], dict[bytes, Path]],
    ) -> None:
        """Know nothing but the positions of an earlier run.

        Args:
            root: The folder that keys are relative to.
            kept: {key: position} of an earlier run.
            list_files: Gives {key: path} of the files that are there and match.
        """
        self.due_ns = 0
        self._root = root
        self._kept = kept
        self._list = list_files
        self._list_ns = 0
        self._listed: dict[bytes, Path] = {}
        self._files: dict[_Identity, Followed] = {}
        self._to_look: deque[tuple[bytes, Path]] | None = None
        self._found: dict[_Identity, _Found] = {}

    def look(self, now_ns: int) -> list[Followed]:
        """Look at the next files.

        Returns:
            The files to read, once a round is over: those known from before first.

        Raises:
            JsonlError: A folder or file must not be read.
        """
        if self._to_look is None:
            if now_ns < self.due_ns:
                return []
            self._to_look = self._begin(now_ns)
        for _ in range(min(_LOOKS_MAX, len(self._to_look))):
            key, path = self._to_look.popleft()
            about = _stat(path)
            if about is not None:
                self._found[about.st_dev, about.st_ino] = _Found(key, path, about)
        if self._to_look:
            return []
        self._to_look = None
        self.due_ns = now_ns + max(LOOK_NS, _LOOK_NS_PER_FILE * len(self._found))
        return self._settle(now_ns)

    def is_listed(self, followed: Followed) -> bool:
        """Return whether the file had a name that matches when they were last listed."""
        return followed.key in self._listed

    def forget(self, followed: Followed) -> None:
        """Stop following a file, if it is followed."""
        self._files.pop(followed.identity, None)

    def positions(self) -> dict[bytes, FilePosition]:
        """Return {key: position} of what the next run can find again."""
        there = (each for each in self._files.values() if each.quiet_ns is None)
        starts = ((each.key, each.start()) for each in there)
        return self._kept | {key: start for key, start in starts if start is not None}

    def _begin(self, now_ns: int) -> deque[tuple[bytes, Path]]:
        if now_ns >= self._list_ns:
            self._listed = self._list()
            self._list_ns = now_ns + max(LIST_NS, _LIST_NS_PER_FILE * len(self._listed))
        unlisted = {
            each.key: each.path
            for each in self._files.values()
            if each.quiet_ns is None and each.key not in self._listed
        }
        self.due_ns = 0
        self._found = {}
        return deque((self._listed | unlisted).items())

    def _settle(self, now_ns: int) -> list[Followed]:
        """Compare what was found with what is known."""
        found = self._found
        self._add_moved(found)
        to_read: list[Followed] = []
        gone: dict[bytes, Followed] = {}
        for identity, followed in list(self._files.items()):
            at = found.pop(identity, None)
            if at is None:
                if followed.quiet_ns is None:
                    gone[followed.key] = followed
                if self._is_left(followed, now_ns):
                    to_read.append(followed)
                continue
            followed.key, followed.path, followed.quiet_ns = at.key, at.path, None
            if followed.seen != at.mark:
                followed.seen = at.mark
                to_read.append(followed)
        new = self._adopt(found)
        for followed in new:
            followed.before = gone.get(followed.key)
        # What goes on comes before what begins: a rotated file before the one in its place.
        return to_read + sorted(new, key=lambda each: each.position is None)

    def _add_moved(self, found: dict[_Identity, _Found]) -> None:
        """Add files that are in their folder by another name."""
        wanted = [
            (followed.path, identity[1])
            for identity, followed in self._files.items()
            if identity not in found and followed.quiet_ns is None
        ]
        inodes = {inode for _, inode in found}
        wanted += [
            (self._root / os.fsdecode(key), position.inode)
            for key, position in self._kept.items()
            if position.head_bytes and position.inode not in inodes
        ]
        names: dict[Path, dict[int, str]] = {}
        for old, inode in wanted:
            if old.parent not in names:
                names[old.parent] = _names(old.parent)
            name = names[old.parent].get(inode, "")
            is_same_kind = name.endswith(GZIP_SUFFIX) == old.name.endswith(GZIP_SUFFIX)
            about = _stat(old.with_name(name)) if name and is_same_kind else None
            if about is not None and about.st_ino == inode:
                path = old.with_name(name)
                key = os.fsencode(path.relative_to(self._root))
                found[about.st_dev, inode] = _Found(key, path, about)

    def _is_left(self, followed: Followed, now_ns: int) -> bool:
        """Return whether there may be something to read of a file that is gone."""
        if followed.quiet_ns is None:
            followed.quiet_ns = now_ns
        followed.is_finishing = now_ns - followed.quiet_ns >= GONE_NS
        if followed.file is None or followed.is_finishing:
            self.forget(followed)
        return followed.file is not None

    def _adopt(self, found: dict[_Identity, _Found]) -> list[Followed]:
        """Begin to follow files, each at the position of an earlier run that is its own."""
        by_inode = {each.inode: each for each in self._kept.values() if each.head_bytes}
        own: dict[_Identity, FilePosition] = {}
        for identity, at in found.items():
            kept = by_inode.get(identity[1])
            # An inode by another name may also be that of a deleted file, given out again: one of
            # which something was read is told by its content.
            if kept and (kept is self._kept.get(at.key) or goes_on(at.path, kept)):
                own[identity] = kept
        taken = {kept.inode for kept in own.values()}
        by_key = {key: kept for key, kept in self._kept.items() if kept.inode not in taken}
        new = []
        for identity, at in found.items():
            position = own.get(identity) or by_key.get(at.key)
            if position is None and at.key not in self._listed:
                continue  # an inode that a stranger got
            followed = Followed(identity, at.key, at.path, position)
            followed.seen = at.mark
            self._files[identity] = followed
            new.append(followed)
        self._kept = {}
        return new


def _stat(path: Path) -> os.stat_result | None:
    try:
        about = os.stat(path)  # noqa: PTH116 - half the time, and it is called for each file
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise unusable(error, path, "read") from error
    return about if stat.S_ISREG(about.st_mode) else None


def _names(folder: Path) -> dict[int, str]:
    """Return {inode: name} of a folder."""
    try:
        with os.scandir(folder) as entries:
            return {entry.inode(): entry.name for entry in entries}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise unusable(error, folder, "read") from error
