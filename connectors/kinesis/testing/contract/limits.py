"""Cases of size: what one request and one record may hold, with the fake's own numbers."""

from __future__ import annotations

from .rig import Attempt, Rig, require

_MIB = 1024 * 1024


def _nothing_refused(rig: Rig) -> None:
    refused = [seen.outcome for seen in rig.fake.requests if seen.outcome != "answered"]
    require(not refused, f"requests were refused: {refused}")


def a_request_has_at_most_500_records(rig: Rig) -> None:
    """1,203 records go out in requests that the service takes."""
    part = rig.open()
    for first in (0, 401, 802):
        names = [f"{number:04d}" for number in range(first, first + 401)]
        part.write_batch([[rig.make_record(name.encode(), name) for name in names]])
    part.snapshot()
    _nothing_refused(rig)
    arrived = sorted(int(kept.data) for kept in rig.stored)
    require(arrived == list(range(1_203)), f"{len(arrived)} of 1,203 arrived")


def a_request_has_at_most_10_mib(rig: Rig) -> None:
    """Keys count: ten records of 1 MiB with their keys, and a small one, need a second request."""
    keys = [letter * 256 for letter in "abcdefghij"]
    records = [rig.make_record(bytes(_MIB - 256), key) for key in keys]
    rig.flush(rig.open(), [*records, rig.make_record(b"x", "k")])
    _nothing_refused(rig)
    require(len(rig.stored) == len(records) + 1, f"{len(rig.stored)} of 11 arrived")


def the_key_counts_to_the_size_of_a_record(rig: Rig) -> None:
    """1 MiB with the key is sent; 1 MiB and the key is not, and is an error or put aside."""
    part = rig.open()
    rig.flush(part, [rig.make_record(bytes(_MIB - 2), "é")])
    require(len(rig.stored) == 1, "a record of exactly 1 MiB did not arrive")
    with Attempt():
        rig.flush(part, [rig.make_record(bytes(_MIB), "é")])
    _nothing_refused(rig)


CASES = (
    a_request_has_at_most_500_records,
    a_request_has_at_most_10_mib,
    the_key_counts_to_the_size_of_a_record,
)
