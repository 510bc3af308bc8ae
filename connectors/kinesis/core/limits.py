"""Every limit of Kinesis that this connector relies on, each with its date and its source.

The sources were read in November 2026:

* PutRecords: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
* Entry: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html
* Quotas: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
* Large records: https://docs.aws.amazon.com/streams/latest/dev/large-records.html

Left out: what a shard takes in a second (1,000 records, 1 MB). That is not checked before
sending: the service answers with a throttle, and the record waits.
"""

from __future__ import annotations

RECORDS_PER_REQUEST = 500
"""Most records of one PutRecords request (PutRecords, 2026-11)."""

PARTITION_KEY_CHARS = 256
"""Longest partition key, in characters, not bytes; the shortest has one (Entry, 2026-11)."""

RECORD_BYTES = 1_048_576
"""Largest record: data plus partition key in UTF-8 (Large records, 2026-11).

1 MiB is what every stream has unless its owner raised it (UpdateMaxRecordSize, up to 10 MiB).
"""

RECORD_BYTES_MAX = 10 * 1_048_576
"""Largest record that any stream can be set to take (UpdateMaxRecordSize, 2026-11)."""

REQUEST_BYTES = 5 * 1_048_576
"""Largest request we make: the sum of its records' sizes.

AWS takes 10 MiB (PutRecords, 2026-11). Until 2025 it took 5 MiB, and emulators still refuse more
than that. Half of what is allowed costs nothing: 500 records of 10 kB fit.
"""

HASH_KEY_MAX = 2**128 - 1
"""Largest explicit hash key: keys are mapped to 128-bit integers by MD5 (PutRecords, 2026-11)."""
