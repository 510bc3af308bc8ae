"""Files followed as `tail -F` does: new lines and new files are given out as they come.

Promise: each whole line of each file is given out; those of one file in order, and exactly once
unless a crash makes the next run go on from an older state. What it does:

- A line that nothing ends yet waits; at a stop it waits for the next run.
- All known files are looked at each `LOOK_NS`, and new ones for each `LIST_NS`; above a thousand
  files, less often. A round of looks is bounded a call, a listing is not.
- A file is told from another by its device and inode, in a run; between runs by its inode, and by
  what `connectors.jsonl.positions` remembers of its content. So one that was renamed is read on
  under its new name, also where that no longer matches, as long as it stays in its folder.
- One that left its folder, or was deleted, is read on through its descriptor until it was quiet
  for `GONE_NS`; then its last line ends, and it is forgotten.
- A longer copy in the place of a file, as rsync makes it, is read on where the file stood.
- One that became shorter, or begins with something else, is read again from its start, and logged.
- A gzip file that ends within its compressed data waits for more, like a line.

The arrival of lines is their file's modification time when they were found, never before that of
the lines in front of them. Lines that a crash makes come again may therefore get a later arrival
than before, or another place among the lines of other files: lines without a time of their own are
then newer than they were, never older, and what they changed may be exported once more.

Not seen: what a file that left its folder, or was deleted, still held when the execution ended, or
what was added to it after a look if more than `OPEN_MAX` others were read since its own last lines;
what was written and cut off again between two looks. A file by two names (hard links) counts as
one; a copy that is renamed before it is looked at is read from its start.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from bytewax.inputs import StatefulSourcePartition
from typing_extensions import override

from .batch import JsonlBatch
from .errors import shown
from .files import OpenFile
from .globs import Kind
from .positions import STATE_VERSION, FilePosition, JsonlState
from .state import pack
from .watch import Followed, Watch

OPEN_MAX: Final = 100

_log = logging.getLogger(__name__)


class Following(StatefulSourcePartition[JsonlBatch, bytes]):
    """Gives out what was added to one file after the other, and looks for more; it never ends."""

    def __init__(
        self,
        name: str,
        root: Path,
        state: JsonlState,
        list_files: Callable[[Kind], dict[bytes, Path]],
        open_file: Callable[[Path, FilePosition | None], OpenFile],
        clock: Callable[[], int],
    ) -> None:
        """Stand before the first look.

        Args:
            name: Name of the input.
            root: The folder that keys in the state are relative to.
            state: The state of an earlier run, or an empty one.
            list_files: Lists the files of an input of that kind: {key: path}.
            open_file: Opens a file where its position says, to follow it.
            clock: Nanoseconds since 1970, UTC.
        """
        self._name = name
        self._kind = kind = state.kind
        self._ordinal = state.ordinal
        self._watch = Watch(root, state.files, lambda: list_files(kind))
        self._open_file = open_file
        self._clock = clock
        self._ready: deque[Followed] = deque()
        self._reading: Followed | None = None
        self._opened: dict[tuple[int, int], Followed] = {}  # the one read longest ago first

    @override
    def next_batch(self) -> list[JsonlBatch]:
        followed = self._reading
        if followed is None or followed.file is None:
            self._begin_next()
            return []
        file = followed.file
        line, lines = file.lines.line + 1, file.lines.next_lines()
        if lines is None or (not lines and file.waits):
            self._rest(followed, ended=lines is None)
        if not lines:
            return []
        batch = JsonlBatch(
            self._name, shown(followed.path), file.arrival, line, self._ordinal, lines
        )
        self._ordinal += len(lines)
        return [batch]

    @override
    def next_awake(self) -> datetime | None:
        """At once while there is something to read or to look at, else at the next look."""
        due_ns = 0 if self._reading is not None or self._ready else self._watch.due_ns
        return datetime.fromtimestamp(due_ns / 1e9, timezone.utc)

    @override
    def snapshot(self) -> bytes:
        if self._reading is not None:
            self._keep_position(self._reading)
        state = JsonlState(self._kind, self._ordinal, self._watch.positions())
        return pack(STATE_VERSION, state)

    @override
    def close(self) -> None:
        while self._opened:
            self._close(next(iter(self._opened.values())))

    def _begin_next(self) -> None:
        if not self._ready:
            self._ready.extend(self._watch.look(self._clock()))
            return
        followed = self._ready.popleft()
        if followed.file is not None and not followed.file.extend():
            self._close(followed)
        file = followed.file or self._open(followed)
        if file is None:
            return
        if followed.is_finishing and file.is_cut:
            _log.warning("jsonl_gzip_cut", extra={"file": shown(followed.path)})
            self._close(followed)
            return
        if followed.is_finishing and not followed.is_copied:
            file.finish()
        elif followed.quiet_ns is not None and not file.waits:
            followed.quiet_ns = self._clock()
        followed.file = file
        self._reading = followed
        self._opened.pop(followed.identity, None)
        self._opened[followed.identity] = followed
        if len(self._opened) > OPEN_MAX:
            self._close(next(iter(self._opened.values())))

    def _open(self, followed: Followed) -> OpenFile | None:
        """Open a file, unless another took its place since the last look."""
        if followed.quiet_ns is not None:
            return None
        try:
            file = self._open_file(followed.path, followed.start())
        except FileNotFoundError:
            followed.seen = None
            return None
        if file.identity != followed.identity:
            followed.seen = None
        elif followed.position is None or not file.begins_anew:
            before, followed.before = followed.before, None
            if before is not None and before.file is not None:
                before.is_copied = file.is_longer_copy_of(before.file)
            return file
        else:
            _log.warning("jsonl_read_again", extra={"file": shown(followed.path)})
            if self._watch.is_listed(followed):
                return file
            self._watch.forget(followed)  # by a name that does not match it is not our input
        file.close()
        return None

    def _rest(self, followed: Followed, *, ended: bool) -> None:
        """Leave a file that holds no more now."""
        self._reading = None
        self._keep_position(followed)
        if ended or followed.is_finishing:
            self._close(followed)

    def _keep_position(self, followed: Followed) -> None:
        if followed.file is not None:
            followed.position = followed.file.position()

    def _close(self, followed: Followed) -> None:
        del self._opened[followed.identity]
        if followed.file is not None:
            followed.file.close()
            followed.file = None
        if followed.quiet_ns is not None:
            self._watch.forget(followed)  # now its inode is free for another file
