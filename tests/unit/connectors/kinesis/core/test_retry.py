"""What each error code means, how long pauses are, and when it is over.

The codes are typed here again from the lists in
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html and CommonErrors.html.
"""

from __future__ import annotations

import math

import pytest

from connectors.kinesis.core.retry import Backoff, Kind, Patience, decide

CODES = {
    Kind.THROTTLED: (
        "KMSThrottlingException LimitExceededException ProvisionedThroughputExceededException "
        "RequestLimitExceeded Throttling ThrottlingException TooManyRequestsException"
    ),
    Kind.UNAVAILABLE: "InternalFailure",
    Kind.EXPIRED: "ExpiredToken ExpiredTokenException RequestExpired",
    Kind.CREDENTIALS: (
        "IncompleteSignature IncompleteSignatureException InvalidClientTokenId "
        "InvalidSignatureException MissingAuthenticationToken MissingAuthenticationTokenException "
        "RequestTimeTooSkewed SignatureDoesNotMatch UnrecognizedClientException"
    ),
    Kind.DENIED: "AccessDenied AccessDeniedException NotAuthorized OptInRequired",
    Kind.NO_KEY: (
        "KMSAccessDeniedException KMSDisabledException KMSInvalidStateException "
        "KMSNotFoundException KMSOptInRequired"
    ),
    Kind.NOT_FOUND: "ResourceNotFoundException",
    Kind.INVALID: "InvalidArgumentException SerializationException ValidationException",
}


@pytest.mark.parametrize("kind", CODES, ids=lambda kind: kind.name)
@pytest.mark.parametrize("status", [0, 400, 403, 500])
def test_a_known_code_means_the_same_with_any_status(kind: Kind, status: int) -> None:
    """The code decides; the status is looked at only where the code says nothing."""
    codes = CODES[kind].split()
    assert dict.fromkeys(codes, kind) == {code: decide(code, status) for code in codes}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (0, Kind.UNAVAILABLE),  # of an entry, or no answer at all
        (301, Kind.REFUSED),
        (400, Kind.REFUSED),
        (404, Kind.REFUSED),
        (408, Kind.UNAVAILABLE),  # request timeout
        (413, Kind.REFUSED),
        (429, Kind.UNAVAILABLE),  # too many requests
        (499, Kind.REFUSED),
        (500, Kind.UNAVAILABLE),
        (503, Kind.UNAVAILABLE),
        (599, Kind.UNAVAILABLE),
    ],
)
def test_an_unknown_code_means_what_its_status_says(status: int, kind: Kind) -> None:
    """Server errors pass, other refusals do not pass by themselves."""
    assert (kind, kind) == (decide("NeverHeardOf", status), decide("", status))


def test_what_only_a_person_can_mend() -> None:
    """Throttles, outages and expired credentials may end by themselves; nothing else does."""
    assert {Kind.THROTTLED, Kind.UNAVAILABLE, Kind.EXPIRED} == {
        kind for kind in Kind if not kind.needs_person
    }


def test_the_ceiling_doubles_from_50_ms_up_to_5_s() -> None:
    """Each pause may be twice as long as the last, up to five seconds."""
    backoff = Backoff(lambda: 1.0)
    pauses = [backoff.pause_s(failures) for failures in range(1, 10)]
    assert [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0] == pauses


def test_jitter_is_full() -> None:
    """A pause is the random part of the whole ceiling, down to none at all."""
    parts = iter([0.0, 0.25, 0.5])
    backoff = Backoff(lambda: next(parts))
    assert [0.0, 0.025, 0.1] == [backoff.pause_s(failures) for failures in (1, 2, 3)]


def test_no_number_of_failures_is_too_many() -> None:
    """The pause stays a number after any number of failures."""
    assert 5.0 == Backoff(lambda: 1.0).pause_s(10**9)


def patience_of(give_up_s: float = 10.0) -> Patience:
    """Have patience, without any trouble so far."""
    return Patience(give_up_s, Backoff(lambda: 1.0))


def test_without_trouble_nothing_is_paused_or_over() -> None:
    """Idle time does not count: a stream may be silent for hours."""
    patience = patience_of()
    assert (-math.inf, math.inf) == (patience.paused_until, patience.over_at)


def test_failures_in_a_row_pause_longer_and_longer() -> None:
    """Each request that was sent after the last pause began, and failed, doubles the next."""
    patience = patience_of()
    paused_until = []
    for sent_at in (1.0, 2.0, 3.0):
        patience.request_failed(sent_at, sent_at + 0.5)
        paused_until.append(patience.paused_until)
    assert [1.55, 2.6, 3.7] == pytest.approx(paused_until)


def test_requests_already_under_way_do_not_lengthen_the_pause() -> None:
    """Sixteen that fail together are one failure."""
    patience = patience_of()
    patience.request_failed(1.0, 2.0)
    for now in (2.1, 2.2, 2.3):
        patience.request_failed(1.5, now)
    assert 2.05 == patience.paused_until
    patience.request_failed(2.0, 3.0)  # sent when the pause began: as late as can be
    assert 3.1 == patience.paused_until


def test_it_is_over_so_long_after_the_first_failed_request_was_sent() -> None:
    """A request that takes long is part of the time; later failures do not put it off."""
    patience = patience_of(give_up_s=10.0)
    patience.request_failed(1.0, 9.0)
    patience.request_failed(9.0, 9.5)
    patience.trouble(9.5)
    assert 11.0 == patience.over_at


def test_an_older_request_that_fails_later_brings_the_end_forward() -> None:
    """Answers come in any order, and the oldest trouble counts."""
    patience = patience_of(give_up_s=10.0)
    patience.trouble(5.0)
    patience.trouble(4.0)
    assert 14.0 == patience.over_at


def test_progress_starts_over() -> None:
    """After one acknowledged record the next failure is a first one, and the time counts anew."""
    patience = patience_of(give_up_s=10.0)
    patience.request_failed(0.0, 1.0)
    patience.request_failed(1.0, 2.0)
    patience.progress(20.0)
    assert math.inf == patience.over_at
    patience.request_failed(25.0, 30.0)
    assert (30.05, 35.0) == (patience.paused_until, patience.over_at)


def test_a_request_sent_before_the_last_progress_does_not_count_from_when_it_was_sent() -> None:
    """One that hangs while others are acknowledged fails late, and that is no standstill."""
    patience = patience_of(give_up_s=10.0)
    patience.progress(9.0)
    patience.trouble(0.0)
    assert 19.0 == patience.over_at


def test_progress_does_not_cut_a_pause_short() -> None:
    """An answer that comes in a pause does not send what waits all at once."""
    patience = patience_of()
    patience.request_failed(0.0, 1.0)
    patience.progress(1.0)
    assert 1.05 == patience.paused_until
