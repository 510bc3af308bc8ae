"""Oversize: a message that is too large for Kinesis goes out without what it can do without.

Attributes are left out one after the other, in the order of `delivery.oversize.drop`, until the
record fits; `_export.dropped` names them. A message that does not fit even so stays whole, for the
sink to put aside.
"""

from __future__ import annotations

from msgspec import structs

from flows.destination import Destination, Drop

from .identity import partition_key
from .message import MessageEncoder
from .policy import Export

RECORD_BYTES = 1_048_576
"""Largest record that every stream takes: data and partition key in UTF-8 (Kinesis developer guide,
https://docs.aws.amazon.com/streams/latest/dev/large-records.html, read in November 2026)."""


class FittingEncoder:
    """Writes messages that fit, by leaving attributes out of those that do not."""

    def __init__(
        self,
        messages: MessageEncoder,
        destination: Destination,
        drop: Drop,
        *,
        record_bytes: int = RECORD_BYTES,
    ) -> None:
        """Take the encoder, the order to drop in, and what a partition key is made of."""
        self._messages = messages
        self._drop = drop.drop
        self._record_bytes = record_bytes
        self._key_namespace = destination.identities.key
        self._clear_keys = destination.stream.partition_key == "identity"

    def encode(self, key: str, export: Export, time: int, ordinal: int) -> bytes:
        """Give the message of one export, as ``MessageEncoder.encode`` does, so that it fits."""
        whole = self._messages.encode(key, export, time, ordinal)
        own_key = partition_key(self._key_namespace, key, clear=self._clear_keys)
        room = self._record_bytes - len(own_key.encode())
        if len(whole) <= room:
            return whole
        kept = dict(export.shown.attributes)
        dropped: tuple[str, ...] = ()
        for path in self._drop:
            if kept.pop(path, None) is not None:
                dropped += (path,)
                shown = structs.replace(export.shown, attributes=kept)
                less = structs.replace(export, shown=shown)
                message = self._messages.encode(key, less, time, ordinal, dropped)
                if len(message) <= room:
                    return message
        return whole
