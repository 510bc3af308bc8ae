"""Text of an input, made fit for a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """Show control characters by their code, so that they cannot drive a terminal."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
