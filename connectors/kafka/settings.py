"""Settings of librdkafka that come from the environment: how to connect safely, and as whom.

A closed table, so that no configuration file can hold a secret and a misspelt name is an error, not
a connection in the clear. Left out: OAUTHBEARER and Kerberos, which need more than names and
values.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from .errors import KafkaConfigurationError

ENVIRONMENT: Final = {
    "KAFKA_SECURITY_PROTOCOL": "security.protocol",
    "KAFKA_SASL_MECHANISM": "sasl.mechanism",
    "KAFKA_SASL_USERNAME": "sasl.username",
    "KAFKA_SASL_PASSWORD": "sasl.password",
    "KAFKA_SSL_CA_LOCATION": "ssl.ca.location",
    "KAFKA_SSL_CERTIFICATE_LOCATION": "ssl.certificate.location",
    "KAFKA_SSL_KEY_LOCATION": "ssl.key.location",
    "KAFKA_SSL_KEY_PASSWORD": "ssl.key.password",
}
"""Variable to setting. Source: CONFIGURATION.md of librdkafka."""

PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
"""Values of KAFKA_SECURITY_PROTOCOL; the first one unless it is set."""

# Not the whole of KAFKA_: Kubernetes sets KAFKA_PORT and others for a service called kafka.
_OURS = ("KAFKA_SECURITY_", "KAFKA_SASL_", "KAFKA_SSL_")


def from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that the environment gives; an empty variable is as if not set.

    Raises:
        KafkaConfigurationError: A name is misspelt, the protocol is none, or something is set that
            the protocol does not use.
    """
    given = {name: text for name, text in environment.items() if name.startswith(_OURS) and text}
    for name in sorted(given.keys() - ENVIRONMENT.keys()):
        near = get_close_matches(name, ENVIRONMENT, n=1)
        guess = f"did you mean {near[0]}?" if near else f"there are {', '.join(ENVIRONMENT)}"
        raise KafkaConfigurationError(
            f"the environment variable {name} is not known here: {guess} Correct it or unset it"
        )
    protocol = given.get("KAFKA_SECURITY_PROTOCOL", PROTOCOLS[0]).upper()
    if protocol not in PROTOCOLS:
        raise KafkaConfigurationError(
            f"KAFKA_SECURITY_PROTOCOL is none of {', '.join(PROTOCOLS)}: set it to one of them"
        )
    for part in ("SASL", "SSL"):
        unused = sorted(name for name in given if name.startswith(f"KAFKA_{part}_"))
        if unused and part not in protocol:
            raise KafkaConfigurationError(
                f"{unused[0]} is set, and KAFKA_SECURITY_PROTOCOL={protocol} does not use it: set "
                f"the protocol to one with {part} in it, or unset the variable"
            )
    settings = {ENVIRONMENT[name]: text for name, text in given.items()}
    return {**settings, "security.protocol": protocol}
