"""Canaries: secrets and personal data that are told apart from anything a program says by itself.

Each is a word that occurs nowhere else. They are looked for in any case and in base64, which is
how the Kinesis API carries data.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from tests.support.folder import Folder
from tests.support.program import MAIN, Ended, environment, python, run

SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIACANARYACCESSKEY0",
    "AWS_SECRET_ACCESS_KEY": "canary-secret-access-key",
    "AWS_SESSION_TOKEN": "canary-session-token",
}
"""Credentials, as the environment gives them to a child."""

PASSWORD = "canary-password"
ID = "canary-crm-id"
EMAIL = "canary.person@example.com"
PHONE = "+41446681800"
TIER = "canary-tier"
CANARIES = (*SECRETS.values(), PASSWORD, ID, EMAIL, PHONE, TIER)

# The SDK's own log shows whole requests. Nothing in this project switches it on.
_VERBOSE = """
import logging
logging.basicConfig(level=logging.DEBUG)
for name in ("boto3", "botocore", "urllib3"):
    logging.getLogger(name).setLevel(logging.WARNING)
"""
_ENGINE = {"RUST_BACKTRACE": "full", "RUST_LOG": "trace"}


def person(**more: Any) -> str:
    """Give a line that qualifies a person whose every value is a canary."""
    return json.dumps(
        {
            "identityMap": {"CRMID": [{"id": ID}], "Email": [{"id": EMAIL}]},
            "loyalty": {"tier": TIER},
            "segmentMembership": {"ups": {"s1": {"status": "realized"}}},
        }
        | more
    )


def found_in(text: str) -> list[str]:
    """Give the canaries that a text holds, in any case or in base64."""
    lower = text.lower()
    return [
        canary
        for canary in CANARIES
        if canary.lower() in lower or any(form in text for form in _base64_forms(canary))
    ]


def _base64_forms(canary: str) -> list[str]:
    """Give what base64 makes of a word, wherever in a longer text it begins."""
    forms = []
    for before in range(3):
        encoded = b64encode(b"\0" * before + canary.encode()).decode()
        # The first and the last characters depend on what stands around the word.
        forms.append(encoded[-(-before * 8 // 6) : -4])
    return forms


def attempt(
    folder: Folder, *arguments: str, stdin: bytes = b"", fault: str = "", **more: str
) -> Ended:
    """Run the program with the canaries for credentials, saying all that it can.

    Args:
        folder: where.
        arguments: as on the command line.
        stdin: what is piped in.
        fault: code that breaks something of the program before it starts.
        more: variables of the environment.
    """
    path, main = MAIN.split("; from ")
    env = environment(folder.home, **SECRETS, **_ENGINE, **more)
    line = python(f"{path}\n{_VERBOSE}\n{fault}\nfrom {main}", *arguments)
    return run(line, cwd=folder.path, env=env, stdin=stdin)


def leaks(folder: Folder, *texts: str) -> list[str]:
    """Give what got out: canaries in these texts or in a file's name, secrets in any file."""
    files = folder.files()
    inside = [
        f"{secret} in {name}"
        for name, data in files.items()
        for secret in SECRETS.values()
        if secret.encode() in data
    ]
    return found_in("\n".join([*texts, *files])) + inside
