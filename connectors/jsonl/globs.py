"""What an input's path stands for: a file, the files of a folder, or those that match a glob.

A path with one of `* ? [` is a glob, unless a file or folder of exactly that name exists. `*`, `?`
and `[...]` match within one name, and `**` any number of folders. Neither matches a hidden name,
and `**` does not go through links, so that no link can lead it in a circle. Unlike the standard
library's, it does not pass over a folder that must not be read, but raises.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from .errors import JsonlError, shown, unusable

Kind: TypeAlias = Literal["file", "folder", "glob", "-"]
FILE: Final = "file"
FOLDER: Final = "folder"
GLOB: Final = "glob"

GZIP_SUFFIX: Final = ".gz"
_SUFFIXES = tuple(each + gzip for each in (".jsonl", ".ndjson") for gzip in ("", GZIP_SUFFIX))
_MAGIC = frozenset("*?[")


class Listing(Struct, frozen=True):
    """The files of an input at one time.

    Attributes:
        kind: What the path is.
        root: The folder that the keys are relative to.
        files: {path within the root, as bytes: path}, in the order of those bytes.
    """

    kind: Kind
    root: Path
    files: dict[bytes, Path]


def list_files(path: Path, *, optional: bool = False) -> Listing:
    """List what an input's path stands for.

    Args:
        path: A file; a folder whose *.jsonl and *.ndjson files are meant, and these with .gz after
            it; not the hidden ones, nor those in folders within it; or a glob.
        optional: Take what is missing for an empty folder.

    Raises:
        JsonlError: The path must not be read, or is neither file nor folder, or is missing.
    """
    try:
        if _is_magic(str(path)) and not path.exists():
            return _list_glob(path, optional=optional)
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return Listing(FILE, path.parent, {os.fsencode(path.name): path})
        if not stat.S_ISDIR(mode):
            raise JsonlError(
                f"cannot read {shown(path)}: it is neither a file nor a folder, so reading could "
                "not go on where it stood; pipe it into standard input, with - as the path"
            )
        found = [path / e.name for e in _entries(path) if _is_input(e)]
    except FileNotFoundError as error:
        if not optional:
            raise unusable(error, path, "read") from error
        found = []
    except OSError as error:
        raise unusable(error, path, "read") from error
    return _listing(FOLDER, path, found)


def _is_input(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(_SUFFIXES) and entry.is_file()


def _list_glob(path: Path, *, optional: bool) -> Listing:
    parts = path.parts
    fixed = next(i for i, part in enumerate(parts) if _is_magic(part))
    root = Path(*parts[:fixed])
    if not optional or root.exists():
        root.stat()
    return _listing(GLOB, root, _matches(root, parts[fixed:]))


def _listing(kind: Kind, root: Path, paths: Iterator[Path] | list[Path]) -> Listing:
    start = len(os.fsencode(root / "-")) - 1  # a root of . stands in no path
    files = {os.fsencode(path)[start:]: path for path in paths}
    return Listing(kind, root, dict(sorted(files.items())))


def _matches(folder: Path, parts: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files within the folder that match the parts of a glob; some may come twice."""
    part, rest = parts[0], parts[1:]
    if part == "**":
        yield from _matches(folder, rest or ("*",))
        for entry in _entries(folder):
            if entry.is_dir(follow_symlinks=False):
                yield from _matches(folder / entry.name, parts)
    elif rest:
        for name in _names(folder, part):
            yield from _matches(folder / name, rest)
    else:
        paths = (folder / name for name in _names(folder, part))
        yield from (path for path in paths if path.is_file())


def _names(folder: Path, part: str) -> list[str]:
    """Return the names in a folder that may match one part of a glob."""
    if not _is_magic(part):
        return [part]
    return [entry.name for entry in _entries(folder) if fnmatchcase(entry.name, part)]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in a folder and not hidden."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []  # it vanished after it was listed, or this branch of the glob leads nowhere


def _is_magic(text: str) -> bool:
    return not _MAGIC.isdisjoint(text)
