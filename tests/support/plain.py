"""Loads pickles of plain values only: one that names a class or a function is refused."""

from __future__ import annotations

import io
import pickle
from typing import Any

from typing_extensions import override


class NamesNothing(pickle.Unpickler):
    """Loads numbers, text, bytes and containers of them, and nothing that has to be looked up."""

    @override
    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"the value names {module}.{name}")


def load(data: bytes) -> Any:
    """Load one value.

    Raises:
        pickle.UnpicklingError: it names something.
    """
    return NamesNothing(io.BytesIO(data)).load()
