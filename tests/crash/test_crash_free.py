"""The run without a crash that every other test compares with is itself right.

Judged by the oracle, which shares no code with the job.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.crash.fragments import ARRIVAL_US, IDENTITIES, LINE_BYTES, LINES, destination_in, lines
from tests.crash.history import crash_free
from tests.judges.oracle import (
    Export,
    Fragment,
    Line,
    Reject,
    judge_lines,
    mask_export_id,
    replay,
)


@pytest.mark.parametrize("metadata", [False, True])
@pytest.mark.parametrize("lines_per_epoch", [1, 7, 64])
def test_without_a_crash_the_oracle_s_messages_and_rejects_come_out(
    lines_per_epoch: int, *, metadata: bool
) -> None:
    """Whatever the epochs, each identity's messages are the oracle's, in its order."""
    destination = destination_in(Path(), metadata=metadata)
    read = [Line(raw, ARRIVAL_US, number) for number, raw in enumerate(lines())]
    found = judge_lines(destination, read)
    fragments = [each for each in found if isinstance(each, Fragment)]
    messages: dict[str, list[bytes]] = {}
    for fragment, decision in zip(fragments, replay(destination, fragments), strict=True):
        if isinstance(decision, Export):
            messages.setdefault(f"crmid:{fragment.key}", []).append(decision.data)
    outcome, _ = crash_free(lines_per_epoch, metadata=metadata)
    sent = {key: [mask_export_id(each) for each in own] for key, own in outcome.messages.items()}
    assert messages == sent
    reasons = Counter(json.loads(line)["reason"] for line in outcome.rejects)
    assert Counter(each.reason for each in found if isinstance(each, Reject)) == reasons


def test_the_input_is_worth_crashing_on() -> None:
    """It has enough messages, rejects of both steps, equal messages, and lines that fit."""
    outcome, _ = crash_free(64, metadata=False)
    reasons = {json.loads(line)["reason"] for line in outcome.rejects}
    assert {"not_json", "empty_batch", "no_key_identity", "bad_time", "unknown_status"} <= reasons
    assert IDENTITIES == len(outcome.messages)
    assert sum(map(len, outcome.messages.values())) > LINES / 2
    assert any(len(set(own)) < len(own) for own in outcome.messages.values())
    assert {LINE_BYTES - 1} == set(map(len, lines()))
