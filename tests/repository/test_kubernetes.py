"""What the Kubernetes manifest promises, read from the file: this needs no cluster.

The rules are those of the Kubernetes documentation: Pod Security Standards (restricted), headless
services, StatefulSets, network policies, and the pod index label of Kubernetes 1.28.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.destination.load import load

ROOT = Path(__file__).parents[2]
MANIFEST = (ROOT / "docs" / "kubernetes.yaml").read_text(encoding="utf-8")
OBJECTS: dict[str, Any] = {each["kind"]: each for each in yaml.safe_load_all(MANIFEST)}
STATEFUL_SET: dict[str, Any] = OBJECTS["StatefulSet"]["spec"]
POD: dict[str, Any] = STATEFUL_SET["template"]["spec"]
(CONTAINER,) = POD["containers"]
LABELS = {"app.kubernetes.io/name": "profile-export"}


def test_the_objects_are_known() -> None:
    """One object of each kind, so that the checks below look at all there is."""
    assert 5 == len(re.findall(r"(?m)^kind:", MANIFEST))
    assert ["ConfigMap", "NetworkPolicy", "Service", "ServiceAccount", "StatefulSet"] == sorted(
        OBJECTS
    )


@pytest.mark.parametrize("kind", OBJECTS)
def test_an_object_goes_where_it_is_applied(kind: str) -> None:
    """No object names a namespace, and all have the name and label they are found by."""
    metadata = OBJECTS[kind]["metadata"]
    assert "namespace" not in metadata
    assert ("profile-export", LABELS) == (metadata["name"], metadata["labels"])


def test_each_pod_has_a_name_before_it_is_ready() -> None:
    """The service has no address of its own and lists pods that are not ready yet."""
    service = OBJECTS["Service"]["spec"]
    assert "None" == service["clusterIP"]
    assert service["publishNotReadyAddresses"] is True
    assert LABELS == service["selector"] == STATEFUL_SET["template"]["metadata"]["labels"]
    assert "profile-export" == STATEFUL_SET["serviceName"]


def test_all_pods_start_together_and_none_is_replaced_alone() -> None:
    """Processes that wait for each other start at once, and never in two versions."""
    assert "Parallel" == STATEFUL_SET["podManagementPolicy"]
    assert {"type": "OnDelete"} == STATEFUL_SET["updateStrategy"]


def test_each_pod_knows_its_place() -> None:
    """The pod index is the number of the process, and there is one address for each replica."""
    addresses = (
        "profile-export-0.profile-export.$(NAMESPACE).svc.cluster.local:2101",
        "profile-export-1.profile-export.$(NAMESPACE).svc.cluster.local:2101",
        "profile-export-2.profile-export.$(NAMESPACE).svc.cluster.local:2101",
    )
    assert "command" not in CONTAINER  # the entry point of the image: no shell
    assert [
        "run",
        "--config=/etc/profile-export/destination.yaml",
        "--process=$(POD_INDEX)",
        f"--addresses={','.join(addresses)}",
    ] == CONTAINER["args"]
    assert len(addresses) == STATEFUL_SET["replicas"]
    assert {
        "POD_INDEX": "metadata.labels['apps.kubernetes.io/pod-index']",
        "NAMESPACE": "metadata.namespace",
    } == {each["name"]: each["valueFrom"]["fieldRef"]["fieldPath"] for each in CONTAINER["env"]}


def test_a_pod_has_time_to_stop() -> None:
    """From the stop signal to the kill a pod has a minute and a half."""
    assert 90 == POD["terminationGracePeriodSeconds"]


def test_each_pod_has_a_disk_of_its_own() -> None:
    """State goes to a volume that one node mounts, made for each pod; the rest is read only."""
    (claim,) = STATEFUL_SET["volumeClaimTemplates"]
    assert "state" == claim["metadata"]["name"]
    assert ["ReadWriteOnce"] == claim["spec"]["accessModes"]
    mounts = {each["name"]: each for each in CONTAINER["volumeMounts"]}
    assert "/var/lib/profile-export" == mounts["state"]["mountPath"]
    assert {"state", "tmp"} == {name for name, each in mounts.items() if "readOnly" not in each}
    assert [{"sizeLimit": "64Mi"}] == [v["emptyDir"] for v in POD["volumes"] if v["name"] == "tmp"]


def test_a_pod_has_no_privilege_and_can_gain_none() -> None:
    """It keeps the rules of the restricted Pod Security Standard, on a read-only root."""
    assert {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    } == POD["securityContext"]
    assert {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    } == CONTAINER["securityContext"]
    assert set() == {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(POD)
    assert [] == [each for each in POD["volumes"] if "hostPath" in each]


def test_the_pod_runs_as_the_user_of_the_image() -> None:
    """The manifest's user owns the image's state folder."""
    assert "USER 10001:10001\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_credentials_come_from_a_role() -> None:
    """The pod runs under an account that stands for a role, and no key or secret is named."""
    assert "profile-export" == POD["serviceAccountName"]
    assert POD["automountServiceAccountToken"] is False
    annotations = OBJECTS["ServiceAccount"]["metadata"]["annotations"]
    assert ["eks.amazonaws.com/role-arn"] == [*annotations]
    assert None is re.search(r"(?i)secret|access_?key|AKIA", MANIFEST)


def test_only_the_peers_reach_the_cluster_port() -> None:
    """What comes in is the peers, to the cluster port, and monitoring, to the metrics port."""
    policy = OBJECTS["NetworkPolicy"]["spec"]
    assert {"matchLabels": LABELS} == policy["podSelector"]
    assert ["Ingress"] == policy["policyTypes"]
    monitoring = {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}
    assert [
        {
            "from": [{"podSelector": {"matchLabels": LABELS}}],
            "ports": [
                {"protocol": "TCP", "port": "cluster"},
                {"protocol": "UDP", "port": "pulse"},
            ],
        },
        {
            "from": [{"namespaceSelector": monitoring}],
            "ports": [{"protocol": "TCP", "port": "metrics"}],
        },
    ] == policy["ingress"]
    assert [
        {"name": "cluster", "containerPort": 2101},
        {"name": "pulse", "containerPort": 2101, "protocol": "UDP"},
        {"name": "metrics", "containerPort": 9464},
    ] == CONTAINER["ports"]


def test_the_metrics_are_found_where_they_are() -> None:
    """The annotations name the port that the destination and the container name."""
    assert {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "9464",
        "prometheus.io/path": "/metrics",
    } == STATEFUL_SET["template"]["metadata"]["annotations"]


def test_a_pod_says_what_it_needs() -> None:
    """A core and memory are asked for, and memory is bounded."""
    assert {
        "requests": {"cpu": "1", "memory": "2Gi"},
        "limits": {"memory": "2Gi"},
    } == CONTAINER["resources"]


def test_the_destination_is_a_sound_one(tmp_path: Path) -> None:
    """The program takes the file in the config map, which keeps all it writes on the volume."""
    file = tmp_path / "destination.yaml"
    file.write_text(OBJECTS["ConfigMap"]["data"]["destination.yaml"], encoding="utf-8")
    destination = load(file, environment={})
    assert 9464 == destination.metrics.port
    assert ip_address(destination.metrics.host).is_unspecified  # all interfaces of the pod
    assert [
        "/var/lib/profile-export/state",
        "/var/lib/profile-export/rejects",
        "/var/lib/profile-export/dead-letters",
    ] == [
        destination.state.path,
        destination.rejects.path,
        destination.dead_letters.path,
    ]
    inputs = [each.place for each in destination.inputs]
    assert ["/var/lib/inputs/profiles", "/var/lib/inputs/segments"] == inputs
