"""Judges what was read back of a stream against what a run without a crash sent.

Promises, per identity, the verdict of the at-least-once rule: after a crash the messages since
the last commit may come again, in order, and nothing else may differ. Needs inputs in which each
identity has one source partition, so that there is one right sequence. Leaves out who wrote
what: messages are compared as bytes, and equal ones may repeat. Imports nothing of the project.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum


class Verdict(IntEnum):
    """From best to worst, so that the worst of several is their `max`."""

    EXACT = 0
    DUPLICATES = 1
    DISORDER = 2
    LOSS = 3

    @property
    def passes(self) -> bool:
        """Whether at-least-once delivery in order allows it."""
        return self <= Verdict.DUPLICATES


@dataclass(frozen=True)
class Restart:
    """One restart, as far as it is known, counted in messages of the identity.

    `position`: how many messages had been read back when it happened (None: not known).
    `commit`: how many of the expected ones were committed then; none before it may come again.
    """

    position: int | None = None
    commit: int = 0


@dataclass(frozen=True)
class StreamVerdict:
    """The worst verdict, the first identity that has it, and how many identities have which.

    `index` counts the identities of either side in sorted order: no id is shown. It is None for
    a stream without identities.
    """

    worst: Verdict
    index: int | None
    counts: Mapping[Verdict, int]


def verdict(
    expected: Sequence[bytes], read: Sequence[bytes], restarts: Sequence[Restart] | None = ()
) -> Verdict:
    """The verdict on one identity: `expected` without a crash, `read` with the given restarts.

    EXACT: the same. DUPLICATES: `read` is cut at the restarts (empty parts allowed) into
    stretches of `expected`; the first starts at its beginning, each later one no later than the
    furthest place reached and no earlier than the last commit, the last ends with its end.
    LOSS: a message is missing, counting equal ones, or every such cut stops short of the end.
    DISORDER: anything else. Restarts whose position is not known may have been anywhere;
    `restarts` None means any number of them, anywhere, with nothing committed, which is lenient.
    """
    if list(expected) == list(read):
        return Verdict.EXACT
    ended, furthest = _histories(expected, read, restarts)
    if ended:
        return Verdict.DUPLICATES
    stopped_short = furthest is not None and furthest < len(expected)
    if stopped_short or Counter(expected) - Counter(read):
        return Verdict.LOSS
    return Verdict.DISORDER


def stream_verdict(
    expected: Mapping[str, Sequence[bytes]],
    read: Mapping[str, Sequence[bytes]],
    restarts: Mapping[str, Sequence[Restart]] | Sequence[Restart] | None = (),
) -> StreamVerdict:
    """The worst verdict over all identities of either side.

    `restarts` by identity (none for an identity left out), or the same for each.
    """
    verdicts = []
    for identity in sorted(expected.keys() | read.keys()):
        known = restarts.get(identity, ()) if isinstance(restarts, Mapping) else restarts
        verdicts.append(verdict(expected.get(identity, ()), read.get(identity, ()), known))
    worst = max(verdicts, default=Verdict.EXACT)
    index = verdicts.index(worst) if verdicts else None
    return StreamVerdict(worst, index, Counter(verdicts))


def _histories(
    expected: Sequence[bytes], read: Sequence[bytes], restarts: Sequence[Restart] | None
) -> tuple[bool, int | None]:
    """Whether a cut of `read` ends with the end of `expected`, and the furthest any cut reaches.

    The place reached is None if no cut explains `read` at all. Only the furthest place reached
    limits what may follow, so for each length of `read` already explained the greatest is enough.
    """
    runs: Iterable[Restart] = itertools.repeat(Restart())
    if restarts is not None:
        runs = itertools.chain([Restart()], restarts)
    reached, ended = {0: 0}, False
    for run in runs:
        if run.position is not None:
            reached = {place: far for place, far in reached.items() if place == run.position}
        ended = any(_ends(expected, read, place, far, run.commit) for place, far in reached.items())
        before, reached = reached, _after(expected, read, reached, run.commit)
        if restarts is None and (ended or reached == before):
            break
    return ended, reached.get(len(read))


def _ends(
    expected: Sequence[bytes], read: Sequence[bytes], place: int, far: int, commit: int
) -> bool:
    """Whether the rest of `read` can be the end of `expected`, sent by one run."""
    start = len(expected) - (len(read) - place)
    return commit <= start <= far and list(expected[start:]) == list(read[place:])


def _after(
    expected: Sequence[bytes], read: Sequence[bytes], reached: Mapping[int, int], commit: int
) -> dict[int, int]:
    """The furthest place reached for each length of `read` explained, one run later."""
    after: dict[int, int] = {}
    for place, far in reached.items():
        explained = -1  # a later start that explains as much has reached further
        for start in range(far, commit - 1, -1):
            shared = _shared(expected, start, read, place)
            for length in range(explained + 1, shared + 1):
                end = place + length
                after[end] = max(after.get(end, 0), far, start + length)
            explained = max(explained, shared)
    return after


def _shared(expected: Sequence[bytes], start: int, read: Sequence[bytes], place: int) -> int:
    """How many messages are the same from the two places on."""
    length = 0
    while (
        start + length < len(expected)
        and place + length < len(read)
        and expected[start + length] == read[place + length]
    ):
        length += 1
    return length
