"""Bodies of PutRecords, to and from JSON: our own, as botocore's cost most of a call.

Data is base64 in JSON 1.1, as botocore's model of Kinesis has it:
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .core.answer import Entry
from .core.record import KinesisRecord


class _Record(msgspec.Struct, gc=False, omit_defaults=True):
    Data: bytes
    PartitionKey: str
    ExplicitHashKey: str | None = None


class _Answer(msgspec.Struct, gc=False):
    Records: list[Entry] = []


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Answer).decode


class UnreadableAnswer(ValueError):
    """An answer is not what the API promises; says why, quoting nothing of it."""


def encode_records(records: Sequence[KinesisRecord], target: dict[str, str]) -> bytes:
    """Give the body of a request.

    Args:
        records: What to write.
        target: `StreamName` or `StreamARN`.
    """
    entries = [_Record(r.data, r.partition_key, r.explicit_hash_key) for r in records]
    return _encode({**target, "Records": entries})


def decode_entries(body: bytes) -> list[Entry]:
    """Give the entries of an answer with status 200, of which there may be too few or too many.

    Raises:
        UnreadableAnswer: It is no answer to PutRecords.
    """
    try:
        return _decode(body).Records
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableAnswer(type(error).__name__) from None  # its text may quote the answer
