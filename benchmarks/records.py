"""What the writers of the sink benchmark are handed: (partition key, message) pairs, in batches.

Seeded, so each contender gets the same. A message is JSON as this project's messages are, and
exactly as long as asked; decoding and encoding it again gives the same bytes. A partition key is 32
hexadecimal digits, as long as those of `profile-export`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import cycle

Pair = tuple[str, bytes]
POOL = 100_000
"""Pairs before they come again: far more than any writer holds at once, so keys are distinct."""
BODIES = 1_000
SEED = 20260105


def pairs(size: int, *, count: int = POOL) -> list[Pair]:
    """Make `count` pairs with distinct keys and messages of `size` bytes."""
    draw = random.Random(SEED)
    bodies = [_message(draw, size) for _ in range(BODIES)]
    return [(f"{draw.getrandbits(128):032x}", bodies[number % BODIES]) for number in range(count)]


def skewed(found: list[Pair]) -> list[Pair]:
    """Give the pairs keys as customers come: the n-th most frequent one in proportion to 1/n."""
    draw = random.Random(SEED)
    keys = [key for key, _body in found]
    weights = [1 / rank for rank in range(1, len(keys) + 1)]
    drawn = draw.choices(keys, weights, k=len(found))
    return [(key, body) for key, (_key, body) in zip(drawn, found, strict=True)]


def batches(found: list[Pair], size: int) -> Iterator[list[Pair]]:
    """Give the pairs out in batches of `size`, over and over."""
    if len(found) % size:
        raise ValueError(f"batches of {size} do not divide {len(found)} pairs")
    return cycle([found[at : at + size] for at in range(0, len(found), size)])


def _message(draw: random.Random, size: int) -> bytes:
    """Make one message of `size` bytes, the rest of it an attribute's text."""
    message = {
        "person": {"name": {"firstName": "Ada"}},
        "segmentMembership": {
            "ups": {
                "7841ba61-23c1-4bb3-a495-00d695fe1e93": {
                    "lastQualificationTime": "2026-01-05T21:24:39Z",
                    "status": draw.choice(("realized", "exited")),
                }
            }
        },
        "note": "",
    }
    room = size - len(_compact(message))
    if room < 0:
        raise ValueError(f"a message has at least {size - room} bytes")
    message["note"] = "".join(draw.choices("abcdefghijklmnopqrstuvwxyz ", k=room))
    return _compact(message)


def _compact(message: object) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()
