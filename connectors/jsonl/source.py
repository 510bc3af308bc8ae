"""JSON Lines as a Bytewax source: files, a folder of files, a glob, or standard input.

Promise: each line of each file is given out, in order and unparsed; read again from a snapshot, the
lines of files that nobody touched come with the same arrival and ordinal. It reads what is there
when each file is opened, and ends; told to follow, it waits for more (`connectors.jsonl.following`
says what it promises then). What was piped into standard input and not committed must be piped
again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from .batch import JsonlBatch
from .errors import JsonlError
from .files import OpenFile
from .following import Following
from .globs import FILE, FOLDER, GLOB, Kind, Listing, list_files
from .positions import STATE_VERSION, FilePosition, JsonlState
from .reading import STDIN, Reading
from .state import unpack
from .stdin import StandardInput

_KINDS: Final = {FILE: "a file", FOLDER: "a folder", GLOB: "a glob", STDIN: "standard input"}


class JsonlSource(FixedPartitionedSource[JsonlBatch, bytes]):
    """Reads an input as one partition, keyed by the input's name.

    Between runs files may appear, grow, vanish (and are forgotten), or be replaced (and are read
    again from the start). A last line without a newline counts as a line; when the file has grown
    by the next run, that line is read again whole. Emits batches of at most `batch_lines` lines
    and about 4 MiB, and `line_bytes` more where a line is that long.
    """

    def __init__(
        self,
        name: str,
        path: str | os.PathLike[str],
        *,
        optional: bool = False,
        line_bytes: int = 1 << 20,
        batch_lines: int = 8192,
        follow: bool = False,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """Describe the input; nothing is opened yet.

        Args:
            name: Name of the input; the key of its resume state.
            path: A file; a folder, for its *.jsonl and *.ndjson files by name, and these with .gz
                after it; a glob (`connectors.jsonl.globs`); or "-", for standard input. Files whose
                name ends in .gz are decompressed.
            optional: Whether the path may be missing; it is an empty folder then.
            line_bytes: Longest line given out whole; of a longer one the beginning is.
            batch_lines: Most lines in a batch.
            follow: Whether to wait for new lines and new files instead of ending.
            clock: Nanoseconds since 1970, UTC.

        Raises:
            ValueError: The name is empty, a number is less than 1, or standard input is to be
                followed.
        """
        if not name or line_bytes < 1 or batch_lines < 1:
            raise ValueError(
                "JsonlSource needs a name, and line_bytes and batch_lines of at least 1"
            )
        self._name = name
        self._path = os.fspath(path)
        if follow and self._path == STDIN:
            raise ValueError("standard input cannot be followed: it waits for its writer anyway")
        self._optional = optional
        self._line_bytes = line_bytes
        self._batch_lines = batch_lines
        self._follow = follow
        self._clock = clock

    def list_parts(self) -> list[str]:
        """Return the name of the input, its only partition."""
        return [self._name]

    def build_part(
        self, step_id: str, for_part: str, resume_state: bytes | None
    ) -> StatefulSourcePartition[JsonlBatch, bytes]:
        """List the files and go on where the state says.

        Raises:
            JsonlError: The path cannot be read, is of another kind than it was, or the state is not
                ours.
        """
        listing = Listing(STDIN, Path(), {b"": Path(STDIN)})
        if self._path != STDIN:
            listing = list_files(Path(self._path), optional=self._optional)
        state = JsonlState(listing.kind, 0, {})
        if resume_state is not None:
            owner = f"the input {self._name!r}"
            state = unpack(resume_state, STATE_VERSION, JsonlState, owner)
        self._check_kind(listing.kind, state.kind)
        if self._follow:
            return Following(self._name, listing.root, state, self._list, self._open, self._clock)
        return Reading(self._name, listing.files, state, self._open_once, self._clock)

    def _list(self, kind: Kind) -> dict[bytes, Path]:
        listing = list_files(Path(self._path), optional=True)
        if listing.files:
            self._check_kind(listing.kind, kind)
        return listing.files

    def _check_kind(self, now: Kind, before: Kind) -> None:
        if now != before:
            raise JsonlError(
                f"{self._path}, the path of the input {self._name!r}, was {_KINDS[before]} when it "
                f"was last read and is {_KINDS[now]} now; put back what was there, or start with a "
                "fresh recovery store"
            )

    def _open_once(self, path: Path, kept: FilePosition | None) -> OpenFile | StandardInput:
        if self._path != STDIN:
            return self._open(path, kept)
        return StandardInput(
            self._name, self._clock, line_bytes=self._line_bytes, batch_lines=self._batch_lines
        )

    def _open(self, path: Path, kept: FilePosition | None) -> OpenFile:
        return OpenFile(
            path,
            kept,
            line_bytes=self._line_bytes,
            batch_lines=self._batch_lines,
            follow=self._follow,
        )
