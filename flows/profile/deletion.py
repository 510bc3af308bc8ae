"""The line that stands for a record without a value: its key identity is deleted.

A topic that is compacted says so that what was known of a key is to be forgotten
(https://kafka.apache.org/documentation/#compaction, read in November 2026).
"""

from __future__ import annotations

from json import dumps

DELETION = b'{"header":{"operations":{"data":"delete"}},"body":{"identityMap":'
"""How such a line begins, also in an input of rows."""


def deletion(namespace: str, key: bytes) -> bytes:
    """Give the upsert that deletes an identity at the time it arrived.

    A key that is not UTF-8 is rejected like any line that is not; an empty one names no identity.

    Args:
        namespace: the key namespace.
        key: the record's key, whose text is the id.
    """
    try:
        id_ = dumps(key.decode(), ensure_ascii=False).encode()
    except UnicodeDecodeError:
        id_ = b'"' + key + b'"'
    return DELETION + b'{%b:[{"id":%b}]}}}' % (dumps(namespace).encode(), id_)
