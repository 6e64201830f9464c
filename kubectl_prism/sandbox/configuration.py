"""What kwokctl is told: which programs, ports and settings a sandbox's servers run with.

Pure. Called by `cluster`. All servers listen on this machine's loopback only.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kubectl_prism.model.meta import Manifest
from kubectl_prism.sandbox.ports import Ports

SERVICE_NETWORK = "10.96.0.0/12"
"""A million Services; kwokctl's own default holds 254."""

CREATE = ["create", "cluster", "--kubeconfig=", "--node-lease-duration-seconds=0"]
"""How kwokctl is called to make a cluster: it writes no kubeconfig, and no node renews a lease. Leases would be twelve
writes a second, and a restarted kwok would wait for its own old ones to run out. Only the flag can say none."""

ANSWERS = ("PortForward", "Logs")
"""KWOK's kinds that say what a simulated pod answers. Exec is none of them: it would run commands on this machine."""

_HEARTBEAT = 600_000
"""Milliseconds between two signs of life of a node: a steady sandbox of 130 nodes writes once in five seconds."""
_PATIENCE = 4 * _HEARTBEAT
"""Milliseconds without one after which a node counts as lost."""


def configuration(programs: Mapping[str, Path], ports: Ports) -> Manifest:
    """Build kwokctl's configuration file for one cluster."""
    return {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokctlConfiguration",
        "options": {
            "runtime": "binary",
            "bindAddress": "127.0.0.1",
            "kubeAuthorization": True,
            "kubeAdmission": True,
            "disableQPSLimits": True,
            "quietPull": True,
            "enableCRDs": list(ANSWERS),
            "heartbeatFactor": 1,
            "nodeStatusUpdateFrequencyMilliseconds": _HEARTBEAT,
            "kubeControllerManagerNodeMonitorGracePeriodMilliseconds": _PATIENCE,
            "etcdBinary": str(programs["etcd"]),
            "kubeApiserverBinary": str(programs["kube-apiserver"]),
            "kubeControllerManagerBinary": str(programs["kube-controller-manager"]),
            "kubeSchedulerBinary": str(programs["kube-scheduler"]),
            "kubectlBinary": str(programs["kubectl"]),
            "kwokControllerBinary": str(programs["kwok"]),
            "kubeApiserverPort": ports.api,
            "etcdPort": ports.etcd,
            "etcdPeerPort": ports.etcd_peer,
            "kubeControllerManagerPort": ports.controller_manager,
            "kubeSchedulerPort": ports.scheduler,
            "kwokControllerPort": ports.kwok,
        },
        "componentsPatches": [
            _patch("kube-apiserver", {"service-cluster-ip-range": SERVICE_NETWORK}),
            # One of each runs, so electing a leader would only cost writes, and a wait after a restart.
            _patch(
                "kube-controller-manager",
                {"service-cluster-ip-range": SERVICE_NETWORK, "leader-elect": "false"},
            ),
            _patch("kube-scheduler", {"leader-elect": "false"}),
        ],
    }


def _patch(component: str, arguments: Mapping[str, str]) -> Manifest:
    return {
        "name": component,
        "extraArgs": [{"key": key, "value": value} for key, value in arguments.items()],
    }
