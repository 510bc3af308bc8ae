"""What can go wrong with a JSON Lines file, said so that a person can act on it.

Bytewax may pass one on as the cause of an error of its own, so each holds its whole sentence.
"""

from __future__ import annotations

import os
from pathlib import Path


class JsonlError(Exception):
    """A file or folder cannot be read or written; the text says which, why, and what to do."""


class JsonlFull(JsonlError):
    """The next lines would take the sink's folder above its bound; none of them was written."""


def shown(path: Path) -> str:
    """Return a path as text for a person: a file's name may be any bytes."""
    return os.fsencode(path).decode("utf-8", "replace")


def unusable(error: OSError, path: Path, doing: str) -> JsonlError:
    """Say what the operating system refused, and what to do about it.

    Args:
        error: What the operating system raised.
        path: The file or folder.
        doing: What was attempted: "read" or "write".

    Returns:
        The error to raise.
    """
    match error:
        case FileNotFoundError():
            why, way_out = "it does not exist", "correct the path, or put it there"
        case PermissionError():
            why = "permission was denied"
            way_out = f"let the user this job runs as {doing} it and enter its folder"
        case IsADirectoryError():
            why = "it is a folder and was expected to be a file"
            way_out = "move the folder away, or correct the path"
        case NotADirectoryError() | FileExistsError():
            why, way_out = (
                "a part of its path is a file",
                "move that file away, or correct the path",
            )
        case _:
            why, way_out = (
                error.strerror or type(error).__name__,
                "see to the disk, then start again",
            )
    return JsonlError(f"cannot {doing} {shown(path)}: {why}; {way_out}")
