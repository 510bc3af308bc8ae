"""What must hold of a history that has come to the end of its input, whatever befell it."""

from __future__ import annotations

from tests.kill9.history import History, crash_free


def assert_nothing_is_lost(history: History, label: str = "") -> None:
    """Judge messages, their order and repetition, rejects, and the profiles that are left."""
    found, left = crash_free(), history.outcome()
    assert 0 == history.executions[-1].code, f"{label}: {history.talk}"
    verdict = history.verdict()
    assert verdict.worst.passes, f"{label}: {verdict}"
    assert [] == list(history.faults()), label
    assert found.lanes == left.lanes, label
    assert found.rejects == left.rejects, label
