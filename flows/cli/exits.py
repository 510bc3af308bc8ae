"""From what went wrong to an exit code and words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

from flows.runner.exit_codes import (
    CONFIGURATION,
    FAILED,
    INTERRUPTED,
    NO_PERMISSION,
    START_AGAIN,
    UNREACHABLE,
)


class Failure(click.ClickException):
    """Ends the program with a message on stderr and an exit code."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        """Take the words and the code."""
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc] # click declares it for the class


@contextmanager
def exits(*, at_once: bool = False) -> Iterator[None]:
    """Turn what the job is known to raise into a ``Failure``; anything else keeps its traceback.

    Args:
        at_once: end the process here. Threads of an engine with peers may still be about, and would
            abort the interpreter as it shuts down ("exception not rethrown").
    """
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        failure = _failure_of(error)
        if failure is None:
            raise
        if at_once:
            failure.show()
            os._exit(failure.exit_code)
        raise failure from error


def _failure_of(error: BaseException) -> Failure | None:
    from connectors.jsonl import JsonlError
    from connectors.kafka import errors as kafka
    from connectors.kinesis import errors as kinesis
    from connectors.kinesis.testing.emulator import EmulatorError
    from flows.backfill import BackfillUnfinished
    from flows.destination.load import ConfigurationError
    from flows.metrics import MetricsUnavailable
    from flows.profile.state import UnknownSnapshot
    from flows.runner.execution import PeerLost
    from flows.runner.state_directory import StoreLocked, StoreUnusable
    from flows.runner.store import StoreMismatch, StoreMissing, StorePartsWrong
    from flows.runner.supervise import MemberFailed

    codes: dict[type[BaseException], int] = {
        ConfigurationError: CONFIGURATION,
        MetricsUnavailable: CONFIGURATION,
        StoreMismatch: CONFIGURATION,
        StorePartsWrong: CONFIGURATION,
        UnknownSnapshot: CONFIGURATION,
        kinesis.KinesisConfigurationError: CONFIGURATION,
        kinesis.KinesisPermissionDenied: NO_PERMISSION,
        kinesis.KinesisUnreachable: UNREACHABLE,
        kinesis.KinesisError: FAILED,
        kafka.KafkaConfigurationError: CONFIGURATION,
        kafka.KafkaPermissionDenied: NO_PERMISSION,
        kafka.KafkaUnreachable: UNREACHABLE,
        kafka.KafkaError: FAILED,
        PeerLost: START_AGAIN,
        JsonlError: FAILED,
        StoreLocked: FAILED,
        StoreMissing: FAILED,
        StoreUnusable: FAILED,
        BackfillUnfinished: FAILED,
        EmulatorError: FAILED,
    }
    for cause in _chain(error):
        if isinstance(cause, MemberFailed):
            return Failure(str(cause), cause.code)
        if isinstance(cause, KeyboardInterrupt):
            return Failure("interrupted; the next run goes on from the last commit", INTERRUPTED)
        for kind, code in codes.items():
            if isinstance(cause, kind):
                return Failure(str(cause), code)
    return None


def _chain(error: BaseException) -> list[BaseException]:
    """Give an error and its causes, the outermost first: Bytewax wraps what a step raises."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return chain
