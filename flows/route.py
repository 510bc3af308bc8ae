"""Route: from a line to the lane of the identity it is keyed by.

Each line is checked and peeked at alone, so a bad line costs only itself. What crosses to another
worker is one frame per (batch, lane) with the raw fragments in it; the lane decodes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from msgspec import Struct

from connectors.jsonl import JsonlBatch
from flows.destination import Destination
from flows.funnel import Funnel
from flows.lanes import lane_of
from flows.profile.fragment import FragmentReader
from flows.profile.line import PLACE_BITS, UNFIT, check_line, split_line
from flows.profile.reject import Rejected
from flows.rejects import Rejects, encode_reject


class Frame(Struct, frozen=True, gc=False):
    """Fragments of one batch of lines for one lane. An empty frame only wakes the lane.

    Attributes:
        input, file, arrival, line, ordinal: as of the batch; ``line`` and ``ordinal`` are those of
            its first line.
        places: per fragment, (line in the batch << 20) + place in the line.
        fragments: per fragment, its bytes as they came.
    """

    input: str
    file: str
    arrival: int
    line: int
    ordinal: int
    places: list[int]
    fragments: list[bytes]

    def __repr__(self) -> str:
        """Say where the fragments stand, never what they hold."""
        return f"Frame({self.file!r}, line {self.line}, {len(self.fragments)} fragments)"


Routed: TypeAlias = tuple[str, Frame | Rejects]


class Router:
    """Sends fragments to lanes by a destination's key and limits."""

    def __init__(self, destination: Destination, funnel: Funnel) -> None:
        """Take the key rules, the limits, and where to count."""
        self._reader = FragmentReader(destination)
        self._limits = destination.limits
        self._funnel = funnel

    def to_lanes(self, batches: Iterable[JsonlBatch]) -> list[Routed]:
        """Give one frame per batch and lane, and the rejects of each batch."""
        routed: list[Routed] = []
        for batch in batches:
            frames: dict[str, Frame] = {}
            rejects: list[bytes] = []
            self._route(batch, frames, rejects)
            routed += frames.items()
            self._funnel.routed += sum(len(frame.fragments) for frame in frames.values())
            self._funnel.unrouted += len(rejects)
            if rejects:
                routed.append(("rejects", Rejects(rejects)))
        return routed

    def _route(self, batch: JsonlBatch, frames: dict[str, Frame], rejects: list[bytes]) -> None:
        key_of, limits = self._reader.key, self._limits
        received = 0
        for number, line in enumerate(batch.lines):
            try:
                check_line(line, limits)
                key = key_of(line)
            except Rejected as rejected:
                received += self._take_apart(rejected, batch, number, frames, rejects)
            else:
                received += 1
                _add(batch, key, number << PLACE_BITS, line, frames)
        self._funnel.received += received

    def _take_apart(
        self,
        rejected: Rejected,
        batch: JsonlBatch,
        number: int,
        frames: dict[str, Frame],
        rejects: list[bytes],
    ) -> int:
        """Route a line that is not one fragment: blank, a batch, or broken. Give its units."""
        line = batch.lines[number]
        fragments = [line]
        if rejected.reason not in UNFIT:
            try:
                fragments = split_line(line)
            except Rejected as worse:
                rejected = worse
        if fragments == [line]:
            rejects.append(self._reject(rejected, line, batch, number, 0))
            return 1
        for index, raw in enumerate(fragments):
            try:
                key = self._reader.key(raw)
            except Rejected as inner:
                rejects.append(self._reject(inner, raw, batch, number, index))
            else:
                _add(batch, key, (number << PLACE_BITS) + index, raw, frames)
        return len(fragments)

    def _reject(
        self, rejected: Rejected, raw: bytes, batch: JsonlBatch, number: int, index: int
    ) -> bytes:
        self._funnel.rejected[rejected.reason] += 1
        return encode_reject(
            rejected,
            raw[: self._limits.line_bytes],
            input_name=batch.input,
            file=batch.file,
            line=batch.line + number,
            index=index,
        )


def _add(batch: JsonlBatch, key: str, place: int, raw: bytes, frames: dict[str, Frame]) -> None:
    lane = lane_of(key)
    frame = frames.get(lane)
    if frame is None:
        frame = frames[lane] = Frame(
            batch.input, batch.file, batch.arrival, batch.line, batch.ordinal, [], []
        )
    frame.places.append(place)
    frame.fragments.append(raw)
