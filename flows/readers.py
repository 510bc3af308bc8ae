"""Readers: how the lines of each input become fragments, by the form that the input has."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from flows.destination import Destination
from flows.profile.fragment import FragmentReader

RETRY: Final = "retry"
"""Name of the input that reads rejects put back; no input of a configuration may have it."""

_NAME_PARTS = 3  # of "<time>.<input>.jsonl"; the first releases wrote "<time>.jsonl"


def input_of(file: str) -> str:
    """Give the name of the input whose rejects a file of originals holds, by the file's name."""
    parts = PurePath(file).name.split(".")
    return parts[1] if len(parts) == _NAME_PARTS else RETRY


class Readers:
    """A destination's readers: XDM, unless an input maps fields of its own."""

    def __init__(self, destination: Destination) -> None:
        """Build one for XDM, and one for each input that maps fields."""
        self._xdm = FragmentReader(destination)
        self._mapped = {
            each.name: FragmentReader(destination, each.fields)
            for each in destination.inputs
            if each.fields is not None
        }

    def of(self, input_name: str, origin: str) -> FragmentReader:
        """Give the reader of an input's lines.

        Args:
            input_name: name of the input.
            origin: the file; one of rejects that were put back is read as the input they came from.
        """
        if not self._mapped:
            return self._xdm
        name = input_of(origin) if input_name == RETRY else input_name
        return self._mapped.get(name, self._xdm)
