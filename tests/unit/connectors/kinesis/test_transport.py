"""HTTP below the signature, against a far end that answers as told, and which clients take it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPException, IncompleteRead
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.config import Config
from botocore.httpsession import URLLib3Session

from benchmarks import certificate
from connectors.kinesis.transport import Transport, replace_transport
from tests.unit.connectors.kinesis.far_end import ALL_WELL, DEADLINE_S, SILENCE, FarEnd
from tests.unit.connectors.kinesis.sessions import make_client

pytestmark = pytest.mark.usefixtures("nobodys")


@pytest.fixture
def transport(tmp_path: Path) -> Iterator[Transport]:
    """A transport that trusts a certificate of nobody."""
    made = transport_trusting(certificate.write(tmp_path)[0])
    yield made
    made.close()


def transport_trusting(ca_bundle: Path, read_timeout_s: float = DEADLINE_S) -> Transport:
    """Make a transport with this patience."""
    return Transport(
        ca_bundle=str(ca_bundle), connect_timeout_s=DEADLINE_S, read_timeout_s=read_timeout_s
    )


def request_to(url: str) -> AWSPreparedRequest:
    """Make a signed request, as botocore would."""
    headers = HeadersDict({"X-Amz-Target": "Kinesis_20131202.PutRecords", "Content-Length": "2"})
    return AWSPreparedRequest("POST", url, headers, b"{}", stream_output=False)


def told(answer: AWSResponse) -> tuple[int, bytes]:
    """Give the status and the body of an answer."""
    return answer.status_code, answer.content


def test_a_request_goes_out_as_it_was_signed(transport: Transport) -> None:
    """Path, query, headers and body arrive, and status, headers and body come back."""
    with FarEnd(ALL_WELL) as end:
        answer = transport.send(request_to(f"{end.url}/path?a=1"))
        transport.close()
    ((head, body),) = end.requests
    lines = head.decode().split("\r\n")
    assert "POST /path?a=1 HTTP/1.1" == lines[0]
    assert f"Host: 127.0.0.1:{end.port}" in lines
    assert "X-Amz-Target: Kinesis_20131202.PutRecords" in lines
    assert 1 == head.lower().count(b"content-length")
    assert b"{}" == body
    assert ((200, b"hello"), "7") == (told(answer), answer.headers["x-number"])


def test_a_connection_is_kept(transport: Transport) -> None:
    """The next request of a thread goes the same way."""
    with FarEnd(*[ALL_WELL] * 3) as end:
        assert [(200, b"hello")] * 3 == [
            told(transport.send(request_to(end.url))) for _ in range(3)
        ]
        transport.close()
    assert 1 == end.connections


def test_each_thread_has_a_connection_of_its_own(transport: Transport) -> None:
    """Answers cannot be mixed up, and nobody waits for another."""
    with FarEnd(*[ALL_WELL] * 2) as end:
        transport.send(request_to(end.url))
        thread = threading.Thread(target=transport.send, args=(request_to(end.url),))
        thread.start()
        thread.join()
        transport.close()
    assert 2 == end.connections


def test_a_connection_that_was_closed_while_idle_is_replaced(transport: Transport) -> None:
    """The far end hangs up after some time; the next request does not fail for it."""
    with FarEnd(*[ALL_WELL] * 2, keeps=False) as end:
        for _ in range(2):
            assert (200, b"hello") == told(transport.send(request_to(end.url)))
            assert end.hung_up.wait(DEADLINE_S)
            end.hung_up.clear()
        transport.close()
    assert 2 == end.connections


def test_an_answer_that_says_it_is_the_last_closes_the_connection(transport: Transport) -> None:
    """The next request opens another."""
    last = ALL_WELL.replace(b"X-Number: 7", b"Connection: close")
    with FarEnd(last, ALL_WELL) as end:
        assert [(200, b"hello")] * 2 == [
            told(transport.send(request_to(end.url))) for _ in range(2)
        ]
        transport.close()
    assert 2 == end.connections


def test_an_answer_in_chunks_is_put_together(transport: Transport) -> None:
    """And the connection is kept."""
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    )
    with FarEnd(chunked, ALL_WELL) as end:
        assert [(200, b"hello")] * 2 == [
            told(transport.send(request_to(end.url))) for _ in range(2)
        ]
        transport.close()
    assert 1 == end.connections


def test_an_error_is_an_answer(transport: Transport) -> None:
    """What its status means is for others to say."""
    with FarEnd(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy") as end:
        assert (503, b"busy") == told(transport.send(request_to(end.url)))
        transport.close()


def test_silence_ends_with_a_timeout_and_the_connection(tmp_path: Path) -> None:
    """What may still come is never taken for the next answer."""
    transport = transport_trusting(certificate.write(tmp_path)[0], read_timeout_s=0.01)
    with FarEnd(SILENCE, ALL_WELL) as end:
        with pytest.raises(TimeoutError):
            transport.send(request_to(end.url))
        transport._read_timeout_s = DEADLINE_S
        assert (200, b"hello") == told(transport.send(request_to(end.url)))
        transport.close()
    assert 2 == end.connections


def test_half_an_answer_is_none(transport: Transport) -> None:
    """It ends with an error, and the next request goes another way."""
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhel"
    with FarEnd(cut, ALL_WELL, keeps=False) as end:
        with pytest.raises(IncompleteRead):
            transport.send(request_to(end.url))
        assert (200, b"hello") == told(transport.send(request_to(end.url)))
        transport.close()


def test_what_is_no_http_is_no_answer(transport: Transport) -> None:
    """It is an error of HTTP, as the caller expects."""
    with FarEnd(b"SSH-2.0-OpenSSH\r\n\r\n", keeps=False) as end, pytest.raises(HTTPException):
        transport.send(request_to(end.url))


def test_nobody_there_is_an_error(transport: Transport) -> None:
    """The port is closed."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        transport.send(request_to(f"http://127.0.0.1:{port}"))


def serving(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for 127.0.0.1: what a server needs of it, and what a client does."""
    chain, key = certificate.write(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context, chain


def test_a_certificate_of_the_bundle_is_trusted(tmp_path: Path) -> None:
    """A connection is kept with TLS, too."""
    tls, trusted = serving(tmp_path)
    transport = transport_trusting(trusted)
    with FarEnd(*[ALL_WELL] * 2, tls=tls) as end:
        for _ in range(2):
            answer = transport.send(request_to(f"https://127.0.0.1:{end.port}"))
            assert (200, b"hello") == told(answer)
        transport.close()
    assert 1 == end.connections


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_certificate_of_a_stranger_or_for_another_host_is_refused(
    tmp_path: Path, host: str
) -> None:
    """Nothing is sent then."""
    tls, trusted = serving(tmp_path)
    if host == "127.0.0.1":
        (tmp_path / "other").mkdir()
        trusted = certificate.write(tmp_path / "other")[0]
    transport = transport_trusting(trusted)
    with FarEnd(tls=tls) as end, pytest.raises(ssl.SSLCertVerificationError):
        transport.send(request_to(f"https://{host}:{end.port}"))
    assert [] == end.requests


def replaced(client: Any) -> bool:
    """Whether a client takes our transport; what it says is what it does."""
    took = replace_transport(client, connect_timeout_s=1.0, read_timeout_s=1.0)
    endpoint = getattr(client, "_endpoint", None)
    assert took == isinstance(getattr(endpoint, "http_session", None), Transport)
    client.close()
    return took


def test_a_plain_client_takes_it() -> None:
    """By https and by http, and with a proxy for somebody else."""
    assert replaced(make_client())
    assert replaced(make_client(endpoint_url="http://127.0.0.1:1"))
    assert replaced(make_client(config=Config(proxies={"http": "http://127.0.0.1:1"})))


def test_a_bundle_of_ones_own_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the client or from AWS_CA_BUNDLE: what botocore would trust."""
    tls, trusted = serving(tmp_path)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(trusted))
    with FarEnd(ALL_WELL, tls=tls) as end:
        client = make_client()
        assert replace_transport(client, connect_timeout_s=1.0, read_timeout_s=DEADLINE_S)
        url = f"https://127.0.0.1:{end.port}"
        assert (200, b"hello") == told(client._endpoint.http_session.send(request_to(url)))
        client.close()


def without_endpoint() -> Any:
    """A client of a botocore that keeps its endpoint elsewhere."""
    client = make_client()
    del client._endpoint
    client.close = lambda: None
    return client


def with_another_session() -> Any:
    """A client whose HTTP session somebody else has put in."""

    class Other(URLLib3Session):  # type: ignore[misc] # botocore has no types
        """As botocore's, and yet another."""

    client = make_client()
    client._endpoint.http_session = Other()
    return client


def with_session(**attributes: Any) -> Any:
    """A client of a botocore whose session keeps these attributes in another way."""
    client = make_client()
    vars(client._endpoint.http_session).update(attributes)
    return client


KEPT: dict[str, Callable[[], Any]] = {
    "proxy": lambda: make_client(config=Config(proxies={"https": "http://127.0.0.1:1"})),
    "client certificate": lambda: make_client(config=Config(client_cert="/nonexistent")),
    "verification off": lambda: make_client(verify=False),
    "no endpoint": without_endpoint,
    "another session": with_another_session,
    "proxies kept elsewhere": lambda: with_session(_proxy_config=None),
    "verification kept elsewhere": lambda: with_session(_verify=None),
}


@pytest.mark.parametrize("name", KEPT)
def test_a_client_with_more_than_we_do_keeps_its_session(name: str) -> None:
    """Nothing that somebody has set up is taken away."""
    assert not replaced(KEPT[name]())


def test_a_proxy_of_the_environment_keeps_botocores_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unless it is not for this host."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert not replaced(make_client())
    monkeypatch.setenv("NO_PROXY", "amazonaws.com")
    assert replaced(make_client())
