"""Route: from a line to the lane of the identity it is keyed by.

Each line is checked and peeked at alone, so a bad line costs only itself. What crosses to another
worker is one frame per (batch, lane) with the raw fragments in it; the lane decodes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from operator import itemgetter
from typing import TypeAlias

from msgspec import Struct

from flows.batch import Batch, Stamp
from flows.destination import Destination
from flows.funnel import Funnel
from flows.lanes import lane_of
from flows.profile.fragment import FragmentReader
from flows.profile.line import PLACE_BITS, UNFIT, check_line
from flows.profile.reject import Rejected
from flows.readers import Readers
from flows.rejects import Rejects, encode_reject

_PLACE_IN_LINE = (1 << PLACE_BITS) - 1


class Frame(Struct, frozen=True, gc=False):
    """Fragments of one batch for one lane. An empty frame only wakes the lane.

    Attributes:
        input, origin, arrival, line, ordinal: as of the batch.
        places: per fragment, (line in the batch << 20) + place in the line.
        fragments: per fragment, its bytes as they came.
        stamps: per fragment, the stamp of its record; None for a file.
    """

    input: str
    origin: str
    arrival: int
    line: int
    ordinal: int
    places: list[int]
    fragments: list[bytes]
    stamps: list[Stamp] | None = None

    def __repr__(self) -> str:
        """Say where the fragments stand, never what they hold."""
        return f"Frame({self.origin!r}, line {self.line}, {len(self.fragments)} fragments)"

    def arrivals(self) -> Iterator[int]:
        """Give when each fragment arrived, µs UTC."""
        return repeat(self.arrival) if self.stamps is None else map(_ARRIVAL, self.stamps)

    def ordinals(self) -> Iterator[int]:
        """Give the ordinal of each fragment: that of its line << 20, plus its place in the line."""
        if self.stamps is None:
            return map((self.ordinal << PLACE_BITS).__add__, self.places)
        return (
            (stamp[1] << PLACE_BITS) + (place & _PLACE_IN_LINE)
            for stamp, place in zip(self.stamps, self.places, strict=True)
        )

    def reject(self, rejected: Rejected, fragment: int) -> bytes:
        """Give the line that keeps one of the fragments, by its number in the frame."""
        place = self.places[fragment]
        return encode_reject(
            rejected,
            self.fragments[fragment],
            input_name=self.input,
            origin=self.origin,
            line=self.line + (place >> PLACE_BITS),
            position=None if self.stamps is None else self.stamps[fragment][2],
            index=place & _PLACE_IN_LINE,
        )


_ARRIVAL = itemgetter(0)

Routed: TypeAlias = tuple[str, Frame | Rejects]


class Router:
    """Sends fragments to lanes by a destination's key and limits."""

    def __init__(self, destination: Destination, readers: Readers, funnel: Funnel) -> None:
        """Take the limits, the key rules of each input, and where to count."""
        self._readers = readers
        self._limits = destination.limits
        self._funnel = funnel

    def to_lanes(self, batches: Iterable[Batch]) -> list[Routed]:
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

    def _route(self, batch: Batch, frames: dict[str, Frame], rejects: list[bytes]) -> None:
        reader, limits = self._readers.of(batch.input, batch.origin), self._limits
        key_of = reader.key
        received = 0
        for number, line in enumerate(batch.lines):
            try:
                check_line(line, limits)
                key = key_of(line)
            except Rejected as rejected:
                received += self._take_apart(rejected, reader, batch, number, frames, rejects)
            else:
                received += 1
                _add(batch, key, number << PLACE_BITS, line, frames)
        self._funnel.received += received

    def _take_apart(
        self,
        rejected: Rejected,
        reader: FragmentReader,
        batch: Batch,
        number: int,
        frames: dict[str, Frame],
        rejects: list[bytes],
    ) -> int:
        """Route a line that is not one fragment: blank, a batch, or broken. Give its units."""
        line = batch.lines[number]
        fragments = [line]
        if rejected.reason not in UNFIT:
            try:
                fragments = reader.split(line)
            except Rejected as worse:
                rejected = worse
        if fragments == [line]:
            rejects.append(self._reject(rejected, line, batch, number, 0))
            return 1
        for index, raw in enumerate(fragments):
            try:
                key = reader.key(raw)
            except Rejected as inner:
                rejects.append(self._reject(inner, raw, batch, number, index))
            else:
                _add(batch, key, (number << PLACE_BITS) + index, raw, frames)
        return len(fragments)

    def _reject(
        self, rejected: Rejected, raw: bytes, batch: Batch, number: int, index: int
    ) -> bytes:
        self._funnel.rejected[rejected.reason] += 1
        return encode_reject(
            rejected,
            raw[: self._limits.line_bytes],
            input_name=batch.input,
            origin=batch.origin,
            line=batch.line + number,
            position=None if batch.stamps is None else batch.stamps[number][2],
            index=index,
        )


def _add(batch: Batch, key: str, place: int, raw: bytes, frames: dict[str, Frame]) -> None:
    lane = lane_of(key)
    frame = frames.get(lane)
    if frame is None:
        frame = frames[lane] = Frame(
            batch.input,
            batch.origin,
            batch.arrival,
            batch.line,
            batch.ordinal,
            [],
            [],
            None if batch.stamps is None else [],
        )
    frame.places.append(place)
    frame.fragments.append(raw)
    if frame.stamps is not None and batch.stamps is not None:
        frame.stamps.append(batch.stamps[place >> PLACE_BITS])
