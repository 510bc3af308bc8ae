"""What reading has to say to whoever runs the job: troubles, and records that are gone.

Promise: a trouble that goes on is told once a minute, by its code. Nothing a record holds is told.
"""

from __future__ import annotations

import logging
import math
from datetime import datetime, timezone

from .core.read_calls import Call, ListShards, Trimmed
from .errors import KinesisError

AGAIN_S = 60.0
"""A trouble is told again after so long, however often it comes."""

_EXPIRED = "ExpiredIteratorException"  # GetRecords: mended by the next call, and no trouble

_log = logging.getLogger(__name__)


class ReadLog:
    """Writes to Python's log."""

    def __init__(self) -> None:
        """Have told nothing."""
        self._told: dict[str, float] = {}  # when, by the code of a failure

    def failed(self, call: Call, failure: KinesisError, now: float) -> None:
        """A call failed; it is made again."""
        code = failure.code
        if code == _EXPIRED or now < self._told.get(code, -math.inf) + AGAIN_S:
            return
        self._told[code] = now
        shard = "" if isinstance(call, ListShards) else call.shard.id
        effect = "nothing is lost: the call is made again after a pause"
        extra = {"effect": effect, "shard": shard, "error": str(failure)}
        _log.warning("read_failed", extra=extra)

    def trimmed(self, trimmed: Trimmed) -> None:
        """Records may have been trimmed before they were read."""
        since = trimmed.since
        extra = {
            "effect": "records that Kinesis kept no longer than its retention may never be read",
            "shard": trimmed.shard_id,
            "after": trimmed.after or "",
            "since": ""
            if since is None
            else datetime.fromtimestamp(since, timezone.utc).isoformat(),
            "gone": trimmed.gone,
        }
        _log.warning("records_trimmed", extra=extra)
