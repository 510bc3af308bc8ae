"""Files read one after the other, each once, to an end: what the source does unless it follows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from bytewax.inputs import StatefulSourcePartition
from typing_extensions import override

from .batch import JsonlBatch
from .errors import shown, unusable
from .files import OpenFile
from .globs import FILE
from .positions import STATE_VERSION, FilePosition, JsonlState
from .state import pack
from .stdin import StandardInput

STDIN: Final = "-"
_AT_ONCE = datetime.fromtimestamp(0, timezone.utc)  # an empty batch must not cost a wait
_IDLE_MS_MAX = 32  # the longest that a line waits which is piped in after a pause


class Reading(StatefulSourcePartition[JsonlBatch, bytes]):
    """Gives out one file after the other; each call opens one or reads a chunk of one."""

    def __init__(
        self,
        name: str,
        paths: dict[bytes, Path],
        state: JsonlState,
        open_file: Callable[[Path, FilePosition | None], OpenFile | StandardInput],
        clock: Callable[[], int],
    ) -> None:
        """Stand before the first file.

        Args:
            name: Name of the input.
            paths: {key in the state: path}, in the order of reading.
            state: The state of an earlier run, or an empty one.
            open_file: Opens a file where its position says.
            clock: Nanoseconds since 1970, UTC.
        """
        self._name = name
        self._kind = state.kind
        self._ordinal = state.ordinal
        self._positions = {key: state.files[key] for key in paths if key in state.files}
        self._todo = deque(paths.items())
        self._open_file = open_file
        self._clock = clock
        self._key, self._shown = b"", ""
        self._file: OpenFile | StandardInput | None = None
        self._idle_ms = 0

    @override
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
            self._idle_ms = min(max(1, 2 * self._idle_ms), _IDLE_MS_MAX)
            return []
        self._idle_ms = 0
        batch = JsonlBatch(self._name, self._shown, file.arrival, line, self._ordinal, lines)
        self._ordinal += len(lines)
        return [batch]

    @override
    def next_awake(self) -> datetime | None:
        """Files are read on at once; standard input is looked at less often the longer it waits."""
        if self._kind != STDIN or not self._idle_ms:
            return _AT_ONCE
        return datetime.fromtimestamp(self._clock() / 1e9 + self._idle_ms / 1e3, timezone.utc)

    @override
    def snapshot(self) -> bytes:
        self._keep_position()
        return pack(STATE_VERSION, JsonlState(self._kind, self._ordinal, self._positions))

    @override
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
