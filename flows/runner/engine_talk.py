"""What the engine writes to file descriptor 2 by itself, held back while it runs.

When a step raises, Bytewax 0.21.1 unwinds as a Rust panic, which prints three lines (or a hundred,
with RUST_BACKTRACE set) that say ``Box<dyn Any>``, and then hands the exception over as it is. The
exception says all there is to say, so the panic's lines would only bury it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

_STDERR = 2


@contextmanager
def engine_talk_held_back() -> Iterator[None]:
    """Hold back what is written to the descriptor itself; Python's ``sys.stderr`` goes on as it is.

    Shown when the block ends well; dropped when it raises.
    """
    python_stderr = sys.stderr
    python_stderr.flush()
    real = os.dup(_STDERR)
    with (
        TemporaryFile() as held,
        os.fdopen(os.dup(real), "w", errors="backslashreplace") as through,
    ):
        sys.stderr = through
        os.dup2(held.fileno(), _STDERR)
        try:
            yield
        except BaseException:
            held.truncate(0)
            raise
        finally:
            sys.stderr = python_stderr
            os.dup2(real, _STDERR)
            os.close(real)
            held.seek(0)
            through.write(held.read().decode(errors="replace"))
