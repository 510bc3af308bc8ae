"""The contract of a Kinesis sink for Bytewax: what any sink must do, run over real sockets.

    contract = SinkContract(make_sink, make_record)

    @pytest.mark.parametrize("case", contract.cases, ids=str)
    def test_our_sink(case):
        contract.check(case)

It knows a sink only by its Bytewax face, and imports nothing of what it judges. Each case is one
promise. A sink that hangs breaks it too: a case ends at a deadline.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from typing import Any

from . import delivery, failures, giving_up, limits, no_answer
from .rig import ContractBroken, Endpoint, Partition, Rig, Sink

__all__ = ["Case", "ContractBroken", "Endpoint", "Partition", "Sink", "SinkContract"]

_GRACE_S = 1.0
"""How long a sink that hangs may take to end, once its faults are over."""


@dataclass(frozen=True, slots=True)
class Case:
    """One promise.

    Args:
        run: Tries it on a rig. Its name is the case's, its docstring the promise.
    """

    run: Callable[[Rig], None]

    @property
    def name(self) -> str:
        """As it is listed."""
        return self.run.__name__

    @property
    def promise(self) -> str:
        """What any sink does."""
        return (self.run.__doc__ or "").strip().partition("\n")[0]

    def __str__(self) -> str:
        return self.name


class SinkContract:
    """All cases, for one kind of sink.

    Args:
        make_sink: Makes a sink: a `FixedPartitionedSink` of lists of records.
        make_record: Makes a record of data and partition key.
        lingers: Whether a record goes out within seconds without a flush; such a sink has a case
            more to pass.
        deadline_s: How long a case may take; one that takes longer is broken.
    """

    def __init__(
        self,
        make_sink: Callable[[Endpoint], Sink],
        make_record: Callable[[bytes, str], Any],
        *,
        lingers: bool,
        deadline_s: float = 20.0,
    ) -> None:
        parts = [delivery.CASES, limits.CASES, failures.CASES, no_answer.CASES, giving_up.CASES]
        if lingers:
            parts.append(delivery.LINGER_CASES)
        self.cases = tuple(Case(run) for part in parts for run in part)
        self._make_sink = make_sink
        self._make_record = make_record
        self._deadline_s = deadline_s

    def check(self, case: Case) -> None:
        """Try one promise.

        Raises:
            ContractBroken: The sink does not keep it.
        """
        with Rig(self._make_sink, self._make_record) as rig, ThreadPool(1) as thread:
            trial = thread.apply_async(rig.try_out, (case.run,))
            try:
                trial.get(self._deadline_s)
            except multiprocessing.TimeoutError:
                rig.give_way()
                trial.wait(_GRACE_S)
                raise ContractBroken(
                    f"{case.promise} It goes on after {self._deadline_s} s."
                ) from None
            except ContractBroken as broken:
                raise ContractBroken(f"{case.promise} {broken}") from broken.__cause__
