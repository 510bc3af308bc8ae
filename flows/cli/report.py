"""What is said at the end of a run: the funnel and the join's health in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.runner.progress import Progress

WIDTH_CHARS = 100

MEETING_SHARE = 0.1
"""Below this share of the smaller stream's profiles, the two streams hardly meet."""


def end_lines(
    progress: Progress, rejects_path: str | None, *, is_all: bool = True
) -> Iterator[str]:
    """Say all there is to say at the end of a run.

    Args:
        progress: its counts.
        rejects_path: where its rejects were kept, if they were.
        is_all: whether these are the counts of the whole job, not of one process of several.
    """
    yield from funnel_lines(progress)
    yield from health_lines(progress)
    if progress.funnel.rejected and rejects_path:
        yield f"rejects are kept in {rejects_path}; `rejects list` counts them"
    if progress.delivery is not None and progress.delivery.dead_lettered:
        yield "`dead-letters list` shows what Kinesis can never accept"
    if (
        is_all
        and progress.resumed
        and not progress.funnel.received
        and not progress.funnel.backfilled
    ):
        yield (
            "Nothing new: the inputs end where the last run stopped. `run --fresh` reads them "
            "from the start."
        )


def funnel_lines(progress: Progress) -> Iterator[str]:
    """Say where every fragment ended, with reasons; the first line is the balance."""
    funnel, sent = progress.funnel, progress.delivery
    backfilled = f" + backfilled {funnel.backfilled:,}" if funnel.backfilled else ""
    units = funnel.taken + funnel.unrouted
    took = f"received {funnel.received:,}"
    if units != funnel.received:  # one of several processes: it reads what others join
        took += f"; of what all received, took {units:,}"
    yield (
        f"{took}{backfilled} = rejected {funnel.rejected.total():,} + "
        f"unchanged {funnel.unchanged.total():,} + filtered {funnel.filtered.total():,} + exported "
        f"{funnel.exported:,}"
    )
    for outcome in ("rejected", "unchanged", "filtered"):
        counts: Counter[str] = getattr(funnel, outcome)
        if counts:
            yield from _wrap(f"  {outcome:<11}{_reasons(counts)}")
    if sent is not None and funnel.exported:
        superseded = f", superseded {sent.superseded:,}" if sent.superseded else ""
        yield (
            f"  {'exported':<11}acknowledged {sent.acknowledged:,}, "
            f"dead-lettered {sent.dead_lettered:,}{superseded}"
        )


def health_lines(progress: Progress) -> Iterator[str]:
    """Say how well the streams meet in the join; a second line warns when they hardly do."""
    counts = progress.funnel.profiles
    if not counts.total():
        return
    both, attributes, memberships = counts["both"], counts["attributes"], counts["memberships"]
    sample = " (a sample)" if progress.funnel.sampled else ""
    yield (
        f"profiles{sample} {counts.total():,}: with both {both:,}, attributes only "
        f"{attributes:,}, memberships only {memberships:,}"
    )
    smaller = both + min(attributes, memberships)
    if smaller and both < MEETING_SHARE * smaller:
        yield (
            "warning: attributes and memberships hardly meet. Do both streams carry the same ids "
            "in the key namespace?"
        )


def _wrap(text: str) -> list[str]:
    return wrap(text, WIDTH_CHARS, subsequent_indent=" " * 13, break_on_hyphens=False)


def _reasons(counts: Counter[str]) -> str:
    return ", ".join(f"{reason} {count:,}" for reason, count in counts.most_common())
