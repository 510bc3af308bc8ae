"""What is told of records put aside."""

from __future__ import annotations

from connectors.kinesis.core.actions import Aside, Superseded
from connectors.kinesis.core.asides import Asides
from tests.unit.connectors.kinesis.core.made import record

A1, A2 = Aside(record("a1"), "too large", 0.0), Aside(record("a2"), "too large", 0.0)


def test_news_is_told_once_and_in_order() -> None:
    """Each thing that happened is told, as it happened, and then forgotten."""
    asides = Asides([])
    asides.put(A1)
    asides.put(A2)
    asides.acknowledged("a")
    assert [A1, A2, Superseded("a")] == asides.news()
    assert [] == asides.news()


def test_an_acknowledgement_supersedes_a_key_once() -> None:
    """A key is remembered until a record of it is acknowledged, and again after the next aside."""
    asides = Asides([])
    asides.put(A1)
    assert {"a"} == asides.keys
    asides.acknowledged("a")
    assert set() == asides.keys
    asides.put(A2)
    assert {"a"} == asides.keys


def test_keys_of_earlier_executions_are_superseded_too() -> None:
    """What an earlier execution put aside is superseded by the first record of this one."""
    asides = Asides(["a", "b"])
    asides.acknowledged("b")
    assert {"a"} == asides.keys
    assert [Superseded("b")] == asides.news()
