"""What the environment says, and what it must not say."""

from __future__ import annotations

import pytest

from connectors.kafka import KafkaConfigurationError
from connectors.kafka.settings import from_environment


def test_each_variable_is_a_setting_of_librdkafka() -> None:
    """The names are those of librdkafka's CONFIGURATION.md."""
    assert {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "u",
        "sasl.password": "p",
        "ssl.ca.location": "ca.pem",
        "ssl.certificate.location": "c.pem",
        "ssl.key.location": "k.pem",
        "ssl.key.password": "kp",
    } == from_environment(
        {
            "KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
            "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_SASL_USERNAME": "u",
            "KAFKA_SASL_PASSWORD": "p",
            "KAFKA_SSL_CA_LOCATION": "ca.pem",
            "KAFKA_SSL_CERTIFICATE_LOCATION": "c.pem",
            "KAFKA_SSL_KEY_LOCATION": "k.pem",
            "KAFKA_SSL_KEY_PASSWORD": "kp",
        }
    )


def test_without_variables_the_connection_is_plain() -> None:
    """An empty one, and those of others, are as if not set."""
    others = {"KAFKA_PORT": "tcp://10.0.0.1:9092", "KAFKA_SASL_USERNAME": "", "HOME": "/"}
    assert {"security.protocol": "PLAINTEXT"} == from_environment(others)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"KAFKA_SASL_PASSWROD": "canary"}, "did you mean KAFKA_SASL_PASSWORD"),
        ({"KAFKA_SECURITY_PROTOCOL": "canary"}, "none of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"),
        ({"KAFKA_SASL_PASSWORD": "canary"}, "PLAINTEXT does not use it"),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SSL_CA_LOCATION": "canary"},
            "to one with SSL in it",
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SASL_PASSWORD": "canary"},
            "to one with SASL in it",
        ),
    ],
)
def test_a_mistake_is_named_and_no_value_is_shown(environment: dict[str, str], words: str) -> None:
    """Credentials that would not be used, or a name nobody knows, must not go unseen."""
    with pytest.raises(KafkaConfigurationError, match=words) as raised:
        from_environment(environment)
    assert "canary" not in str(raised.value)
