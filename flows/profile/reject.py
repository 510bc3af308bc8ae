"""Why an input cannot become a fragment: a closed list of reasons."""

from __future__ import annotations

from typing import Literal

Reason = Literal[
    "line_too_long",
    "not_utf8",
    "too_deep",
    "not_json",
    "not_an_object",
    "bad_batch",
    "empty_batch",
    "bad_value",
    "too_many_identities",
    "id_too_long",
    "phone_not_e164",
    "no_key_identity",
    "ambiguous_key",
    "unknown_operation",
    "bad_time",
    "time_in_future",
    "unknown_status",
]


class Rejected(Exception):
    """The input cannot become a fragment; it is kept with this reason.

    Attributes:
        reason: one word of the closed list.
        detail: where and what in plain words; names paths, columns and namespaces, never an id or a
            value.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        """Hold the reason and its detail."""
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail
