"""One fragment through the pure steps: decode, merge, decide, encode.

The lane of the dataflow and ``explain`` both run this, so what ``explain`` says is what happens.
"""

from __future__ import annotations

from msgspec import Struct

from flows.destination import Destination

from .fragment import Fragment, FragmentReader
from .merge import Profile, merge
from .message import MessageEncoder
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

    def __init__(self, destination: Destination) -> None:
        """Build the decoder, the policy and the encoder."""
        self.reader = FragmentReader(destination)
        self._policy = ExportPolicy(destination)
        self._messages = MessageEncoder(destination)

    def apply(self, before: Profile, fragment: Fragment) -> Step:
        """Merge a fragment into the profile it is keyed by, decide, and write the message."""
        after = merge(before, fragment.content)
        decision = self._policy.decide(before, after, fragment.content)
        if isinstance(decision, Export):
            message = self._messages.encode(fragment.key, decision, fragment.time, fragment.ordinal)
            return Step(after, decision, message)
        return Step(after, decision, b"")

    def present(self, key: str, profile: Profile) -> bytes:
        """Give the message that shows a profile as it is; empty if it is not qualified."""
        if not self._policy.qualified(profile):
            return b""
        return self._messages.encode(key, Export((), profile), 0, 0)
