"""What a supervisor and its members say to each other, as lines of JSON."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
from msgspec import Struct

from connectors.kinesis import DeliveryStats
from connectors.paced import Pacing
from flows.destination import Destination
from flows.funnel import Funnel
from flows.place import Place
from flows.runner.progress import Progress
from flows.runner.store import Store

STOP = b"stop\n"
"""Tells a member to drain."""


class Spec(Struct, frozen=True):
    """What a member is to run.

    Attributes:
        destination: the job.
        store: its recovery store, which the supervisor holds.
        place: the member.
        log_level: least level that it logs.
    """

    destination: Destination
    store: Store
    place: Place
    log_level: str


class Report(Struct, frozen=True):
    """What a member says: how it stands, every second and at its end.

    Attributes:
        funnel: its counts by name.
        delivery: what its sink did.
        resumed: whether there was something to go on from.
        failure: why it ends badly; else empty.
    """

    funnel: dict[str, int | bool | dict[str, int]] = {}
    delivery: DeliveryStats = msgspec.field(default_factory=DeliveryStats)
    resumed: bool = False
    failure: str = ""


def encode(value: Spec | Report) -> bytes:
    """Give the line of a value."""
    return msgspec.json.encode(value, enc_hook=str) + b"\n"


def decode_spec(line: bytes) -> Spec:
    """Give the spec of a line."""
    return _decode_spec(line)


def decode_report(line: bytes) -> Report:
    """Give the report of a line."""
    return _decode_report(line)


def report_of(progress: Progress) -> Report:
    """Give the report of how a process stands."""
    return Report(vars(progress.funnel), progress.delivery or DeliveryStats(), progress.resumed)


def _path(kind: type, value: Any) -> Any:
    return kind(value) if issubclass(kind, Path) else value


_decode_spec = msgspec.json.Decoder(Spec, dec_hook=_path).decode
# Made before there are threads: two that are the first to decode a type at once crash the process,
# as one sees what the other has half made (msgspec 0.22).
_decode_report = msgspec.json.Decoder(Report).decode


class Total:
    """The counts of all members together, as they last reported.

    Attributes:
        progress: the sums; the same object for life, so that others can watch it.
    """

    def __init__(self, *, resumed: bool) -> None:
        """Start at zero."""
        self.progress = Progress(Funnel(), DeliveryStats(), resumed, Pacing())
        self._lock = Lock()
        self._reports: dict[int, Report] = {}

    def clear(self) -> None:
        """Count anew: what a process counted that ended badly was not committed."""
        with self._lock:
            self._reports.clear()
            self._sum_up()

    def take(self, process: int, report: Report) -> None:
        """Take up how a process stands."""
        with self._lock:
            if not report.failure:
                self._reports[process] = report
                self._sum_up()

    def _sum_up(self) -> None:
        funnel, delivery = Funnel(), DeliveryStats()
        for report in self._reports.values():
            funnel.add(_funnel_of(report))
            for name in ("offered", "acknowledged", "dead_lettered", "superseded", "requests"):
                setattr(delivery, name, getattr(delivery, name) + getattr(report.delivery, name))
        vars(self.progress.funnel).update(vars(funnel))
        for name in DeliveryStats.__struct_fields__:
            setattr(self.progress.delivery, name, getattr(delivery, name))


def _funnel_of(report: Report) -> Funnel:
    funnel = Funnel()
    for name, count in report.funnel.items():
        setattr(funnel, name, Counter(count) if isinstance(count, dict) else count)
    return funnel
