"""What a rule about a destination says, and what several rules have in common."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Address, ip_address
from typing import NamedTuple

from flows.destination.problems import Path, dotted

_ENDPOINT = re.compile(r"(?P<scheme>https?)://(?P<host>\[.+\]|[^:/]+)(:(?P<port>\d+))?/?")
_PORT_MAX = 65_535


class Broken(NamedTuple):
    """A value that breaks a rule: its path, what is wrong, and what to do."""

    path: Path
    what: str
    todo: str


def repeated(path: Path, values: Sequence[str], todo: str, *key: str) -> Iterator[Broken]:
    """Report every item of a list that stands earlier in it."""
    first: dict[str, int] = {}
    for index, value in enumerate(values):
        earlier = first.setdefault(value, index)
        if earlier != index:
            what = f"`{value}` is given twice, first in `{dotted((*path, earlier, *key))}`"
            yield Broken((*path, index, *key), what, todo)


def clear_endpoint(path: Path, url: str | None) -> Iterator[Broken]:
    """Report an endpoint that data would reach in clear over the network, or not at all."""
    parts = _ENDPOINT.fullmatch(url or "")
    if parts is None:
        return
    scheme, host, port = parts.group("scheme", "host", "port")
    if port and not 0 < int(port) <= _PORT_MAX:
        yield Broken(path, f"there is no port {port}", f"Give a port from 1 to {_PORT_MAX}.")
    elif scheme == "http" and not _is_loopback(host.strip("[]")):
        what = "plain http would send profiles in clear over the network"
        yield Broken(path, what, "Use https, or a loopback host (127.0.0.0/8, ::1, localhost).")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address == IPv6Address("::1") or address in IPv4Network("127.0.0.0/8")
