"""Executions that read the streams, killed and stopped; `reader` is the program, `judge` judges.

Promise: what was written is known from the writer alone, and what came out from the files that the
readers left.
"""

from __future__ import annotations

import signal
from pathlib import Path
from subprocess import DEVNULL, Popen

import msgspec
from bytewax.recovery import init_db_dir
from typing_extensions import Self

from tests.reading.judge import SNAPSHOT, TakenBack, faults
from tests.reading.reader import PARTS, READY, Task
from tests.reading.streams import Stream
from tests.support import program
from tests.support.started import addresses
from tests.support.waiting import wait_until

CODE = (
    f"import sys; sys.path.insert(0, {str(program.ROOT)!r}); "
    "from tests.reading.reader import main; main()"
)


class History:
    """Executions on one folder, within a `with` block: no process is left after it.

    Args:
        folder: an empty one.
        url: the endpoint.
        streams: what is read.
    """

    def __init__(self, folder: Path, url: str, streams: list[Stream]) -> None:
        """Make the recovery store."""
        self._folder = folder
        self._url = url
        self._streams = streams
        self._running: list[Popen[bytes]] = []
        self._execution = 0
        self._was_killed = False
        self._after_kill: set[int] = set()
        (folder / "store").mkdir()
        init_db_dir(folder / "store", 2)

    def __enter__(self) -> Self:
        """Give the history."""
        return self

    def __exit__(self, *error: object) -> None:
        """Kill what still runs."""
        self.kill()

    def start(self, processes: int) -> None:
        """Start so many processes as one execution."""
        self._execution += 1
        if self._was_killed:
            self._after_kill.add(self._execution)
        here = addresses(processes).split(",") if processes > 1 else []
        for process in range(processes):
            task = Task(
                url=self._url,
                streams=[stream.name for stream in self._streams],
                folder=str(self._folder),
                execution=self._execution,
                process=process,
                addresses=here,
            )
            line = program.python(CODE, msgspec.json.encode(task).decode())
            with (self._folder / f"talk-{self._execution}-{process}").open("wb") as talk:
                self._running.append(
                    Popen(
                        line,
                        cwd=self._folder,
                        env=program.environment(self._folder),
                        stdin=DEVNULL,
                        stdout=talk,
                        stderr=talk,
                    )
                )

    def kill(self) -> None:
        """Kill all processes where they stand."""
        for each in self._running:
            each.kill()
        for each in self._running:
            each.wait()
        self._running.clear()
        self._was_killed = True

    def stop(self) -> None:
        """Ask all processes to end, and wait; they end well."""
        wait_until(lambda: self.talk().count(READY) == len(self._running))
        for each in self._running:
            each.send_signal(signal.SIGTERM)
        codes = [each.wait(program.TIMEOUT_S) for each in self._running]
        assert [0] * len(codes) == codes, self.talk()
        self._running.clear()
        self._was_killed = False

    def wait_for(self, count: int) -> None:
        """Wait until so many of the records that were written have come out."""

        def have_come() -> bool:
            assert all(each.poll() is None for each in self._running), self.talk()
            came = {line.rpartition(" ")[2] for line in self.lines()}
            return len(came & set(self.written())) >= count

        wait_until(have_come)

    def wait_for_uncommitted(self) -> None:
        """Wait until something came out of this execution that no snapshot of a file has.

        More is written meanwhile, as what there was may be committed before anyone looks.
        """

        def is_there() -> bool:
            assert all(each.poll() is None for each in self._running), self.talk()
            if len(list(self._folder.glob(f"again-{self._execution}-*"))) < len(PARTS):
                return False  # what there is may still be taken back
            self._streams[0].write(1)
            ends = [_lines(path)[-1:] for path in self._folder.glob("out-*")]
            return any(end not in ([], [SNAPSHOT]) for end in ends)

        wait_until(is_there)

    def written(self) -> list[str]:
        """Give the data of all records that the streams took."""
        return [data for stream in self._streams for data in stream.written]

    def lines(self) -> list[str]:
        """Give what was given out and not taken back, in order within each shard."""
        return [line for path in sorted(self._folder.glob("out-*")) for line in _lines(path)]

    def taken_back(self) -> list[TakenBack]:
        """Give what each resume took back of each file."""
        return [
            TakenBack(execution, execution in self._after_kill, _lines(path))
            for execution in range(1, self._execution + 1)
            for path in sorted(self._folder.glob(f"again-{execution}-*"))
        ]

    @property
    def hits(self) -> int:
        """How many kills have cost records that were given out."""
        return len({each.execution for each in self.taken_back() if each.is_hit})

    def talk(self) -> str:
        """Give what the processes of the last execution have said."""
        paths = sorted(self._folder.glob(f"talk-{self._execution}-*"))
        return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in paths)

    def faults(self) -> list[str]:
        """Say what is wrong with what came out; everything was waited for."""
        return list(faults(self.written(), self.lines(), self.taken_back()))


def _lines(path: Path) -> list[str]:
    """Read a file of lines; the last one may not be there yet as a whole."""
    return path.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()
