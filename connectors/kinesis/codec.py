"""Bodies of PutRecords, answers of GetRecords: our own JSON, as botocore's costs most of a call.

Data is base64 and a time a number of seconds in JSON 1.1, as botocore's model of Kinesis has it:
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html and API_GetRecords.html.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .core.answer import Entry
from .core.read_calls import ReadAnswer
from .core.record import KinesisRecord
from .core.source_record import KinesisSourceRecord


class _Record(msgspec.Struct, gc=False, omit_defaults=True):
    Data: bytes
    PartitionKey: str
    ExplicitHashKey: str | None = None


class _Answer(msgspec.Struct, gc=False):
    Records: list[Entry] = []


class _Read(msgspec.Struct, gc=False):
    Records: list[KinesisSourceRecord]
    NextShardIterator: str | None = None
    MillisBehindLatest: int | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Answer).decode
_decode_read = msgspec.json.Decoder(_Read).decode


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


def decode_read(body: bytes) -> ReadAnswer:
    """Give what an answer to GetRecords with status 200 holds.

    Raises:
        UnreadableAnswer: It is no answer to GetRecords.
    """
    try:
        read = _decode_read(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableAnswer(type(error).__name__) from None  # its text may quote the answer
    return read_answer(read.Records, read.NextShardIterator, read.MillisBehindLatest)


def read_answer(
    records: list[KinesisSourceRecord], next_iterator: str | None, behind_ms: int | None
) -> ReadAnswer:
    """Put an answer to GetRecords together, whoever read it.

    Args:
        records: What it holds.
        next_iterator: None at the end of a shard.
        behind_ms: None where it is left out, which is taken for the tip.
    """
    size = sum(
        [len(record.data) for record in records]
    )  # a list, as a generator takes twice as long
    return ReadAnswer(records, next_iterator, behind_ms or 0, size)
