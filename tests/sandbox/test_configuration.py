"""What kwokctl is told, in full."""

from __future__ import annotations

from pathlib import Path

import yaml

from kubectl_prism.sandbox.configuration import CREATE, configuration
from kubectl_prism.sandbox.ports import Ports
from tests.sandbox.machine import PROGRAMS

GOLDEN = Path(__file__).with_name("configuration.yaml")


def test_the_configuration_is_the_one_in_the_file() -> None:
    """Every option of a sandbox's servers is a line of the golden file: RBAC on, loopback only, few signs of life."""
    ports = Ports(api=20001, etcd=20002, etcd_peer=20003, controller_manager=20004, scheduler=20005, kwok=20006)
    programs = {name: Path("/programs") / name for name in PROGRAMS}
    assert configuration(programs, ports) == yaml.safe_load(GOLDEN.read_text())


def test_kwokctl_writes_no_kubeconfig() -> None:
    """The person's kubeconfig is out of kwokctl's reach."""
    assert "--kubeconfig=" in CREATE
