"""What the container files promise, read from the files: this needs no container engine.

The rules are those of the Docker and Compose references: a numeric user can be checked not to be
root, `service:` shares a network namespace, and an exec-form entry point receives the stop signal.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
# (instruction, arguments), with continued lines joined and comments left out
DOCKERFILE: list[tuple[str, str]] = [
    (instruction, arguments.strip())
    for instruction, _, arguments in (
        line.partition(" ")
        for line in re.sub(
            r"\\\n\s*", "", (ROOT / "Dockerfile").read_text(encoding="utf-8")
        ).splitlines()
        if line and not line.startswith("#")
    )
]
LAST_STAGE = DOCKERFILE[max(i for i, (name, _) in enumerate(DOCKERFILE) if name == "FROM") :]

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())


def arguments(instruction: str) -> list[str]:
    """Return the arguments of each such instruction in the image that is shipped."""
    return [text for name, text in LAST_STAGE if name == instruction]


def options(command: list[str]) -> set[str]:
    """Return the `--set` overrides of a command line."""
    return {part.removeprefix("--set=") for part in command if part.startswith("--set=")}


def test_the_services_are_the_emulator_and_the_job() -> None:
    """Two services, so that the checks below are known to look at both."""
    assert {"emulator", "job"} == set(SERVICES)


@each_service
def test_a_service_can_change_nothing_but_its_state(service: dict[str, Any]) -> None:
    """The root file system is read-only, and a bind mount is too."""
    assert service["read_only"] is True
    assert [] == [m for m in service.get("volumes", []) if m.startswith(".") and m[-3:] != ":ro"]


@each_service
def test_a_service_has_no_privilege_and_can_gain_none(service: dict[str, Any]) -> None:
    """All capabilities are dropped, none is added, and no set-uid program can bring one back."""
    assert ["ALL"] == service["cap_drop"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert set() == {"cap_add", "privileged", "devices", "pid", "ipc", "user"} & set(service)


@each_service
def test_a_service_is_reachable_from_this_machine_only(service: dict[str, Any]) -> None:
    """A published port, if there is one, is bound to the loopback address."""
    ports = service.get("ports", [])
    assert [] == [port for port in ports if not str(port).startswith("127.0.0.1:")]


def test_plain_http_stays_on_loopback() -> None:
    """The job lives in the emulator's network namespace and calls it on 127.0.0.1."""
    assert "none" == SERVICES["emulator"]["network_mode"]
    assert "service:emulator" == SERVICES["job"]["network_mode"]
    assert "account.endpoint_url=http://127.0.0.1:5000" in options(SERVICES["job"]["command"])


def test_the_job_waits_for_the_stream() -> None:
    """The job starts when the emulator's health check has seen the stream that it delivers to."""
    assert {"emulator": {"condition": "service_healthy"}} == SERVICES["job"]["depends_on"]
    emulator = SERVICES["emulator"]["command"]
    assert ["emulator", "--port", "5000", "--stream", "leads", "--shards", "4"] == emulator
    assert "'leads'" in SERVICES["emulator"]["healthcheck"]["test"][-1].replace('"', "'")
    assert "stream.name=leads" in options(SERVICES["job"]["command"])


def test_what_the_job_writes_goes_to_its_volume() -> None:
    """State, rejects and dead letters are kept on the one writable volume."""
    (volume,) = [m for m in SERVICES["job"]["volumes"] if m.startswith("state:")]
    folder = volume.removeprefix("state:")
    written = dict(o.split("=", 1) for o in options(SERVICES["job"]["command"]) if ".path=" in o)
    assert {"state.path", "rejects.path", "dead_letters.path"} == set(written)
    assert [] == [path for path in written.values() if not path.startswith(f"{folder}/")]
    assert [folder] == arguments("WORKDIR")


def test_the_health_check_is_a_program() -> None:
    """The health check compiles: it is Python within YAML, which nothing else reads."""
    kind, python, flag, source = SERVICES["emulator"]["healthcheck"]["test"]
    assert ("CMD", "python", "-c") == (kind, python, flag)
    compile(source, "healthcheck", "exec")


def test_the_image_runs_as_a_number_that_is_not_root() -> None:
    """The last user named is numeric and not 0."""
    user, group = map(int, arguments("USER")[-1].split(":"))
    assert user >= 1000
    assert group >= 1000


def test_the_stop_signal_reaches_python() -> None:
    """Entry point and default command are in exec form: no shell stands in between."""
    assert [["profile-export"]] == [json.loads(text) for text in arguments("ENTRYPOINT")]
    assert [["--help"]] == [json.loads(text) for text in arguments("CMD")]


def test_nothing_is_installed_unchecked() -> None:
    """Each pip command checks hashes, or takes no package but our own."""
    commands = [text for name, text in DOCKERFILE if name == "RUN" and "pip " in text]
    assert any("--require-hashes -r" in text and "run.txt" in text for text in commands)
    assert [] == [
        text for text in commands if "--require-hashes" not in text and "--no-deps" not in text
    ]


@pytest.mark.parametrize("name", ["build", "run", "dev"])
def test_each_requirement_is_pinned_with_its_hashes(name: str) -> None:
    """Requirements name one version and its hashes, and no place to fetch them from."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    entries = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^\s*#.*\n", "", text)).splitlines()
    assert entries
    pinned = re.compile(r"[a-z0-9._-]+==\S+( ; [^#]+?)?( ?--hash=sha256:[0-9a-f]{64})+")
    assert [] == [entry[:60] for entry in entries if not pinned.fullmatch(entry)]
