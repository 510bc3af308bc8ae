"""Cases where the outcome of a request is unknown, or it failed as a whole: it is made again.

Records may then be stored twice, but none is lost and none overtakes one of its key.
"""

from __future__ import annotations

from ..faults import CUTS, REFUSALS, altered
from .rig import Rig

_NAMES = "a1 b1 c1"


def too_few_entries_are_no_answer(rig: Rig) -> None:
    """The first of three entries, a failed one, is missing: no record counts as acknowledged."""
    rig.deliver(_NAMES, altered("first_entry_missing", 0))
    rig.expect(_NAMES, repeats=True)


def too_many_entries_are_no_answer(rig: Rig) -> None:
    """An entry is there before the first, a failed one: no record counts as acknowledged."""
    rig.deliver(_NAMES, altered("entry_too_many", 0))
    rig.expect(_NAMES, repeats=True)


def an_empty_answer_is_no_answer(rig: Rig) -> None:
    """Status 200 without a body, or without entries, acknowledges nothing."""
    faults = [altered(edit, nothing_stored=True) for edit in ("empty", "no_entries")]
    rig.deliver(_NAMES, *faults)
    rig.expect(_NAMES, repeats=True)


def an_entry_without_a_sequence_number_is_no_answer(rig: Rig) -> None:
    """Without an error code it acknowledges nothing either."""
    rig.deliver(_NAMES, altered("blank_entries", nothing_stored=True))
    rig.expect(_NAMES, repeats=True)


def an_unreadable_answer_is_no_answer(rig: Rig) -> None:
    """Status 200 with half of the JSON, with HTML, or with bytes that are no text."""
    edits = ("truncated", "no_json", "no_utf8")
    rig.deliver(_NAMES, *[altered(edit, nothing_stored=True) for edit in edits])
    rig.expect(_NAMES, repeats=True)


def a_server_error_is_retried(rig: Rig) -> None:
    """Status 500 and 503 acknowledge nothing, and pass."""
    rig.deliver(_NAMES, REFUSALS["InternalFailure"], REFUSALS["ServiceUnavailable"])
    rig.expect(_NAMES, repeats=True)


def a_passing_refusal_is_retried(rig: Rig) -> None:
    """A throttled request, a throttled key of KMS, and credentials that have just expired."""
    codes = (
        "ProvisionedThroughputExceededException",
        "KMSThrottlingException",
        "ExpiredTokenException",
    )
    rig.deliver(_NAMES, *[REFUSALS[code] for code in codes])
    rig.expect(_NAMES, repeats=True)


def a_reset_before_the_records_were_stored_is_retried(rig: Rig) -> None:
    """The connection breaks without an answer, twice."""
    rig.deliver(_NAMES, CUTS["reset_before"], CUTS["reset_before"])
    rig.expect(_NAMES, repeats=True)


def a_reset_after_the_records_were_stored_is_retried(rig: Rig) -> None:
    """Nothing tells this from the former, so the records may be stored twice."""
    rig.deliver(_NAMES, CUTS["reset_after"])
    rig.expect(_NAMES, repeats=True)


def order_is_kept_when_nothing_is_known(rig: Rig) -> None:
    """A later record of a key waits for the earlier one though that was perhaps stored."""
    names = "a1 b1 c1 a2 b2 c2"
    rig.deliver(names, CUTS["reset_after"])
    rig.expect(names, repeats=True)


def an_answer_that_breaks_off_is_retried(rig: Rig) -> None:
    """What its beginning says does not count."""
    rig.deliver(_NAMES, CUTS["cut_after"])
    rig.expect(_NAMES, repeats=True)


def silence_is_no_answer(rig: Rig) -> None:
    """An answer that never comes is waited for as long as one may take, then asked for again."""
    rig.deliver(_NAMES, CUTS["timeout_before"], CUTS["timeout_after"], request_timeout_s=0.1)
    rig.expect(_NAMES, repeats=True)


CASES = (
    too_few_entries_are_no_answer,
    too_many_entries_are_no_answer,
    an_empty_answer_is_no_answer,
    an_entry_without_a_sequence_number_is_no_answer,
    an_unreadable_answer_is_no_answer,
    a_server_error_is_retried,
    a_passing_refusal_is_retried,
    a_reset_before_the_records_were_stored_is_retried,
    a_reset_after_the_records_were_stored_is_retried,
    order_is_kept_when_nothing_is_known,
    an_answer_that_breaks_off_is_retried,
    silence_is_no_answer,
)
