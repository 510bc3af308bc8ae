"""Cases without faults: what arrives, in which order, and when a flush is over."""

from __future__ import annotations

from ..faults import ALL, Answer
from .rig import Rig, require

_LINGER_S = 5.0  # what "soon" means for a lone record; sinks wait 0.1 to 5 s


def everything_written_arrives(rig: Rig) -> None:
    """What was written, in several batches and lists, is in the stream after a flush."""
    part = rig.open()
    part.write_batch([rig.records("a1 b1"), [], rig.records("c1")])
    part.write_batch([])
    part.write_batch([rig.records("d1")])
    part.snapshot()
    rig.expect("a1 b1 c1 d1")


def order_is_kept_per_key(rig: Rig) -> None:
    """Many records of few keys are stored in the order they were written."""
    names = " ".join(f"{key}{number}" for number in range(10) for key in "abc")
    rig.deliver(names)
    rig.expect(names)


def data_arrives_unchanged(rig: Rig) -> None:
    """Any bytes, also none, are stored as they are."""
    wanted = [b"", bytes(range(256)), b'{"a": "\xc3\xa9"}\n']
    rig.flush(rig.open(), [rig.make_record(data, "k") for data in wanted])
    found = [kept.data for kept in rig.stored]
    require(found == wanted, f"the stream holds {found}, not {wanted}")


def the_partition_key_is_kept(rig: Rig) -> None:
    """A record is stored under the key it was given, whatever Unicode that holds."""
    wanted = ["k", "k" * 256, "é" * 256, '"\\/ \n', "\U0001f511"]
    rig.flush(rig.open(), [rig.make_record(b"x", key) for key in wanted])
    found = sorted(kept.partition_key for kept in rig.stored)
    require(found == sorted(wanted), f"the stream holds the keys {found}")


def a_flushed_record_is_not_sent_again(rig: Rig) -> None:
    """Flushing again, with nothing or something new, does not repeat what was acknowledged."""
    part = rig.open()
    rig.flush(part, rig.records("a1 b1"))
    rig.flush(part)
    rig.flush(part, rig.records("a2"))
    rig.expect("a1 b1 a2")


def a_flush_waits_for_every_answer(rig: Rig) -> None:
    """It returns when the last record is acknowledged, not when it was sent."""
    rig.deliver("a1 b1", Answer("late_throttle", ALL, delay_s=0.1), Answer("late", delay_s=0.1))
    rig.expect("a1 b1")


def an_empty_flush_sends_nothing(rig: Rig) -> None:
    """A sink with nothing to write makes no request."""
    rig.flush(rig.open(), [])
    require(not rig.fake.requests, f"it made {len(rig.fake.requests)} requests")


def every_partition_delivers(rig: Rig) -> None:
    """Partitions have distinct names, take keys by a steady rule, and each writes to the stream."""
    sink = rig.sink()
    names = sink.list_parts()
    require(len(set(names)) == len(names) > 0, f"the partitions are {names}")
    require(sink.part_fn("key") == sink.part_fn("key"), "a key changes its partition")
    parts = [rig.part(sink, names[0]), rig.part(sink, names[-1])] if names[1:] else [rig.open()]
    for part, name in zip(parts, ("a1", "b1"), strict=False):
        part.write_batch([rig.records(name)])
    for part in parts:
        part.snapshot()
    rig.expect("a1 b1" if names[1:] else "a1")


def a_lone_record_goes_out_without_a_flush(rig: Rig) -> None:
    """It is in the stream within seconds, though nothing else is called."""
    rig.open().write_batch([rig.records("a1")])
    require(rig.answered.wait(_LINGER_S), f"nothing was sent within {_LINGER_S} s")
    rig.expect("a1")


CASES = (
    everything_written_arrives,
    order_is_kept_per_key,
    data_arrives_unchanged,
    the_partition_key_is_kept,
    a_flushed_record_is_not_sent_again,
    a_flush_waits_for_every_answer,
    an_empty_flush_sends_nothing,
    every_partition_delivers,
)

LINGER_CASES = (a_lone_record_goes_out_without_a_flush,)
