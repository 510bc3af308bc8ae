"""One fragment through the pure steps: decode, merge, decide, encode.

The lane of the dataflow and ``explain`` both run this, so what ``explain`` says is what happens.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from flows.destination import Destination, Drop

from .fragment import Fragment, FragmentReader
from .merge import Profile, merge
from .message import MessageEncoder
from .oversize import RECORD_BYTES, FittingEncoder
from .policy import Decision, Export, ExportPolicy


class Step(Struct, frozen=True, gc=False):
    """What one fragment did to its profile.

    Attributes:
        after: the profile with the fragment merged into it.
        decision: export, or skip with the reason.
        message: the bytes to deliver; empty unless it is an export.
    """

    after: Profile
    decision: Decision
    message: bytes


class Exporter:
    """A destination's rules, ready to apply."""

    def __init__(self, destination: Destination, *, record_bytes: int = RECORD_BYTES) -> None:
        """Build the decoder, the policy and the encoder.

        Args:
            destination: the rules.
            record_bytes: largest record; what exceeds it is made to fit, if the rules say so.
        """
        self.reader = FragmentReader(destination)
        self._policy = ExportPolicy(destination)
        self._messages = MessageEncoder(destination)
        self._encode: Callable[[str, Export, int, int], bytes] = self._messages.encode
        drop = destination.delivery.oversize
        if isinstance(drop, Drop):
            fitting = FittingEncoder(self._messages, destination, drop, record_bytes=record_bytes)
            self._encode = fitting.encode

    def apply(self, before: Profile, fragment: Fragment) -> Step:
        """Merge a fragment into the profile it is keyed by, decide, and write the message."""
        after = merge(before, fragment.content)
        decision = self._policy.decide(before, after, fragment.content)
        if isinstance(decision, Export):
            message = self._encode(fragment.key, decision, fragment.time, fragment.ordinal)
            return Step(after, decision, message)
        return Step(after, decision, b"")

    def again(self, key: str, profile: Profile, segment: str | None = None) -> Step:
        """Decide whether a backfill exports a profile, and write the message that shows it.

        The same profile gives the same message: its version is the newest of what it shows.

        Args:
            key: id in the key namespace.
            profile: as it is.
            segment: id of a mapped segment that the profile must be in; None takes any.
        """
        decision = self._policy.decide_again(profile, segment)
        if isinstance(decision, Export):
            version = self._messages.newest_version(profile)
            return Step(profile, decision, self._encode(key, decision, *version))
        return Step(profile, decision, b"")
