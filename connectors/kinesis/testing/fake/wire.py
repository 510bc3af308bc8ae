"""How Kinesis is spoken to: JSON members in, JSON or an error out.

Stricter than the service in one point: a member that an operation does not know is refused, so
that a misspelt one is found. Error shapes: AWS JSON 1.1 protocol, `__type` and `message`
(https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html, read in November 2026).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STRING = (str,)
INTEGER = (int,)
BOOLEAN = (bool,)
LIST = (list,)
STRUCTURE = (dict,)
TIMESTAMP = (int, float)

Types = tuple[type, ...]
"""The exact Python types that `json` gives for a member; a bool is no integer here."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the service.

    Args:
        status: HTTP status.
        body: JSON, or empty.
        delay_s: How long it takes to come, after the call was carried out.
    """

    status: int
    body: bytes
    delay_s: float = 0.0


class CallRefused(Exception):
    """The service turns a whole call down with one of its documented errors."""

    def __init__(self, code: str, text: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.reply = Reply(status, json.dumps({"__type": code, "message": text}).encode())


def answer(members: Mapping[str, Any] | None = None) -> Reply:
    """A good answer; some operations answer with nothing at all."""
    return Reply(200, b"" if members is None else json.dumps(members).encode())


def structure(body: bytes) -> Any:
    """Read a request's body.

    Raises:
        CallRefused: SerializationException, as it is no JSON.
    """
    try:
        return json.loads(body.decode())
    except ValueError:
        raise CallRefused("SerializationException", "the body is not JSON in UTF-8") from None


def members(found: Any, known: Mapping[str, Types], *required: str) -> dict[str, Any]:
    """Check that a structure has members of the right types, those required, and no others.

    Raises:
        CallRefused: SerializationException for a wrong type or an unknown member, else
            ValidationException.
    """
    if type(found) is not dict:
        raise CallRefused("SerializationException", f"{type(found).__name__} is no structure")
    for name, value in found.items():
        if name not in known:
            raise CallRefused("SerializationException", f"{name} is no member here")
        if type(value) not in known[name]:
            raise CallRefused("SerializationException", f"{type(value).__name__} as {name}")
    for name in required:
        if name not in found:
            raise invalid(None, name[:1].lower() + name[1:], "Member must not be null")
    return found


def invalid(value: object, member: str, constraint: str) -> CallRefused:
    """A ValidationException in AWS's words, which quote the value: a partition key, for one."""
    what = "Value" if value is None else f"Value '{value}'"
    return CallRefused(
        "ValidationException",
        f"1 validation error detected: {what} at '{member}' failed to satisfy constraint: "
        f"{constraint}",
    )
