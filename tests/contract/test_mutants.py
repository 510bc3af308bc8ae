"""The contract finds what it is there to find: each wrong sink breaks just its own promises."""

from __future__ import annotations

from multiprocessing.pool import ThreadPool

import pytest

from connectors.kinesis.testing.contract import Case, ContractBroken, SinkContract
from tests.contract.mutants.plain import PlainPartition, PlainSink, Record
from tests.contract.mutants.wrong import MUTANTS

AT_ONCE = 8  # most cases wait most of the time


def contract_of(kind: type[PlainPartition], *, lingers: bool = False) -> SinkContract:
    """The contract, for a sink with this kind of partition."""
    return SinkContract(
        lambda endpoint: PlainSink(endpoint, kind), Record, lingers=lingers, deadline_s=3.0
    )


def broken(kind: type[PlainPartition]) -> set[str]:
    """The cases that a sink with this kind of partition does not pass."""
    contract = contract_of(kind)

    def breaks(case: Case) -> bool:
        try:
            contract.check(case)
        except ContractBroken:
            return True
        return False

    with ThreadPool(AT_ONCE) as threads:
        found = threads.map(breaks, contract.cases, chunksize=1)
    return {case.name for case, is_broken in zip(contract.cases, found, strict=True) if is_broken}


def test_a_plain_sink_keeps_the_contract() -> None:
    """The sink that the wrong ones are made from passes every case."""
    assert set() == broken(PlainPartition)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_wrong_sink_breaks_just_its_own_promises(mutant: type[PlainPartition]) -> None:
    """Each defect is found by the cases that are about it, and by no other."""
    assert mutant.breaks == broken(mutant)


def test_a_sink_that_only_flushes_does_not_linger() -> None:
    """One that claims to send a lone record by itself, and does not, is found."""
    promised = {case.name for case in contract_of(PlainPartition).cases}
    contract = contract_of(PlainPartition, lingers=True)
    (case,) = [case for case in contract.cases if case.name not in promised]
    with pytest.raises(ContractBroken, match="within seconds"):
        contract.check(case)
