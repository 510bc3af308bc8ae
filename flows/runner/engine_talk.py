"""What the engine writes by itself to standard error and output, held back while it runs.

When a step raises, Bytewax 0.21.1 unwinds as a Rust panic, which prints three lines (or a hundred,
with RUST_BACKTRACE set) that say ``Box<dyn Any>``, and then hands the exception over as it is. The
exception says all there is to say, so the panic's lines would only bury it. A process of a cluster
also prints on standard output, once a second, that a peer is not there yet, which is so whenever
they start.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

_STDOUT, _STDERR = 1, 2


@contextmanager
def engine_talk_held_back(*, stdout: bool = False) -> Iterator[None]:
    """Hold back what is written to the descriptor itself; Python's ``sys.stderr`` goes on as it is.

    Shown when the block ends well; dropped when it raises.

    Args:
        stdout: drop what is written to standard output meanwhile.
    """
    python_stderr = sys.stderr
    python_stderr.flush()
    with (
        TemporaryFile() as held,
        os.fdopen(os.dup(_STDERR), "w", errors="backslashreplace") as through,
    ):
        sys.stderr = through
        try:
            with ExitStack() as redirected:
                redirected.enter_context(_redirected(_STDERR, held))
                if stdout:
                    nowhere = redirected.enter_context(Path(os.devnull).open("wb"))
                    redirected.enter_context(_redirected(_STDOUT, nowhere))
                yield
        except BaseException:
            held.truncate(0)
            raise
        finally:
            sys.stderr = python_stderr
            held.seek(0)
            through.write(held.read().decode(errors="replace"))


@contextmanager
def _redirected(descriptor: int, file: BinaryIO) -> Iterator[None]:
    real = os.dup(descriptor)
    os.dup2(file.fileno(), descriptor)
    try:
        yield
    finally:
        os.dup2(real, descriptor)
        os.close(real)
