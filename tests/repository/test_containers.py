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
CLUSTER = ("job-0", "job-1", "job-2")
JOBS = ("job", *CLUSTER)
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
each_job = pytest.mark.parametrize("job", [SERVICES[name] for name in JOBS], ids=JOBS)


def arguments(instruction: str) -> list[str]:
    """Return the arguments of each such instruction in the image that is shipped."""
    return [text for name, text in LAST_STAGE if name == instruction]


def test_the_services_are_the_emulator_and_the_jobs() -> None:
    """Each service is known to the checks below, and only the cluster has to be asked for."""
    assert {"emulator", "job", "job-0", "job-1", "job-2"} == set(SERVICES)
    assert {name: ["cluster"] for name in CLUSTER} == {
        name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service
    }


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
    assert 256 == service["pids_limit"]


@each_service
def test_a_service_is_reachable_from_this_machine_only(service: dict[str, Any]) -> None:
    """A published port, if there is one, is bound to the loopback address."""
    ports = service.get("ports", [])
    assert [] == [port for port in ports if not str(port).startswith("127.0.0.1:")]


def test_the_network_has_no_way_out() -> None:
    """The emulator's network namespace holds nothing but its loopback interface."""
    assert "none" == SERVICES["emulator"]["network_mode"]


@each_job
def test_plain_http_stays_on_loopback(job: dict[str, Any]) -> None:
    """A job lives in the emulator's network namespace and calls it on 127.0.0.1."""
    assert "service:emulator" == job["network_mode"]
    assert "http://127.0.0.1:5000" == job["environment"]["PROFILE_EXPORT_ACCOUNT__ENDPOINT_URL"]


@each_job
def test_a_job_waits_for_the_stream(job: dict[str, Any]) -> None:
    """A job starts when the emulator's health check has seen the stream that it delivers to."""
    assert {"emulator": {"condition": "service_healthy"}} == job["depends_on"]
    emulator = SERVICES["emulator"]["command"]
    assert ["emulator", "--port", "5000", "--stream", "leads", "--shards", "4"] == emulator
    assert "'leads'" in SERVICES["emulator"]["healthcheck"]["test"][-1].replace('"', "'")
    assert "leads" == job["environment"]["PROFILE_EXPORT_STREAM__NAME"]


@each_job
def test_what_a_job_writes_goes_to_its_volume(job: dict[str, Any]) -> None:
    """State, rejects and dead letters are kept on the one writable volume."""
    (folder,) = arguments("WORKDIR")
    assert [f":{folder}"] == [m[m.index(":") :] for m in job["volumes"] if not m.endswith(":ro")]
    assert {
        "PROFILE_EXPORT_STATE__PATH": "/var/lib/profile-export/state",
        "PROFILE_EXPORT_REJECTS__PATH": "/var/lib/profile-export/rejects",
        "PROFILE_EXPORT_DEAD_LETTERS__PATH": "/var/lib/profile-export/dead-letters",
    } == {name: value for name, value in job["environment"].items() if name.endswith("__PATH")}


def test_no_two_jobs_share_a_volume() -> None:
    """Each job writes to a volume of its own, and the file declares no other."""
    volumes = [m.split(":")[0] for name in JOBS for m in SERVICES[name]["volumes"] if m[0] != "."]
    assert ["state", "state-0", "state-1", "state-2"] == volumes
    assert volumes == [*COMPOSE["volumes"]]


@each_job
def test_a_job_has_time_to_stop(job: dict[str, Any]) -> None:
    """From the stop signal to the kill a job has a minute and a half."""
    assert "90s" == job["stop_grace_period"]


def test_the_emulator_is_stopped_as_it_expects() -> None:
    """It gets the signal of Ctrl-C; the first process of a container has no default for others."""
    assert "SIGINT" == SERVICES["emulator"]["stop_signal"]


@pytest.mark.parametrize("process", [0, 1, 2])
def test_each_process_of_the_cluster_knows_its_place(process: int) -> None:
    """The processes have the numbers 0 to 2, the same list of addresses, and loopback alone."""
    expected = [
        "run",
        "--config=/etc/profile-export/destination.yaml",
        f"--process={process}",
        "--addresses=127.0.0.1:2101,127.0.0.1:2102,127.0.0.1:2103",
    ]
    assert expected == SERVICES[f"job-{process}"]["command"]


def test_the_cluster_starts_again_when_a_process_fails() -> None:
    """A process that ended badly is started again, and one that has delivered all is left alone."""
    assert ["on-failure"] * 3 == [SERVICES[name]["restart"] for name in CLUSTER]


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
