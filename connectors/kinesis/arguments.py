"""Numbers that are handed to the sink and the source."""

from __future__ import annotations


def require(name: str, value: float, least: float, most: float | None) -> None:
    """See to it that a number is in its range.

    Raises:
        ValueError: It is not; names it.
    """
    if value < least or (most is not None and value > most):
        raise ValueError(
            f"{name} is {value}, not {least} to {'any number' if most is None else most}"
        )
