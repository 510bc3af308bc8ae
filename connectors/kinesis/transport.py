"""HTTP below the signature: one kept connection a thread, by Python's own http.client.

Takes the place of botocore's HTTP session in a client, where that is possible, and halves what a
call costs below the signature. Everything above stays botocore's: credentials, endpoint rules,
signature, events. What is given up: proxies, client certificates, trusted certificates in a folder,
and switching TLS verification off; a client with any of them keeps botocore's session. One
attribute of botocore is used that is not public, `_endpoint`; a botocore without it keeps its
session too.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session, get_cert_path

from .errors import KinesisConfigurationError


class Transport:
    """Sends signed requests.

    Args:
        ca_bundle: File with the certificates to trust.
        connect_timeout_s: How long a connection may take to open.
        read_timeout_s: How long the network may be silent.
    """

    def __init__(self, *, ca_bundle: str, connect_timeout_s: float, read_timeout_s: float) -> None:
        self._ca_bundle = ca_bundle
        self._tls: ssl.SSLContext | None = None  # takes 20 ms to make, and not all need it
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._of_thread = threading.local()
        self._lock = threading.Lock()
        self._connections: list[HTTPConnection] = []

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Make one attempt.

        Raises:
            OSError, HTTPException: There is no answer, or a part of one.
        """
        url = urlsplit(request.url)
        connection = self._connection(url)
        target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
        try:
            connection.request(request.method, target, request.body, dict(request.headers.items()))
            response = connection.getresponse()
            body = response.read()
        except BaseException:
            connection.close()  # the rest of this answer must not be taken for the next one
            raise
        return AWSResponse(request.url, response.status, dict(response.getheaders()), RawBody(body))

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for connection in self._connections:
                connection.close()

    def _connection(self, url: SplitResult) -> HTTPConnection:
        """Give this thread's connection, open; a new one if the other side has closed it."""
        kept: dict[str, HTTPConnection] = self._of_thread.__dict__
        connection = kept.get(url.netloc)
        if connection is None:
            connection = kept[url.netloc] = self._new(url)
        if connection.sock is not None and _has_something_to_read(connection.sock):
            connection.close()
        if connection.sock is None:
            connection.connect()
            opened: Any = connection.sock  # which the stubs take for None still
            opened.settimeout(self._read_timeout_s)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return connection

    def _new(self, url: SplitResult) -> HTTPConnection:
        host, timeout = url.hostname or "", self._connect_timeout_s
        connection = HTTPConnection(host, url.port, timeout=timeout)
        with self._lock:
            if url.scheme == "https":
                self._tls = self._tls or ssl.create_default_context(cafile=self._ca_bundle)
                connection = HTTPSConnection(host, url.port, timeout=timeout, context=self._tls)
            self._connections.append(connection)
        return connection


class RawBody:
    """What botocore reads an answer's body from."""

    def __init__(self, body: bytes) -> None:
        """Hold a body that was read already."""
        self._body = body

    def stream(self, **_: object) -> Iterator[bytes]:
        """Give it in one piece."""
        yield self._body


def _has_something_to_read(sock: socket.socket) -> bool:
    """Whether an idle connection was closed, or says what nobody asked for."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def replace_transport(client: Any, *, connect_timeout_s: float, read_timeout_s: float) -> bool:
    """Give a client of botocore this transport if that takes nothing away; says whether it did.

    Raises:
        KinesisConfigurationError: TLS is asked for, and the certificates to trust are not there.
    """
    endpoint = getattr(client, "_endpoint", None)
    session = getattr(endpoint, "http_session", None)
    if endpoint is None or session is None or type(session) is not URLLib3Session:
        return False
    proxies, verify, certificate = (
        getattr(session, name, None) for name in ("_proxy_config", "_verify", "_cert_file")
    )
    if proxies is None or proxies.proxy_url_for(client.meta.endpoint_url):
        return False
    if certificate or not verify or Path(get_cert_path(verify)).is_dir():
        return False
    ca_bundle, url = get_cert_path(verify), client.meta.endpoint_url
    if url.startswith("https:") and not Path(ca_bundle).exists():
        raise KinesisConfigurationError(
            f"there are no certificates at {ca_bundle}, so no answer could be trusted. "
            "Correct AWS_CA_BUNDLE, or ca_bundle in AWS's shared configuration.",
            needs_person=True,
        )
    endpoint.http_session = Transport(
        ca_bundle=ca_bundle,
        connect_timeout_s=connect_timeout_s,
        read_timeout_s=read_timeout_s,
    )
    session.close()
    return True
