"""What can befall a PutRecords call: values that `testing.faulty` puts on top of a fake stream.

The kinds are those that AWS documents (per-record codes and errors on
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html and CommonErrors.html,
read in November 2026) and those that a network and a proxy bring.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .fake import THROTTLED, FakeKinesis, Reply
from .fake.wire import CallRefused

OK = 200

ALL = slice(None)
"""Every record of a request."""

Edit = Callable[[bytes], bytes]
Cut = Literal["refused", "reset", "cut", "timeout"]


@dataclass(frozen=True, slots=True)
class Lost:
    """The caller gets no answer.

    Args:
        kind: How it learns: the connection is `refused` or `reset`, `cut` in the middle of the
            answer, or stays silent until its `timeout`.
        applied: Whether the service had carried the call out.
    """

    kind: Cut
    applied: bool

    @property
    def name(self) -> str:
        """As it is counted."""
        return f"{self.kind}_{'after' if self.applied else 'before'}"

    def befall(self, fake: FakeKinesis, body: bytes, now: float) -> Lost:
        """Happen to a call."""
        if self.applied:
            fake.call("PutRecords", body, now)
        else:
            fake.turn_away(body, now, self.name)
        return self


@dataclass(frozen=True, slots=True)
class Refusal:
    """The service turns the whole request down; nothing is stored."""

    code: str
    status: int = 400
    text: str = "injected"

    @property
    def name(self) -> str:
        """As it is counted."""
        return self.code

    @property
    def reply(self) -> Reply:
        """The answer."""
        return CallRefused(self.code, self.text, status=self.status).reply

    def befall(self, fake: FakeKinesis, body: bytes, now: float) -> Reply:
        """Happen to a call."""
        fake.turn_away(body, now, self.name)
        return self.reply


def _as_it_is(body: bytes) -> bytes:
    return body


def _nothing(fake: FakeKinesis, now: float) -> None:
    del fake, now


@dataclass(frozen=True, slots=True)
class Answer:
    """The service answers, but not as one would like.

    Args:
        name: As it is counted.
        failing: Places of the records that are not stored (from the end, if negative), or `ALL`.
        code: The ErrorCode that they get.
        edit: Done to the body on its way back.
        delay_s: How long the answer takes.
        first: Done to the service before it carries the call out: a reshard, for one.
    """

    name: str
    failing: tuple[int, ...] | slice = ()
    code: str = THROTTLED
    edit: Edit = _as_it_is
    delay_s: float = 0.0
    first: Callable[[FakeKinesis, float], None] = _nothing

    def befall(self, fake: FakeKinesis, body: bytes, now: float) -> Reply:
        """Happen to a call."""
        self.first(fake, now)
        count = record_count(body)
        places = range(count)
        failing = (
            set(places[self.failing])
            if isinstance(self.failing, slice)
            else {place % count for place in self.failing if -count <= place < count}
        )
        reply = fake.put_records(body, now, failing, self.code)
        edited = self.edit(reply.body) if reply.status == OK else reply.body
        return Reply(reply.status, edited, self.delay_s)


Fault = Lost | Refusal | Answer


def record_count(body: bytes) -> int:
    """How many records a request brings; 0 if it cannot be read."""
    try:
        return len(json.loads(body)["Records"])
    except (ValueError, KeyError, TypeError):
        return 0


def throttle(*places: int) -> Answer:
    """Records at these places are throttled, the others stored."""
    return Answer("throttle", places)


def throttle_all() -> Answer:
    """Every record is throttled."""
    return Answer("throttle_all", ALL)


def internal_failure(*places: int) -> Answer:
    """Records at these places meet an internal failure, the others are stored."""
    return Answer("internal_failure", places, "InternalFailure")


def slow(delay_s: float) -> Answer:
    """All is well, after some time."""
    return Answer("slow", delay_s=delay_s)


def split_in_flight(stream: str) -> Answer:
    """The widest shard of a stream splits in two before the call is carried out."""

    def split(fake: FakeKinesis, now: float) -> None:
        found = fake.streams[stream]
        widest = max(found.open_shards, key=lambda shard: shard.last - shard.first)
        found.split(widest.id, (widest.first + widest.last) // 2 + 1, now)

    return Answer("split_in_flight", first=split)


def altered(name: str, *failing: int, nothing_stored: bool = False) -> Answer:
    """An answer altered on its way, by one of `EDITS`.

    Args:
        name: Of the edit.
        failing: Records that were throttled before the answer was altered.
        nothing_stored: Whether all of them were, whatever the answer says.
    """
    return Answer(name, ALL if nothing_stored else failing, edit=EDITS[name])


def _entries(change: Callable[[dict[str, Any]], object]) -> Edit:
    def edit(body: bytes) -> bytes:
        found = json.loads(body)
        change(found)
        return json.dumps(found).encode()

    return edit


EDITS: Mapping[str, Edit] = {
    "last_entry_missing": _entries(lambda found: found["Records"].pop()),
    "first_entry_missing": _entries(lambda found: found["Records"].pop(0)),
    "entry_too_many": _entries(lambda found: found["Records"].insert(0, found["Records"][-1])),
    "count_says_none": _entries(lambda found: found.update(FailedRecordCount=0)),
    "count_says_all": _entries(lambda found: found.update(FailedRecordCount=len(found["Records"]))),
    "count_missing": _entries(lambda found: found.pop("FailedRecordCount")),
    "no_entries": _entries(lambda found: found.pop("Records")),
    "blank_entries": _entries(lambda found: [entry.clear() for entry in found["Records"]]),
    "truncated": lambda body: body[: len(body) // 2],
    "empty": lambda body: body[:0],
    "no_json": lambda body: b"<html>" + body,
    "no_utf8": lambda body: b"\xff" + body,
}
"""What a proxy, or a defect of the service, makes of an answer."""

REFUSALS: Mapping[str, Refusal] = {
    refusal.code: refusal
    for refusal in (
        Refusal(THROTTLED),
        Refusal("InternalFailure", 500),
        Refusal("ServiceUnavailable", 503),
        Refusal("ExpiredTokenException"),
        Refusal("AccessDeniedException"),
        Refusal("InvalidSignatureException", text="Signature not yet current: clocks differ"),
        Refusal("RequestTimeTooSkewed", 403),
        Refusal("UnrecognizedClientException"),
        Refusal("ResourceNotFoundException"),
        Refusal("ValidationException"),
        Refusal("KMSThrottlingException"),
        Refusal("KMSAccessDeniedException"),
        Refusal("KMSDisabledException"),
        Refusal("KMSInvalidStateException"),
        Refusal("KMSNotFoundException"),
        Refusal("KMSOptInRequired"),
    )
}
"""Errors of a whole request, by their code."""

CUTS: Mapping[str, Lost] = {
    lost.name: lost
    for lost in (
        Lost("refused", applied=False),
        Lost("reset", applied=False),
        Lost("reset", applied=True),
        Lost("cut", applied=True),
        Lost("timeout", applied=False),
        Lost("timeout", applied=True),
    )
}
"""Calls without an answer, by their name."""
