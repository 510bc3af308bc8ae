"""Lanes: the fixed buckets of key identities that carry order, state and parallelism.

Bytewax sends a key to worker ``SipHash-1-3(key) % workers``, so plain names load the workers
unevenly. These names are chosen so that lane i's hash is i modulo 240: the load is exactly equal
for every number of workers that divides 240, and lane i and sink partition i % 60 meet on the same
worker (bytewax/bytewax, src/timely.rs and src/outputs.rs, v0.21.1). The number of lanes and their
names are part of the recovery store and never change.
"""

from __future__ import annotations

from zlib import crc32

_NAMES = """
    232 10 404 60 741 364 480 43 217 104 373 129 380 301 199 82 330 14 458 93
    133 240 59 20 195 42 37 155 345 279 154 158 628 121 171 432 39 455 61 23
    44 57 12 276 97 308 612 160 94 51 314 311 265 475 247 1 33 18 90 24
    413 62 78 46 391 63 753 151 55 0 102 374 128 71 165 238 114 50 450 3
    49 105 394 191 146 196 79 32 435 768 142 1022 109 254 291 323 402 153 313 167
    317 70 205 119 170 34 35 6 15 85 215 269 22 29 148 334 75 212 272 8
    89 339 48 230 426 174 4 47 370 36 660 259 117 356 103 2 16 159 11 556
    371 268 52 186 106 730 91 182 295 19 30 271 100 631 1131 216 138 143 134 227
    41 111 168 1177 396 69 21 92 179 359 427 530 108 258 98 150 127 340 5 64
    318 132 145 118 40 306 615 54 304 9 401 169 27 246 53 66 162 429 28 95
    74 495 648 713 307 197 76 193 1441 289 420 669 135 257 502 101 13 189 181 122
    31 689 87 77 208 45 123 264 83 201 131 487 260 1136 237 112 617 517 137 422
"""
LANE_NAMES = tuple(_NAMES.split())
LANES = len(LANE_NAMES)

SINK_PARTITIONS = 60
"""Divides the lanes; worker counts that divide it keep lane and partition together."""

GROUPS = tuple(LANE_NAMES[part::SINK_PARTITIONS] for part in range(SINK_PARTITIONS))
"""The lanes of each sink partition; one worker has them all where workers divide the partitions."""

_INDEX = {name: index for index, name in enumerate(LANE_NAMES)}


def lane_of(key: str) -> str:
    """Give the name of the lane of an id in the key namespace."""
    return LANE_NAMES[crc32(key.encode()) % LANES]


def sink_partition_of(lane: str) -> int:
    """Give the number of the sink partition that a lane's records go to."""
    return _INDEX[lane] % SINK_PARTITIONS
