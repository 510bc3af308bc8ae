"""A trial of a short way through botocore: one call that goes nowhere, with keys that are none.

It is made before a client goes that way, as the way leans on what botocore does at its events.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import BotoCoreError, ClientError

from .transport import RawBody

_log = logging.getLogger(__name__)

# What our handlers raise if botocore hands them something else than it does today.
_BROKEN = (AttributeError, KeyError, TypeError, ValueError)

Came = dict[str, Any]


def passes(
    make_client: Callable[..., Any],
    take: Callable[[Any], None],
    call: Callable[[Any], Came],
    answer: bytes,
    *,
    is_right: Callable[[list[bytes], Came], bool],
    effect: str,
) -> bool:
    """Make one call with a client that goes the short way; warn if it goes wrong.

    Args:
        make_client: Makes one; takes `aws_access_key_id` and `aws_secret_access_key`.
        take: Lets the client go the short way.
        call: Makes the call.
        answer: The body of the answer to it.
        is_right: Whether this is what must be sent, each time something was, and what must come.
        effect: What it means if not, for the warning.
    """
    sent: list[bytes] = []

    def give(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request.body)
        return AWSResponse(request.url, HTTPStatus.OK, {}, RawBody(answer))

    nobody = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "self-test")
    client = make_client(**nobody)
    take(client)
    client.meta.events.register_first("before-send.kinesis", give)
    cause = "its requests or answers are others"
    try:
        if is_right(sent, call(client)):
            return True
    except (BotoCoreError, ClientError, *_BROKEN) as error:
        cause = type(error).__name__
    finally:
        client.close()
    _log.warning("botocore_changed", extra={"effect": effect, "cause": cause})
    return False
