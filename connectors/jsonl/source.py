"""JSON Lines as a Bytewax source: files, a folder of files, or standard input.

Promise: each line of each file is given out, in order and unparsed; read again from a snapshot, the
lines of files that nobody touched come with the same arrival and ordinal. It is finite: it reads
what is there when each file is opened, and ends.
What was piped into standard input and not committed must be piped again. Left out: compressed
files, folders within folders, and waiting for files to come.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Final, Literal

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from msgspec import Struct

from .errors import JsonlError, shown, unusable
from .files import FILE, FOLDER, FilePosition, OpenFile, list_files
from .state import pack, unpack
from .stdin import StandardInput

STDIN: Final = "-"
_KINDS = {FILE: "a file", FOLDER: "a folder", STDIN: "standard input"}
_STATE_VERSION = 1
_AT_ONCE = datetime.fromtimestamp(0, timezone.utc)  # an empty batch must not cost a wait


class JsonlBatch(Struct, frozen=True, gc=False):
    """Consecutive lines of one file.

    Attributes:
        input: Name of the input.
        file: The file's path as shown to a person; "-" for standard input.
        arrival: When the file arrived, µs UTC.
        line: Number of the first of the lines in the file, from 1.
        ordinal: Number of the first of the lines in the input, from 0, over all files and runs.
        lines: The lines without their newlines; one that is too long is its first `line_bytes + 1`
            bytes.
    """

    input: str
    file: str
    arrival: int
    line: int
    ordinal: int
    lines: list[bytes]

    def __repr__(self) -> str:
        """Say where the lines stand, never what they hold."""
        return f"JsonlBatch({self.file!r}, line {self.line}, {len(self.lines)} lines)"


class _State(Struct, frozen=True, array_like=True):
    kind: Literal["file", "folder", "-"]
    ordinal: int
    files: dict[bytes, FilePosition]


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
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """Describe the input; nothing is opened yet.

        Args:
            name: Name of the input; the key of its resume state.
            path: A file; a folder, for its *.jsonl and *.ndjson files by name; or "-", for standard
                input.
            optional: Whether the path may be missing; it is an empty folder then.
            line_bytes: Longest line given out whole; of a longer one the beginning is.
            batch_lines: Most lines in a batch.
            clock: Nanoseconds since 1970, UTC: the arrival of standard input.

        Raises:
            ValueError: The name is empty, or a number is less than 1.
        """
        if not name or line_bytes < 1 or batch_lines < 1:
            raise ValueError(
                "JsonlSource needs a name, and line_bytes and batch_lines of at least 1"
            )
        self._name = name
        self._path = os.fspath(path)
        self._optional = optional
        self._line_bytes = line_bytes
        self._batch_lines = batch_lines
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
        kind: Literal["file", "folder", "-"] = STDIN
        paths = {b"": Path(STDIN)}
        if self._path != STDIN:
            kind, paths = list_files(Path(self._path), optional=self._optional)
        state = _State(kind, 0, {})
        if resume_state is not None:
            state = unpack(resume_state, _STATE_VERSION, _State, f"the input {self._name!r}")
        if state.kind != kind:
            raise JsonlError(
                f"{self._path}, the path of the input {self._name!r}, was {_KINDS[state.kind]} "
                f"when it was last read and is {_KINDS[kind]} now; put back what was there, or "
                "start with a fresh recovery store"
            )
        return _Partition(self._name, paths, state, self._open)

    def _open(self, path: Path, kept: FilePosition | None) -> OpenFile | StandardInput:
        if self._path == STDIN:
            return StandardInput(
                self._name,
                self._clock,
                line_bytes=self._line_bytes,
                batch_lines=self._batch_lines,
            )
        return OpenFile(path, kept, line_bytes=self._line_bytes, batch_lines=self._batch_lines)


class _Partition(StatefulSourcePartition[JsonlBatch, bytes]):
    """Gives out one file after the other; each call opens one or reads a chunk of one."""

    def __init__(
        self,
        name: str,
        paths: dict[bytes, Path],
        state: _State,
        open_file: Callable[[Path, FilePosition | None], OpenFile | StandardInput],
    ) -> None:
        self._name = name
        self._kind = state.kind
        self._ordinal = state.ordinal
        self._positions = {key: state.files[key] for key in paths if key in state.files}
        self._todo = deque(paths.items())
        self._open_file = open_file
        self._key, self._shown = b"", ""
        self._file: OpenFile | StandardInput | None = None

    def next_batch(self) -> list[JsonlBatch]:
        file = self._file
        if file is None:
            self._open_next()
            return []
        line, lines = file.lines.line + 1, file.lines.next_lines()
        if lines is None:
            self._keep_position()
            self.close()
        if not lines:
            return []
        batch = JsonlBatch(self._name, self._shown, file.arrival, line, self._ordinal, lines)
        self._ordinal += len(lines)
        return [batch]

    def next_awake(self) -> datetime | None:
        return None if self._kind == STDIN else _AT_ONCE

    def snapshot(self) -> bytes:
        self._keep_position()
        return pack(_STATE_VERSION, _State(self._kind, self._ordinal, self._positions))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open_next(self) -> None:
        if not self._todo:
            raise StopIteration
        self._key, path = self._todo.popleft()
        self._shown = shown(path)
        try:
            self._file = self._open_file(path, self._positions.get(self._key))
        except FileNotFoundError as error:
            if self._kind == FILE:
                raise unusable(error, path, "read") from error
            self._positions.pop(self._key, None)  # it vanished after the folder was listed

    def _keep_position(self) -> None:
        position = self._file.position() if self._file is not None else None
        if position is not None:
            self._positions[self._key] = position
