"""The lanes: their names load workers evenly, and lanes meet their sink partitions.

The hash is written here from its publication (Aumasson and Bernstein: "SipHash: a fast short-input
PRF", 2012), with one compression and three finalisation rounds and an all-zero key, over the bytes
of the name and the 0xff that Rust's `str` appends: what `DefaultHasher` of the Rust standard
library does, by which Bytewax sends a key to `hash % workers`.
"""

from __future__ import annotations

import struct
import threading
from collections import Counter
from collections.abc import Iterable
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from bytewax.testing import TestingSource, cluster_main
from typing_extensions import override

from flows.lanes import LANE_NAMES, LANES, SINK_PARTITIONS, lane_of, sink_partition_of

MASK = 2**64 - 1


def rotated(word: int, bits: int) -> int:
    """Rotate a 64-bit word to the left."""
    return (word << bits | word >> (64 - bits)) & MASK


class SipHash:
    """SipHash of one message under one key."""

    def __init__(self, key: tuple[int, int] = (0, 0)) -> None:
        """Mix the key with the constants, which spell "somepseudorandomlygeneratedbytes"."""
        self.v0 = 0x736F6D6570736575 ^ key[0]
        self.v1 = 0x646F72616E646F6D ^ key[1]
        self.v2 = 0x6C7967656E657261 ^ key[0]
        self.v3 = 0x7465646279746573 ^ key[1]

    def round(self) -> None:
        """Mix the four words: the ARX network of figure 2.1."""
        self.v0 = (self.v0 + self.v1) & MASK
        self.v1 = rotated(self.v1, 13) ^ self.v0
        self.v0 = rotated(self.v0, 32)
        self.v2 = (self.v2 + self.v3) & MASK
        self.v3 = rotated(self.v3, 16) ^ self.v2
        self.v0 = (self.v0 + self.v3) & MASK
        self.v3 = rotated(self.v3, 21) ^ self.v0
        self.v2 = (self.v2 + self.v1) & MASK
        self.v1 = rotated(self.v1, 17) ^ self.v2
        self.v2 = rotated(self.v2, 32)

    def of(self, message: bytes, compress: int = 1, finalise: int = 3) -> int:
        """Hash a message: words of eight bytes, the last with the length in its highest byte."""
        padded = message + bytes(7 - len(message) % 8) + bytes([len(message) % 256])
        for (word,) in struct.iter_unpack("<Q", padded):
            self.v3 ^= word
            for _ in range(compress):
                self.round()
            self.v0 ^= word
        self.v2 ^= 0xFF
        for _ in range(finalise):
            self.round()
        return self.v0 ^ self.v1 ^ self.v2 ^ self.v3


def bytewax_hash(key: str) -> int:
    """Give the hash that Bytewax takes modulo the number of workers."""
    return SipHash().of(key.encode() + b"\xff")


HASHES = [bytewax_hash(name) for name in LANE_NAMES]


def test_the_hash_of_this_test_is_siphash() -> None:
    """Of 2-4 the paper's appendix A; of 1-3 what ocaml/ocaml tests, from the reference code."""
    key = struct.unpack("<QQ", bytes(range(16)))

    assert 0xA129CA6149BE45E5 == SipHash((key[0], key[1])).of(bytes(range(15)), 2, 4)
    assert 0xD1FBA762150C532C == SipHash().of(b"")
    assert 0x68A914128E01E473 == SipHash().of(b"\0")


def test_the_layout_of_the_store_is_what_it_always_was() -> None:
    """240 lanes of different names, 60 sink partitions: a store once made depends on them."""
    assert (240, 60) == (LANES, SINK_PARTITIONS)
    assert 240 == len(set(LANE_NAMES))
    assert ("232", "10", "404") == LANE_NAMES[:3]
    assert "422" == LANE_NAMES[-1]


def test_lane_i_hashes_to_i_modulo_240() -> None:
    """Each of the names is in the one place where it belongs."""
    assert list(range(240)) == [hash_ % 240 for hash_ in HASHES]


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 20, 24])
def test_every_worker_has_as_many_lanes(workers: int) -> None:
    """The load is exactly equal for each number of workers that divides 240."""
    load = Counter(hash_ % workers for hash_ in HASHES)

    assert dict.fromkeys(range(workers), 240 // workers) == load


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60])
def test_a_lane_and_its_sink_partition_are_on_one_worker(workers: int) -> None:
    """Bytewax deals sorted partitions out in turn, so i is on worker i % workers."""
    for name, hash_ in zip(LANE_NAMES, HASHES, strict=True):
        assert hash_ % workers == sink_partition_of(name) % workers


def test_every_sink_partition_has_four_lanes() -> None:
    """Records are spread evenly over the partitions."""
    partitions = Counter(sink_partition_of(name) for name in LANE_NAMES)

    assert dict.fromkeys(range(60), 4) == partitions


def test_a_key_has_one_lane_for_ever() -> None:
    """CRC-32 of its UTF-8 modulo 240; "123456789" is the published check, 0xCBF43926."""
    assert LANE_NAMES[0xCBF43926 % 240] == lane_of("123456789")
    assert LANE_NAMES[0] == lane_of("")
    assert lane_of("é") == lane_of("\u00e9")


def test_keys_spread_over_all_lanes() -> None:
    """100,000 keys that differ only in their last digits load no lane twice as much as another."""
    load = Counter(lane_of(f"customer-{number:06}") for number in range(100_000))

    assert set(LANE_NAMES) == set(load)
    assert max(load.values()) < 2 * min(load.values())


class _Lane(StatefulBatchLogic[int, int, None]):
    """Emits the thread it runs on, which is its worker's."""

    @override
    def on_batch(self, values: list[int]) -> tuple[Iterable[int], bool]:
        return [threading.get_ident()], StatefulBatchLogic.RETAIN

    @override
    def snapshot(self) -> None:
        return None


class _Partition(StatefulSinkPartition[tuple[str, int], None]):
    def __init__(self, seen: list[tuple[str, int, int]]) -> None:
        self._seen = seen

    @override
    def write_batch(self, values: list[tuple[str, int]]) -> None:
        self._seen += [(lane, thread, threading.get_ident()) for lane, thread in values]

    @override
    def snapshot(self) -> None:
        return None


class _Sink(FixedPartitionedSink[tuple[str, int], None]):
    """Notes each lane, the thread it was on, and the thread of its sink partition."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int, int]] = []

    @override
    def list_parts(self) -> list[str]:
        return [f"{part:04d}" for part in range(SINK_PARTITIONS)]

    @override
    def part_fn(self, item_key: str) -> int:
        return sink_partition_of(item_key)

    @override
    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> _Partition:
        return _Partition(self.seen)


def test_bytewax_places_lanes_and_partitions_so() -> None:
    """On two real workers, even lanes and partitions share one thread and odd ones the other."""
    sink = _Sink()
    flow = Dataflow("placement")
    lanes = op.input("in", flow, TestingSource([(name, 0) for name in LANE_NAMES]))
    threads = op.stateful_batch("join", lanes, lambda _: _Lane())
    named = op.map("named", threads, lambda item: (item[0], item))
    op.output("out", named, sink)

    cluster_main(flow, [], 0, worker_count_per_proc=2)

    assert sorted(LANE_NAMES) == sorted(lane for lane, _, _ in sink.seen)
    assert all(at_join == at_sink for _, at_join, at_sink in sink.seen)
    sides = {(LANE_NAMES.index(lane) % 2, thread) for lane, thread, _ in sink.seen}
    assert 2 == len(sides) == len({thread for _, thread in sides})
