"""The progress line: on a terminal, once a second, where the run stands."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flows.runner.progress import Progress, Started

_INTERVAL_S = 1.0


@contextmanager
def watching() -> Iterator[Started]:
    """Give what a run calls with its counts; shows them until the run ends."""
    ended = Event()
    threads: list[Thread] = []

    def started(progress: Progress) -> None:
        if sys.stderr.isatty():
            thread = Thread(target=_show, args=(progress, ended), daemon=True)
            threads.append(thread)
            thread.start()

    try:
        yield started
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _show(progress: Progress, ended: Event) -> None:
    began = time.monotonic()
    while not ended.wait(_INTERVAL_S):
        received = progress.funnel.received
        rate = received / (time.monotonic() - began)
        sent = progress.delivery
        acknowledged = "" if sent is None else f" · acknowledged {sent.acknowledged:,}"
        click.echo(
            f"\r\x1b[Kreceived {received:,} · exported {progress.funnel.exported:,}{acknowledged} "
            f"· {rate:,.0f}/s",
            err=True,
            nl=False,
        )
    click.echo("\r\x1b[K", err=True, nl=False)
