"""Rejects: one line of JSON that says where an input stood, why it was refused, and what it was."""

from __future__ import annotations

import json
from base64 import b64decode

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from flows.profile.reject import Rejected
from flows.rejects import Reject, Rejects, encode_reject

NO_KEY = Rejected("no_key_identity", "no id in namespace crmid; present: ecid")
TOO_LONG = Rejected("line_too_long", "more than 4 bytes")


def encode(rejected: Rejected, raw: bytes, *, index: int = 0) -> str:
    """Give the reject of line 12 of a file."""
    line = encode_reject(
        rejected, raw, input_name="profiles", origin="in/ä b.jsonl", line=12, index=index
    )
    return line.decode()


def test_text_is_kept_as_text() -> None:
    """Every field has its place, and the original can be read without a decoder."""
    assert (
        '{"input":"profiles","file":"in/ä b.jsonl","line":12,"index":3,"reason":"no_key_identity",'
        '"detail":"no id in namespace crmid; present: ecid","bytes":"{\\"a\\": \\"é\\"}\\t"}'
    ) == encode(NO_KEY, '{"a": "é"}\t'.encode(), index=3)


def test_what_is_not_utf8_is_kept_in_base64() -> None:
    """Not a byte of the original is lost or replaced."""
    assert (
        '{"input":"profiles","file":"in/ä b.jsonl","line":12,"index":0,"reason":"not_utf8",'
        '"detail":"byte 1 of the line","base64":"YcMo"}'
    ) == encode(Rejected("not_utf8", "byte 1 of the line"), b"a\xc3(")


def test_only_an_overlong_line_is_marked_as_cut() -> None:
    """Its beginning is text, or base64 if the cut is within a character."""
    head = '{"input":"profiles","file":"in/ä b.jsonl","line":12,"index":0,"reason":"line_too_long",'
    head += '"detail":"more than 4 bytes",'

    assert head + '"bytes":"abcd","truncated":true}' == encode(TOO_LONG, b"abcd")
    assert head + '"base64":"YWJjww==","truncated":true}' == encode(TOO_LONG, b"abc\xc3")


def test_the_same_reject_is_the_same_line() -> None:
    """Nothing in it depends on when it is written, so a replay can be told from new rejects."""
    assert encode(NO_KEY, b"{}") == encode(NO_KEY, b"{}")


def test_rejects_do_not_show_what_they_hold() -> None:
    """They hold personal data, which must not get into a log by way of an error."""
    assert "canary" not in repr(Rejects([encode(NO_KEY, b"canary").encode()]))


@given(st.binary() | st.text().map(str.encode))
def test_the_original_can_be_had_back(raw: bytes) -> None:
    """Whatever the bytes, the line is one line of JSON and gives them back."""
    line = encode(NO_KEY, raw)
    kept = json.loads(line)

    assert "\n" not in line
    assert raw == (b64decode(kept["base64"]) if "base64" in kept else kept["bytes"].encode())
    assert ("bytes" in kept) != ("base64" in kept)


def test_a_record_of_a_stream_is_found_by_its_position() -> None:
    """The shard and its sequence number stand where a file has its name and line."""
    line = encode_reject(
        NO_KEY, b"{}", input_name="segments", origin="shardId-000000000003", line=0, position="49"
    )
    assert (
        b'{"input":"segments","source":"shardId-000000000003","position":"49","index":0,'
        b'"reason":"no_key_identity","detail":"no id in namespace crmid; present: ecid",'
        b'"bytes":"{}"}'
    ) == line
    assert "shardId-000000000003@49" == msgspec.json.decode(line, type=Reject).place
