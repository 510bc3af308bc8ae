"""Cases of trouble that does not end: pauses, errors, interruptions, closing."""

from __future__ import annotations

import itertools
import time
import traceback

from ..faults import CUTS, Fault, Refusal, slow, throttle_all
from ..faulty import endless, script
from .rig import Attempt, Rig, require

_STALL_S = 0.3
_REQUESTS_IN_A_STALL_MAX = 30  # one each 10 ms; a sink that does not wait makes hundreds
_GIVE_UP_S = 0.4


def a_stall_is_waited_out_with_few_requests(rig: Rig) -> None:
    """Pauses between attempts: 0.3 s without progress cost at most 30 requests, and no error."""
    over_at: list[float] = []

    def stalls(count: int) -> Fault | None:
        del count
        over_at.append(time.monotonic() + _STALL_S)
        return throttle_all() if time.monotonic() < over_at[0] else None

    rig.follow(stalls)
    rig.flush(rig.open(), rig.records("a1 b1"))
    rig.expect("a1 b1", repeats=True)
    made = len(rig.fake.requests)
    require(made <= _REQUESTS_IN_A_STALL_MAX, f"it made {made} requests in {_STALL_S} s")


def _gives_up(rig: Rig, fault: Fault) -> None:
    rig.follow(endless(itertools.repeat(fault)))
    with Attempt() as attempt:
        rig.flush(rig.open(give_up_s=_GIVE_UP_S), rig.records("a1"))
    require(attempt.error is not None, "it reported success")


def it_gives_up_when_all_is_throttled(rig: Rig) -> None:
    """Without any progress it raises, so that the epoch does not commit."""
    _gives_up(rig, throttle_all())


def it_gives_up_when_nobody_answers(rig: Rig) -> None:
    """As long as every connection breaks it makes no progress, and raises."""
    _gives_up(rig, CUTS["reset_before"])


def a_missing_permission_is_an_error(rig: Rig) -> None:
    """What only a person can mend is raised, at once or when it gives up."""
    _gives_up(rig, Refusal("AccessDeniedException"))


def an_error_tells_no_data_and_no_key(rig: Rig) -> None:
    """Neither in its text nor in a cause, also where the service quotes a key."""
    data, key = "canary-data", "canary-key"
    said = f"1 validation error detected: Value '{key}' at 'records.1.member.partitionKey'"
    for refusal in (Refusal("ValidationException", text=said), Refusal("AccessDeniedException")):
        rig.follow(endless(itertools.repeat(refusal)))
        part = rig.open(give_up_s=_GIVE_UP_S)
        with Attempt() as attempt:
            rig.flush(part, [rig.make_record(data.encode(), key)])
        if attempt.error is not None:  # a sink may also put the record aside
            shown = "".join(traceback.format_exception(attempt.error)) + repr(attempt.error)
            require(data not in shown and key not in shown, "its error quotes a record")


def an_interruption_comes_out(rig: Rig) -> None:
    """KeyboardInterrupt in the thread that writes is not taken for a failure to try again."""
    rig.follow(script(slow(_STALL_S)))
    part = rig.open()
    with Attempt(KeyboardInterrupt) as attempt, rig.interrupted():
        rig.flush(part, rig.records("a1"))
    require(attempt.error is not None, "it was swallowed")


def closing_is_quiet_and_may_be_repeated(rig: Rig) -> None:
    """It does not raise: not after an error, not with records unsent, not the second time."""
    rig.follow(endless(itertools.repeat(Refusal("AccessDeniedException"))))
    failed = rig.open(give_up_s=_GIVE_UP_S)
    with Attempt():
        rig.flush(failed, rig.records("a1"))
    unsent = rig.open()
    unsent.write_batch([rig.records("b1")])
    for part in (failed, unsent):
        part.close()
        part.close()


CASES = (
    a_stall_is_waited_out_with_few_requests,
    it_gives_up_when_all_is_throttled,
    it_gives_up_when_nobody_answers,
    a_missing_permission_is_an_error,
    an_error_tells_no_data_and_no_key,
    an_interruption_comes_out,
    closing_is_quiet_and_may_be_repeated,
)
