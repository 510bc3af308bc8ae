"""Cases of partial failure: some records of a request are refused, the others stored."""

from __future__ import annotations

from ..faults import altered, internal_failure, split_in_flight, throttle, throttle_all
from .rig import STREAM, Rig

_TWO_EACH = "a1 b1 c1 a2 b2 c2"


def order_is_kept_when_the_first_record_fails(rig: Rig) -> None:
    """A later record of its key waits for it."""
    rig.deliver(_TWO_EACH, throttle(0))
    rig.expect(_TWO_EACH, repeats=True)


def order_is_kept_when_a_middle_record_fails(rig: Rig) -> None:
    """A later record of its key waits for it, and it is this record that is sent again."""
    rig.deliver(_TWO_EACH, throttle(1))
    rig.expect(_TWO_EACH, repeats=True)


def order_is_kept_when_the_last_record_fails(rig: Rig) -> None:
    """A later record of its key waits for it, and it is this record that is sent again."""
    rig.deliver(_TWO_EACH, throttle(-1))
    rig.expect(_TWO_EACH, repeats=True)


def order_is_kept_within_a_key_that_fails_twice(rig: Rig) -> None:
    """Four records of one key, in one batch, through a failure of the first and of the second."""
    rig.deliver("a1 a2 a3 a4", throttle(0), None, throttle(0))
    rig.expect("a1 a2 a3 a4", repeats=True)


def only_what_failed_is_sent_again(rig: Rig) -> None:
    """The records that were stored are not stored twice."""
    rig.deliver("a1 b1 c1 d1 e1", throttle(1, 3), throttle(-1))
    rig.expect("a1 b1 c1 d1 e1")


def entries_decide_when_the_count_says_none_failed(rig: Rig) -> None:
    """FailedRecordCount 0 does not make a failed entry good."""
    rig.deliver("a1 b1 c1", altered("count_says_none", 1))
    rig.expect("a1 b1 c1", repeats=True)


def entries_decide_when_the_count_says_all_failed(rig: Rig) -> None:
    """A FailedRecordCount does not make a good entry failed."""
    rig.deliver("a1 b1 c1", altered("count_says_all"))
    rig.expect("a1 b1 c1")


def entries_decide_when_there_is_no_count(rig: Rig) -> None:
    """FailedRecordCount is not needed."""
    rig.deliver("a1 b1 c1", altered("count_missing", 1))
    rig.expect("a1 b1 c1", repeats=True)


def an_internal_failure_of_a_record_is_retried(rig: Rig) -> None:
    """It is one of the two codes that AWS documents for a record, and it passes."""
    rig.deliver("a1 b1 c1", internal_failure(0), internal_failure(0))
    rig.expect("a1 b1 c1", repeats=True)


def a_request_throttled_as_a_whole_is_retried(rig: Rig) -> None:
    """Every record of three requests in a row is throttled."""
    rig.deliver("a1 b1 c1", *[throttle_all()] * 3)
    rig.expect("a1 b1 c1", repeats=True)


def a_shard_may_split_in_flight(rig: Rig) -> None:
    """Records come out in order per key though their shard splits under a request."""
    rig.deliver(_TWO_EACH, split_in_flight(STREAM), throttle(0), split_in_flight(STREAM))
    rig.expect(_TWO_EACH, repeats=True)


CASES = (
    order_is_kept_when_the_first_record_fails,
    order_is_kept_when_a_middle_record_fails,
    order_is_kept_when_the_last_record_fails,
    order_is_kept_within_a_key_that_fails_twice,
    only_what_failed_is_sent_again,
    entries_decide_when_the_count_says_none_failed,
    entries_decide_when_the_count_says_all_failed,
    entries_decide_when_there_is_no_count,
    an_internal_failure_of_a_record_is_retried,
    a_request_throttled_as_a_whole_is_retried,
    a_shard_may_split_in_flight,
)
