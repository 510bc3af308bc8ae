"""What a case of the contract works with: a stream behind faults, and a sink that writes to it.

Records are named in short: `a1 b1 a2` are three, of the keys `a` and `b`, and a name is its
record's data, so that a stream can be read by eye.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from ..fake import FakeKinesis, Reply, Stored
from ..faults import Fault, Lost
from ..faulty import FaultyKinesis, Plan, script
from ..server import FakeServer

if TYPE_CHECKING:
    from typing_extensions import Self

STREAM = "contract"
REGION = "us-east-1"
GIVE_UP_S = 3.0  # longer than any stall that a case asks a sink to survive
REQUEST_TIMEOUT_S = 2.0  # less than that, so that a sink can also survive silence


class ContractBroken(AssertionError):
    """A sink does not keep a promise; the message names it and what was seen instead."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a sink is told.

    Args:
        url: Endpoint of the service, on this machine.
        stream: Name of the stream.
        region: Where it is.
        give_up_s: How long the sink may go without progress before it must raise.
        request_timeout_s: How long it waits for one answer.
    """

    url: str
    stream: str
    region: str
    give_up_s: float
    request_timeout_s: float


class Partition(Protocol):
    """A `bytewax.outputs.StatefulSinkPartition` of lists of records."""

    def write_batch(self, values: list[list[Any]]) -> None:
        """Take records."""

    def snapshot(self) -> Any:
        """Return when all that was taken is acknowledged."""

    def close(self) -> None:
        """Let go."""


class Sink(Protocol):
    """A `bytewax.outputs.FixedPartitionedSink`."""

    def list_parts(self) -> list[str]:
        """Name the partitions."""

    def part_fn(self, item_key: str) -> int:
        """Choose the partition of a key, modulo their number."""

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> Partition:
        """Open a partition."""


def require(kept: bool, seen: str) -> None:  # noqa: FBT001 - as `assert`, its second word is why
    """Break the contract unless it is kept.

    Raises:
        ContractBroken: It is not; `seen` says what was seen instead.
    """
    if not kept:
        raise ContractBroken(seen)


class Attempt:
    """A `with` block that may end in an error, which is kept and not raised.

    Args:
        kind: Which errors are meant; others come out as ever.
    """

    def __init__(self, kind: type[BaseException] = Exception) -> None:
        self.error: BaseException | None = None
        self._kind = kind

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self.error = error
        return isinstance(error, self._kind) and not isinstance(error, ContractBroken)


class Rig:
    """One stream of one shard, its server, and the sinks a case opens, within a `with` block.

    The stream limits no rates: what a case throttles is in its script.

    Args:
        make_sink: Makes the sink that is judged.
        make_record: Makes one of its records, of data and partition key.
    """

    def __init__(
        self,
        make_sink: Callable[[Endpoint], Sink],
        make_record: Callable[[bytes, str], Any],
    ) -> None:
        self.fake = FakeKinesis()
        self.fake.create(STREAM).limits_rate = False
        self.make_record = make_record
        self.asked = threading.Event()
        self.answered = threading.Event()
        self._make_sink = make_sink
        self._plan: Plan = script()
        self._faulty = FaultyKinesis(self.fake, self._next)
        self._server = FakeServer(self)
        self._parts: list[Partition] = []

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def call(self, operation: str, body: bytes, now: float) -> Reply | Lost:
        """Carry out an API call for the server, and note that PutRecords was there."""
        if operation != "PutRecords":
            return self._faulty.call(operation, body, now)
        self.asked.set()
        reply = self._faulty.call(operation, body, now)
        self.answered.set()
        return reply

    def _next(self, count: int) -> Fault | None:
        return self._plan(count)

    def try_out(self, run: Callable[[Self], None]) -> None:
        """Run a case, then close what it opened.

        Raises:
            ContractBroken: A promise is not kept, or the sink raised where it should not.
        """
        with Attempt() as attempt:
            try:
                run(self)
            finally:
                for part in self._parts:
                    part.close()
        if attempt.error is not None:
            raise ContractBroken(f"it raised {attempt.error!r}") from attempt.error

    def follow(self, plan: Plan) -> None:
        """Have PutRecords calls meet what this plan says, from now on."""
        self._plan = plan

    def give_way(self) -> None:
        """Let what hangs come to its end: no more faults, and no more waiting for requests."""
        self.follow(script())
        self.asked.set()
        self.answered.set()

    def sink(
        self, *, give_up_s: float = GIVE_UP_S, request_timeout_s: float = REQUEST_TIMEOUT_S
    ) -> Sink:
        """Make a sink."""
        endpoint = Endpoint(self._server.url, STREAM, REGION, give_up_s, request_timeout_s)
        return self._make_sink(endpoint)

    def part(self, sink: Sink, name: str) -> Partition:
        """Open a partition, which is closed when the case is over."""
        part = sink.build_part("contract", name, None)
        self._parts.append(part)
        return part

    def open(
        self, *, give_up_s: float = GIVE_UP_S, request_timeout_s: float = REQUEST_TIMEOUT_S
    ) -> Partition:
        """Make a sink and open its first partition."""
        sink = self.sink(give_up_s=give_up_s, request_timeout_s=request_timeout_s)
        return self.part(sink, sink.list_parts()[0])

    def records(self, names: str) -> list[Any]:
        """Make records of these names, such as `a1 b1`."""
        return [self.make_record(name.encode(), name[0]) for name in names.split()]

    def deliver(
        self,
        names: str,
        *faults: Fault | None,
        request_timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> None:
        """Write records through a new sink and flush it, while these faults happen."""
        self.follow(script(*faults))
        self.flush(self.open(request_timeout_s=request_timeout_s), self.records(names))

    def flush(self, part: Partition, *batches: list[Any]) -> None:
        """Write lists of records to a partition, and flush it."""
        part.write_batch(list(batches))
        part.snapshot()

    @property
    def stored(self) -> list[Stored]:
        """What the stream keeps, in order."""
        return self.fake.stored(STREAM)

    def expect(self, names: str, *, repeats: bool = False) -> None:
        """Require that the stream holds these records, each key's in this order, and no others.

        Args:
            names: The records.
            repeats: Whether a record may be there several times, before the next of its key.
        """
        wanted = _by_key(names.split())
        found = _by_key([kept.data.decode() for kept in self.stored])
        if repeats:
            found = {key: _without_repeats(of_key) for key, of_key in found.items()}
        for key in wanted | found:
            held, due = found.get(key, []), wanted.get(key, [])
            require(held == due, f"the stream holds {held} of key {key}, not {due}")

    @contextlib.contextmanager
    def interrupted(self) -> Iterator[None]:
        """Raise KeyboardInterrupt in the calling thread as soon as the first request is there."""
        caller = ctypes.c_ulong(threading.get_ident())

        def interrupt() -> None:
            if self.asked.wait(REQUEST_TIMEOUT_S):
                # The only way to interrupt a thread that is not the main one; CPython's.
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    caller, ctypes.py_object(KeyboardInterrupt)
                )

        interrupter = threading.Thread(target=interrupt, daemon=True)
        interrupter.start()
        yield
        interrupter.join()


def _by_key(names: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name[0], []).append(name)
    return found


def _without_repeats(names: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for name in names:
        if kept[-1:] != [name]:
            kept.append(name)
    return kept
