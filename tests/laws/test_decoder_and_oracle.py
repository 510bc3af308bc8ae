"""The pure steps against the oracle: the same lines, the same outcomes, the same bytes."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from flows.destination import Destination
from flows.profile.exporter import Exporter
from flows.profile.fragment import Fragment
from flows.profile.line import PLACE_BITS, check_line, split_line
from flows.profile.merge import EMPTY, Profile
from flows.profile.policy import Export
from flows.profile.reject import Rejected
from flows.profile.state import pack, unpack
from tests.judges import oracle
from tests.judges.broken_lines import streams
from tests.judges.lines import destinations


def read(exporter: Exporter, destination: Destination, line: oracle.Line) -> list[Fragment | str]:
    """Decode one line as the flow does: each fragment, or the reason of its reject."""
    try:
        check_line(line.raw, destination.limits)
        raws = split_line(line.raw)
    except Rejected as rejected:
        return [rejected.reason]
    outcomes: list[Fragment | str] = []
    for index, raw in enumerate(raws):
        try:
            exporter.reader.key(raw)
            ordinal = (line.ordinal << PLACE_BITS) + index
            outcomes.append(exporter.reader.read(raw, line.arrival_us, ordinal))
        except Rejected as rejected:
            outcomes.append(rejected.reason)
    return outcomes


@given(st.data())
def test_every_fragment_ends_as_the_oracle_says(data: st.DataObject) -> None:
    """The same rejects, the same decisions, and the same bytes of every message."""
    plain = data.draw(destinations())
    lines = data.draw(streams(plain))
    destination = msgspec.convert(plain, Destination)
    record_bytes = data.draw(st.integers(150, 600))  # about what a message has here
    exporter = Exporter(destination, record_bytes=record_bytes)
    profiles: dict[str, bytes] = {}
    for line in lines:
        expected = oracle.judge_lines(plain, [line])
        found = read(exporter, destination, line)
        assert [
            each.reason if isinstance(each, oracle.Reject) else each.key for each in expected
        ] == [each if isinstance(each, str) else each.key for each in found]
    fragments = [each for line in lines for each in read(exporter, destination, line)]
    accepted = [each for each in fragments if isinstance(each, Fragment)]
    judged = [
        each for each in oracle.judge_lines(plain, lines) if isinstance(each, oracle.Fragment)
    ]
    decisions = oracle.replay(plain, judged, record_bytes=record_bytes)
    for fragment, decision in zip(accepted, decisions, strict=True):
        packed = profiles.get(fragment.key)
        before: Profile = EMPTY if packed is None else unpack(packed)
        step = exporter.apply(before, fragment)
        profiles[fragment.key] = pack(step.after)
        if isinstance(decision, oracle.Export):
            assert isinstance(step.decision, Export)
            assert decision.reasons == step.decision.reasons
            assert decision.data == oracle.mask_export_id(step.message)
        else:
            assert not isinstance(step.decision, Export)
            assert (decision.outcome, decision.reason) == (
                step.decision.outcome,
                step.decision.reason,
            )
