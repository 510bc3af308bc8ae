"""The verdict of ``demo --kill``: what two runs left on the stream, next to what one would have.

Both runs send a person's messages in order. The killed one has to have begun at the first, and the
one after it no later than where the other stopped, and to have come to the last.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple, TypeAlias

import click

from .demo import title
from .exits import Failure

Messages: TypeAlias = dict[str, list[bytes]]


class Judged(NamedTuple):
    """What the messages of one person on the stream are, next to those of an undisturbed run.

    Attributes:
        lost: messages that are missing.
        in_order: whether the first run sent them from the first on without a gap, and the second
            from no later place to the last.
        again: messages that came twice, if they are in order.
    """

    lost: int
    in_order: bool
    again: int


def judge(expected: list[bytes], first: list[bytes], second: list[bytes]) -> Judged:
    """Judge one person's messages: those of an undisturbed run against what two runs left.

    Args:
        expected: all, in order.
        first: what the run that was killed left on the stream.
        second: what the run after it added.
    """
    lost = (Counter(expected) - Counter([*first, *second])).total()
    again = len(first) + len(second) - len(expected)
    resumed_at = len(first) - again
    in_order = 0 <= again <= len(first) and (
        expected[: len(first)] == first and expected[resumed_at:] == second
    )
    return Judged(lost, in_order, again if in_order else 0)


def show_verdict(expected: Messages, first: Messages, both: Messages) -> None:
    """Print what came of it.

    Args:
        expected: all messages by person, of the run that nobody disturbed.
        first: what the killed run left on the stream.
        both: what is on it now.

    Raises:
        Failure: a message is missing or out of order.
    """
    judged = {}
    for person in expected.keys() | both.keys():
        before = first.get(person, [])
        after = both.get(person, [])[len(before) :]
        judged[person] = judge(expected.get(person, []), before, after)
    second = count(both) - count(first)
    click.echo(
        f"went on from its last commit, at message {count(expected) - second:,}, and sent "
        f"{second:,}"
    )
    lost = sum(each.lost for each in judged.values())
    disorder = sum(not each.in_order for each in judged.values())
    again = sum(each.again for each in judged.values())
    if lost or disorder:
        raise Failure(
            f"{lost} messages are lost, and those of {disorder} people have a gap or are out of "
            "order. Please report this."
        )
    title(f"Verdict: {'DUPLICATES' if again else 'EXACT'}")
    people = [person for person, each in judged.items() if each.again]
    click.echo(f"lost 0, out of order 0, sent again {again:,}, of {len(people):,} people")
    if people:
        longest = max(people, key=lambda person: len(both[person]))
        click.echo(_places(expected[longest], first.get(longest, []), judged[longest]))


def _places(expected: list[bytes], first: list[bytes], judged: Judged) -> str:
    """Say one person's messages by number, as they are on the stream."""
    sent = [str(number) for number in range(1, len(expected) + 1)]
    before, after = sent[: len(first)], sent[len(first) - judged.again :]
    return f"those of one person, by number: {' '.join(before)} (killed) {' '.join(after)}"


def count(messages: Messages) -> int:
    """Count the messages of all people."""
    return sum(map(len, messages.values()))
