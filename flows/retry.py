"""Rejects as they are kept: each once, and put back as input when their cause is mended.

    rejects/<store>.jsonl               what the job rejected; its own, never changed here
    rejects/retry/<time>.<input>.jsonl  originals put back, read by the next run as ``retry``
    rejects/retried                     digests of the rejects that were put back, a line each

Promise: the originals of an input appear under ``retry/`` by one rename, all or none, and are noted
when those of all inputs are there. A crash before that lets the next retry put them back once more,
which changes no profile: merging is idempotent. A retried fragment that names no time of its own
counts as new when it is put back. What is rejected again becomes a reject of the input ``retry``,
and can be retried like any.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct

from connectors.jsonl import JsonlError
from connectors.jsonl.errors import shown, unusable
from flows.destination import Destination, Input, Jsonl
from flows.readers import RETRY, input_of
from flows.rejects import Reject

_RETRIED = "retried"
_DIGEST_CHARS = 32  # 128 bits
_decode = msgspec.json.Decoder(Reject).decode


class KeptReject(Struct, frozen=True):
    """A reject as it is kept.

    Attributes:
        reject: what its line says.
        digest: names it: SHA-256 over its line, its first 128 bits in hex.
        retried: whether it was put back.
    """

    reject: Reject
    digest: str
    retried: bool


class Group(Struct, frozen=True):
    """Rejects of one input, reason, and file, shard or topic partition."""

    input: str
    origin: str
    reason: str


class Retry(Struct, frozen=True):
    """What a retry did.

    Attributes:
        retried: how many rejects were put back.
        truncated: how many others cannot be, as only their beginning was kept.
        folder: where the new files of input are; None if nothing was put back.
    """

    retried: int
    truncated: int
    folder: Path | None


def inputs(destination: Destination) -> tuple[Input, ...]:
    """Give the inputs of the configuration, and last ``retry``, whose folder may be missing."""
    folder = Path(destination.rejects.path) / RETRY
    return (*destination.inputs, Input(name=RETRY, jsonl=Jsonl(path=str(folder))))


def kept_rejects(destination: Destination) -> Iterator[KeptReject]:
    """Give each reject once, file by file; some 200 bytes for each are held meanwhile.

    A line that is being written is passed over, as a job may run meanwhile.

    Raises:
        JsonlError: a file cannot be read, or holds a line that is no reject.
    """
    folder = Path(destination.rejects.path)
    retried = set(_retried(folder).decode().split())
    seen: set[str] = set()
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(_whole_lines(path), 1):
            digest = sha256(line).hexdigest()[:_DIGEST_CHARS]
            if digest not in seen:
                seen.add(digest)
                yield KeptReject(_read(path, number, line), digest, digest in retried)


def count(rejects: Iterable[KeptReject]) -> tuple[Counter[Group], Counter[Group]]:
    """Count rejects by group: all of them, and those that were put back."""
    kept: Counter[Group] = Counter()
    retried: Counter[Group] = Counter()
    for each in rejects:
        origin = each.reject.file or each.reject.source
        group = Group(each.reject.input, origin, each.reject.reason)
        kept[group] += 1
        retried[group] += each.retried
    return kept, retried


def retry(destination: Destination, wanted: Callable[[Reject], bool]) -> Retry:
    """Put rejects back as input that were not put back before.

    The caller holds the state directory, so that two of these never meet.

    Args:
        destination: whose rejects they are.
        wanted: whether to put a reject back.

    Raises:
        JsonlError: a file cannot be read or written.
    """
    digests: dict[str, str] = {}
    truncated = 0
    for each in kept_rejects(destination):
        if each.retried or not wanted(each.reject):
            continue
        if each.reject.truncated:
            truncated += 1
        else:
            digests[each.digest] = _came_from(each.reject)
    if not digests:
        return Retry(0, truncated, None)
    folder = Path(destination.rejects.path)
    now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S%fZ")
    try:
        (folder / RETRY).mkdir(mode=0o700, exist_ok=True)
        for name in sorted(set(digests.values())):
            originals = (
                # A record of a stream may span lines; outside of strings JSON takes blanks as well.
                each.reject.original.replace(b"\n", b" ") + b"\n"
                for each in kept_rejects(destination)
                if digests.get(each.digest) == name
            )
            _put(folder / RETRY / f"{now}.{name}.jsonl", originals)
        _put(folder / _RETRIED, [_retried(folder), *(f"{each}\n".encode() for each in digests)])
    except OSError as error:
        raise unusable(error, folder / RETRY, "write") from error
    return Retry(len(digests), truncated, folder / RETRY)


def _came_from(reject: Reject) -> str:
    return input_of(reject.file) if reject.input == RETRY else reject.input


def _retried(folder: Path) -> bytes:
    try:
        return (folder / _RETRIED).read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise unusable(error, folder / _RETRIED, "read") from error


def _put(path: Path, lines: Iterable[bytes]) -> None:
    """Make or replace a file: after a crash all of it is there, or nothing of it."""
    draft = path.with_name(".new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _whole_lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line[:-1]
    except OSError as error:
        raise unusable(error, path, "read") from error


def _read(path: Path, number: int, line: bytes) -> Reject:
    try:
        return _decode(line)
    except msgspec.MsgspecError:
        raise JsonlError(
            f"{shown(path)}, line {number}: this is no reject as this program writes them; take "
            "the line out, or move the file out of the folder"
        ) from None  # the cause may quote the line
