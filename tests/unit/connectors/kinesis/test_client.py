"""Building the client: which endpoints are allowed, and what a mistake says."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from connectors.kinesis import KinesisConfigurationError
from tests.unit.connectors.kinesis.sessions import client_of

pytestmark = pytest.mark.usefixtures("nobodys")


def connect(endpoint_url: str | None, **more: Any) -> None:
    """Build a client and let go of it."""
    client_of(endpoint_url, **more).close()


@pytest.mark.parametrize(
    "url",
    [
        None,
        "https://kinesis.example.com",
        "http://127.0.0.1:4567",
        "http://127.9.9.9",
        "http://[::1]:4567",
        "http://localhost:4567",
    ],
)
def test_endpoints_that_keep_data_private_are_allowed(url: str | None) -> None:
    """Https anywhere, plain http on this machine."""
    connect(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://kinesis.example.com",
        "http://10.0.0.1:4567",
        "http://0.0.0.0:4567",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
    ],
)
def test_plain_http_to_another_machine_is_refused(url: str) -> None:
    """Profiles never cross a network in the clear."""
    with pytest.raises(KinesisConfigurationError, match=r"plain http to .* is refused"):
        connect(url)


def test_an_endpoint_from_the_environment_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_ENDPOINT_URL_KINESIS is no way around the rule."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_KINESIS", "http://kinesis.example.com")
    with pytest.raises(KinesisConfigurationError, match="is refused"):
        connect(None)


def test_without_a_region_the_message_says_so() -> None:
    """A missing region is a mistake in the configuration, not in the network."""
    with pytest.raises(KinesisConfigurationError, match="specify a region"):
        connect(None, region=None, session=None)


@pytest.mark.parametrize("url", ["kinesis", "http://", "::"])
def test_an_endpoint_that_is_no_url_is_a_configuration_error(url: str) -> None:
    """Botocore's ValueError becomes one of ours."""
    with pytest.raises(KinesisConfigurationError, match=r"Correct the region|is refused"):
        connect(url)


def test_certificates_that_are_not_there_are_a_configuration_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A mistyped AWS_CA_BUNDLE is said at the start, not after `give_up_s` without an answer."""
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nowhere/bundle.pem")
    with pytest.raises(KinesisConfigurationError, match=r"/nowhere/bundle.pem.*AWS_CA_BUNDLE"):
        connect(None)
    connect("http://127.0.0.1:4567")


def test_the_session_is_used() -> None:
    """A session brings its own region and credentials."""
    session = boto3.Session("key", "secret", region_name="eu-west-3")
    client = client_of(region=None, session=session)
    client.close()
    assert "eu-west-3" in client._connection._where


def test_a_profile_that_is_not_there_is_a_configuration_error() -> None:
    """It is said at once, and by its name."""
    with pytest.raises(KinesisConfigurationError, match="nobody"):
        connect(None, session="nobody")


def test_a_password_in_the_endpoint_is_not_repeated() -> None:
    """Whatever goes wrong, it is told with the host and without what stands before it."""
    client = client_of("https://user:canary@kinesis.example.com:8443")
    client.close()
    assert "stream 'leads' at https://kinesis.example.com:8443" == client._connection._where
