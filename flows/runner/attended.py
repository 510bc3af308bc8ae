"""A process that runs the job, attended: signals stop it, the watchdog ends it, metrics show it."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import NoReturn

from flows.destination import Destination
from flows.metrics import serve
from flows.place import Place
from flows.runner.exit_codes import OK, START_AGAIN
from flows.runner.progress import Progress, Started
from flows.runner.stop import on_signals
from flows.runner.watchdog import Stillness, Watchdog

_log = logging.getLogger(__name__)


@contextmanager
def attended(destination: Destination, place: Place, stop: Event) -> Iterator[Started]:
    """Give what an execution calls with its counts; attends it until the block ends.

    The first SIGTERM or SIGINT sets `stop`; another one ends the process at once, with 128 and its
    number. If nothing moves for too long the process ends with 75. Neither loses anything: the next
    run goes on from the last commit. A process of a cluster that has not begun ends at once.

    Args:
        destination: what is run.
        place: the process that runs it.
        stop: ends the inputs.
    """
    attending: list[Progress] = []

    def drain(number: signal.Signals) -> None:
        _log.info("stop_asked", extra={"signal": number.name})
        if place.is_cluster and not any(progress.moves for progress in attending):
            os._exit(OK)  # the engine waits for peers that may never come, and nothing was begun
        stop.set()

    with ExitStack() as until_end, on_signals(drain, _abort):

        def started(progress: Progress) -> None:
            facts = {"resumed": progress.resumed, "member": place.process}
            _log.info("started", extra=facts | {"members": place.processes})
            attending.append(progress)
            delivery = destination.delivery
            stillness = Stillness(
                place, epoch_s=destination.state.epoch_s, give_up_s=delivery.give_up_s
            )
            watchdog = Watchdog(progress, place, stillness, _give_up)
            until_end.callback(watchdog.close)
            metrics = destination.metrics
            if metrics.port is not None:
                # Processes of one machine take a port each.
                port = metrics.port + (0 if place.has_own_disk else place.process)
                until_end.enter_context(
                    serve(destination.name, progress, host=metrics.host, port=port)
                )

        yield started
        _log.info("ended", extra={"stopped": stop.is_set()})


def _abort(number: signal.Signals) -> NoReturn:
    _end("ended_at_once", number.name, 128 + number)


def _give_up(reason: str) -> NoReturn:
    _end("ended_by_watchdog", reason, START_AGAIN)


def _end(event: str, reason: str, code: int) -> NoReturn:
    """End the process where it stands: the engine, which may hang, is not asked."""
    next_ = "the next run goes on from the last commit; nothing was lost"
    _log.error(event, extra={"reason": reason, "next": next_})
    os._exit(code)
