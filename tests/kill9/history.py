"""A history: executions of the job on one folder, killed and started again, and what came of it.

Promise: a kill counts only if it is proven to have hit the middle of the work: the job had been
answered in this execution, and had lines left that were not committed. What the verdict may know
of a restart (what the far end held, what was committed) is read when no process is left.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.judges.oracle import mask_export_id
from tests.judges.verdict import Restart, StreamVerdict, stream_verdict
from tests.kill9 import workload
from tests.kill9.far_end import FarEnd
from tests.kill9.job import Blow, Job
from tests.kill9.recovery import Kept, read_store
from tests.kill9.workload import INPUTS, LINES, LINES_PER_FILE, MAX_IN_FLIGHT, Sent

MEMORY = Path("/dev/shm")  # noqa: S108 - each history makes a folder of its own there
"""Where Linux keeps files in memory: elsewhere a commit waits for the disk several times."""

DEATHS = {-signal.SIGKILL, -signal.SIGXFSZ}
"""Exit codes of a process that was killed, by a kill or for writing past its limit."""

BATCH_IS_EPOCH = 0.000_001
"""Seconds of an epoch: shorter than any batch takes, so that each batch, which is a file, has one
of its own."""

NOTHING = Kept([], 1, set(), {}, {})


@dataclass(frozen=True)
class Outcome:
    """What a history leaves.

    Attributes:
        messages: what was read back, by partition key.
        rejects: lines of the rejects file, sorted, without the name of the history's folder.
        lanes: the committed bytes of each lane.
    """

    messages: dict[str, list[bytes]]
    rejects: list[bytes]
    lanes: dict[str, bytes]


@dataclass(frozen=True)
class Execution:
    """A job that was started once and has ended.

    Attributes:
        blow: what was to befall it; None: nothing.
        processes: how many it had, without a supervisor.
        code: its exit code.
        start: how much the far end held when it began.
        end: how much it held when the job was over.
        requests: how many requests it has made.
        before: what the store held when it began.
        after: what it held when the job was over.
    """

    blow: Blow | None
    processes: int
    code: int
    start: int
    end: int
    requests: int
    before: Kept
    after: Kept

    @property
    def was_hit(self) -> bool:
        """Whether it was killed in the middle of the work.

        A process has no more than `MAX_IN_FLIGHT` requests under way, so with one more than all of
        them may have one was answered.
        """
        was_answered = self.requests > self.processes * MAX_IN_FLIGHT
        is_left = any(self.after.lines.get(name, 0) < LINES for name in INPUTS)
        return self.code in DEATHS and was_answered and is_left

    @property
    def was_hit_in_commit(self) -> bool:
        """Whether rows of the sink, an epoch's last, were there and the epoch not committed."""
        return self.was_hit and "kinesis" in self.after.unfinished

    @property
    def restarts_within(self) -> int:
        """How often a supervisor has started the dataflow again."""
        return max(0, len(self.after.executions) - len(self.before.executions) - 1)


@dataclass
class History:
    """The executions on one folder, and the stream they write to.

    Attributes:
        folder: where the destination is.
        far_end: the stream.
        epoch_s: seconds of an epoch.
        executions: in order.
    """

    folder: Path
    far_end: FarEnd
    epoch_s: float = BATCH_IS_EPOCH
    executions: list[Execution] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write destination and input."""
        destination = json.dumps(workload.destination(self.far_end.url))
        (self.folder / "destination.yaml").write_text(destination, encoding="utf-8")
        (self.folder / "home").mkdir()
        workload.write_input(self.folder)

    def run(
        self, blow: Blow | None = None, *options: str, processes: int = 1, defect: str = ""
    ) -> Execution:
        """Run the job once, until it was killed or ends by itself; see `Job`."""
        with self.running(blow, *options, processes=processes, defect=defect):
            pass
        return self.executions[-1]

    @contextmanager
    def running(
        self, blow: Blow | None = None, *options: str, processes: int = 1, defect: str = ""
    ) -> Iterator[Job]:
        """Run the job once, with something else to do meanwhile; then wait for its end."""
        start, requests = len(self.far_end.stored), self.far_end.requests
        before = self.executions[-1].after if self.executions else NOTHING
        options = (f"--set=state.epoch_s={self.epoch_s:f}", *options)
        if processes > 1:
            options = ("-p", str(processes), *options)
        with Job(self.folder, self.far_end, blow, *options, defect=defect) as job:
            yield job
            code = job.wait()
        store = self.folder / "state" / "current" / "recovery"
        after = read_store(store, INPUTS) if store.exists() else NOTHING
        end, requests = len(self.far_end.stored), self.far_end.requests - requests
        self.executions.append(
            Execution(blow, processes, code, start, end, requests, before, after)
        )

    @property
    def talk(self) -> str:
        """What the last job has said."""
        return (self.folder / "talk").read_text(encoding="utf-8", errors="replace")

    @property
    def kills(self) -> list[Execution]:
        """The executions that were killed in the middle of the work."""
        return [execution for execution in self.executions if execution.was_hit]

    def restarts(self) -> dict[str, list[Restart]]:
        """What the verdict may know of each restart, by partition key.

        Of those that a supervisor did by itself, only what was committed when it was started.
        """
        restarts: dict[str, list[Restart]] = {}
        for execution in self.executions:
            held = Counter(record.partition_key for record in self.far_end.stored[: execution.end])
            for key, sent in workload.expected().messages.items():
                known = restarts.setdefault(key, [])
                unseen = Restart(None, _committed(sent, execution.before))
                known += [unseen] * execution.restarts_within
                if execution is not self.executions[-1]:
                    known.append(Restart(held[key], _committed(sent, execution.after)))
        return restarts

    def verdict(self) -> StreamVerdict:
        """The verdict on what was read back."""
        return stream_verdict(crash_free().messages, self.far_end.messages(), self.restarts())

    def outcome(self) -> Outcome:
        """What the history has left so far."""
        (rejects,) = (self.folder / "rejects").iterdir()
        return Outcome(
            self.far_end.messages(),
            sorted(rejects.read_bytes().replace(bytes(self.folder), b"").splitlines()),
            self.executions[-1].after.lanes,
        )

    def faults(self) -> Iterator[str]:
        """Say what is wrong with what was committed, and what came twice beyond one epoch."""
        lines = _lines()
        for number, execution in enumerate(self.executions):
            before, after = execution.before, execution.after
            resumed = after.executions[len(before.executions) :][:1]
            if number and resumed not in ([], [before.resume_epoch]):
                yield f"execution {number} did not resume where the store was read to stand"
            for name in INPUTS:
                was, now = before.lines.get(name, 0), after.lines.get(name, 0)
                if now < was or now % LINES_PER_FILE:
                    yield f"execution {number} went from line {was} of {name} to {now}"
            for record in self.far_end.stored[execution.start : execution.end]:
                name, line = lines[record.data]
                was, now = before.lines.get(name, 0), after.lines.get(name, 0)
                is_far = self.epoch_s == BATCH_IS_EPOCH and line >= now + LINES_PER_FILE
                if line < was or is_far:
                    yield f"execution {number} went from {was} to {now} and sent {line} of {name}"


def _committed(sent: list[Sent], kept: Kept) -> int:
    """How many of an identity's messages come from committed lines."""
    return bisect_left([each.line for each in sent], kept.lines.get(sent[0].input, 0))


@contextmanager
def new_history(epoch_s: float = BATCH_IS_EPOCH) -> Iterator[History]:
    """Give a history in a folder of its own, in memory where there is such a place."""
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as folder, FarEnd() as far_end:
        yield History(Path(folder), far_end, epoch_s)


@cache
def crash_free() -> Outcome:
    """What a run without a kill leaves."""
    with new_history() as history:
        ended = history.run()
        assert 0 == ended.code, history.talk
        return history.outcome()


@cache
def _lines() -> dict[bytes, tuple[str, int]]:
    """The input and line of each message: its id tells it from all others.

    Raises:
        AssertionError: the messages of the run without a kill are not the oracle's.
    """
    found: dict[bytes, tuple[str, int]] = {}
    expected = workload.expected().messages
    assert expected.keys() == crash_free().messages.keys()
    for key, messages in crash_free().messages.items():
        for data, sent in zip(messages, expected[key], strict=True):
            assert sent.data == mask_export_id(data)
            assert data not in found
            found[data] = (sent.input, sent.line)
    return found
