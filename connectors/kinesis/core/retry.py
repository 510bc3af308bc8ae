"""What an error code of AWS means for trying again, and how long to wait: values, nothing sleeps.

Promise: every code has one `Kind`, and what failed with a code that is not known here is tried
again as it is. Back-off has full jitter, from https://aws.amazon.com/blogs/architecture/
exponential-backoff-and-jitter/ : a random part of a ceiling that doubles with each failure.
Randomness is passed in.

Codes are those of https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
(Errors), of its ResultEntry and of .../APIReference/CommonErrors.html, read in November 2026. The
names without "Exception" come from STS, which is asked for the keys of a role.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum

BASE_S = 0.05
"""Ceiling of the first pause: a few round trips to a service in the same region."""

CAP_S = 5.0
"""Ceiling of any pause: how long an end of the trouble may go unnoticed."""

_DOUBLINGS = 10  # 2**10 * BASE_S is above CAP_S; more would only make the number huge

_SERVER_ERROR = 500
_STATUS_RETRIED = {0, 408, 429}  # none at all, request timeout, too many requests


class Kind(Enum):
    """What an error code means; see `decide`."""

    THROTTLED = "more than the shard, the stream or a key of KMS takes"
    UNAVAILABLE = "a trouble that passes"
    EXPIRED = "credentials that a refresh may heal"
    CREDENTIALS = "credentials that are not accepted"
    DENIED = "an action that is not allowed"
    NO_KEY = "a key of KMS that cannot be used"
    NOT_FOUND = "a stream that does not exist"
    INVALID = "a request, or a record in it, that cannot be accepted"
    REFUSED = "a request that is not accepted, for a reason not known here"

    @property
    def needs_person(self) -> bool:
        """Whether trying again cannot help until somebody changes something."""
        return self not in {Kind.THROTTLED, Kind.UNAVAILABLE, Kind.EXPIRED}


_KINDS = {
    "AccessDenied": Kind.DENIED,
    "AccessDeniedException": Kind.DENIED,
    "ExpiredToken": Kind.EXPIRED,
    "ExpiredTokenException": Kind.EXPIRED,
    "IncompleteSignature": Kind.CREDENTIALS,
    "IncompleteSignatureException": Kind.CREDENTIALS,
    "InternalFailure": Kind.UNAVAILABLE,
    "InvalidArgumentException": Kind.INVALID,
    "InvalidClientTokenId": Kind.CREDENTIALS,
    "InvalidSignatureException": Kind.CREDENTIALS,
    "KMSAccessDeniedException": Kind.NO_KEY,
    "KMSDisabledException": Kind.NO_KEY,
    "KMSInvalidStateException": Kind.NO_KEY,
    "KMSNotFoundException": Kind.NO_KEY,
    "KMSOptInRequired": Kind.NO_KEY,
    "KMSThrottlingException": Kind.THROTTLED,
    "LimitExceededException": Kind.THROTTLED,
    "MissingAuthenticationToken": Kind.CREDENTIALS,
    "MissingAuthenticationTokenException": Kind.CREDENTIALS,
    "NotAuthorized": Kind.DENIED,
    "OptInRequired": Kind.DENIED,
    "ProvisionedThroughputExceededException": Kind.THROTTLED,
    "RequestExpired": Kind.EXPIRED,
    "RequestLimitExceeded": Kind.THROTTLED,
    "RequestTimeTooSkewed": Kind.CREDENTIALS,
    "ResourceNotFoundException": Kind.NOT_FOUND,
    "SerializationException": Kind.INVALID,
    "SignatureDoesNotMatch": Kind.CREDENTIALS,
    "Throttling": Kind.THROTTLED,
    "ThrottlingException": Kind.THROTTLED,
    "TooManyRequestsException": Kind.THROTTLED,
    "UnrecognizedClientException": Kind.CREDENTIALS,
    "ValidationException": Kind.INVALID,
}


def decide(code: str, status: int = 0) -> Kind:
    """Say what an error means.

    Args:
        code: AWS's error code, of a whole answer or of one entry.
        status: HTTP status of the answer; 0 if there is none, or for an entry.
    """
    kind = _KINDS.get(code)
    if kind is not None:
        return kind
    refused = status not in _STATUS_RETRIED and status < _SERVER_ERROR
    return Kind.REFUSED if refused else Kind.UNAVAILABLE


class Backoff:
    """Pauses with full jitter.

    Args:
        random: Gives a number from 0 to 1.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        """Keep the source of randomness."""
        self._random = random

    def pause_s(self, failures: int) -> float:
        """Seconds to wait after the so many-th failure in a row, counted from 1."""
        ceiling_s = min(CAP_S, BASE_S * 2.0 ** min(failures - 1, _DOUBLINGS))
        return self._random() * ceiling_s


class Patience:
    """Troubles of whole requests: how long to pause, and when it is over.

    Progress is one acknowledged record, or that nothing is left to send. Requests that were under
    way when a pause began tell nothing new by failing too, so they do not lengthen the pauses.

    Attributes:
        paused_until: Nothing is sent before this time, in seconds.
        over_at: When to give up unless there is progress before; infinite without trouble.

    Args:
        give_up_s: How long there may be trouble without any progress.
        backoff: Gives the pauses.
    """

    def __init__(self, give_up_s: float, backoff: Backoff) -> None:
        """Start without trouble."""
        self.paused_until = -math.inf
        self._give_up_s = give_up_s
        self._backoff = backoff
        self.progress(-math.inf)

    def progress(self, now: float) -> None:
        """Forget all trouble but a pause that goes on."""
        self._failures = 0
        self._paused_at = -math.inf
        self._progress_at = now
        self.over_at = math.inf

    def trouble(self, since: float) -> None:
        """Take note that something failed which was sent at this time."""
        without_progress_since = max(since, self._progress_at)
        self.over_at = min(self.over_at, without_progress_since + self._give_up_s)

    def request_failed(self, sent_at: float, now: float) -> None:
        """Pause, as a whole request failed that was sent at this time."""
        self.trouble(sent_at)
        if sent_at < self._paused_at:
            return
        self._failures += 1
        self._paused_at = now
        self.paused_until = now + self._backoff.pause_s(self._failures)
