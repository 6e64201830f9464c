"""How proxies are reached: with a token over TLS that nobody else learns, and what happens where there is no way."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificate import self_signed
from tests.faults.replica import ACCOUNT, HOME, account
from tests.reconcile.kinds.doubles import Doubles, Guard
from tests.reconcile.kinds.process import Operator
from tests.reconcile.kinds.world import World, conditions, message

TOKEN = "tok-5f1d-never-to-be-told"
WRONG = "tok-0000-never-to-be-told"
ACCESS = {"tls": {"enabled": True, "secretRef": {"name": "ca"}}, "tokenRef": {"name": "token"}}


@pytest.fixture
def doubles() -> Iterator[Doubles]:
    with Doubles() as found:
        yield found


def create(world: World, name: str) -> None:
    world.create("PrismNamespace", name, spec={"proxyRef": {"name": "dev-proxy"}, "quotas": {"maxKeys": 10}})


def test_a_token_is_sent_over_tls_and_told_to_nobody(
    world: World, doubles: Doubles, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With the wrong one it is Failed and says so, with the right one Active; neither is anywhere to be read."""
    caplog.set_level(logging.DEBUG)
    certificate, key = self_signed(tmp_path, f"DNS:dev-proxy.{world.namespace}.svc")
    guard = Guard(certificate, key, token=TOKEN)
    world.secret("ca", **{"ca.crt": certificate.read_text()})
    world.secret("token", token=WRONG)
    world.stack("dev", controlPlane=ACCESS)
    world.ready("PrismStack", "dev")
    doubles.stand_in(world, "prism-proxy", 9090, doubles.proxy(tmp_path / "proxy", guard))
    create(world, "acme")
    found = world.becomes("PrismNamespace", "acme", "Stalled=True NotPermitted", phase="Failed")
    assert message(found) == f"Service {world.namespace}/dev-proxy does not let us: bad credentials: Bearer …"
    assert guard.turned_away > 0

    world.patch("Secret", "token", {"stringData": {"token": TOKEN}})
    world.becomes("PrismNamespace", "acme", "Ready=True", within=60, phase="Active")
    everything = [world.all("PrismNamespace"), world.all("PrismStack"), world.all("Event"), caplog.text]
    assert not [secret for secret in (TOKEN, WRONG) for told in everything if secret in str(told)]
    assert "debug" in {record.levelname.lower() for record in caplog.records}


def test_a_certificate_of_another_is_not_trusted(world: World, doubles: Doubles, tmp_path: Path) -> None:
    """A proxy that is not who it should be is sent nothing, and the way to it counts as closed."""
    certificate, key = self_signed(tmp_path, "DNS:somebody.else.svc")
    guard = Guard(certificate, key, token=TOKEN)
    world.secret("ca", **{"ca.crt": certificate.read_text()})
    world.secret("token", token=TOKEN)
    world.stack("dev", controlPlane=ACCESS)
    world.ready("PrismStack", "dev")
    doubles.stand_in(world, "prism-proxy", 9090, doubles.proxy(tmp_path / "proxy", guard))
    create(world, "acme")
    world.becomes("PrismNamespace", "acme", "Ready=False ProxyUnavailable", phase="Pending")
    assert not doubles.calls
    assert guard.turned_away == 0


def test_garbage_is_waited_out(world: World, doubles: Doubles, tmp_path: Path) -> None:
    """A port that answers something else is a proxy that is away; once it speaks the protocol, it is asked."""
    world.stack("dev")
    world.ready("PrismStack", "dev")
    garbage, proxy = doubles.garbage(), doubles.proxy(tmp_path / "proxy")
    (pod,) = doubles.stand_in(world, "prism-proxy", 9090, garbage)
    create(world, "acme")
    found = world.becomes("PrismNamespace", "acme", "Ready=False ProxyUnavailable", phase="Pending")
    assert conditions(found)["Provisioned"] == "Unknown ProxyUnavailable"
    target = {"port": proxy, "address": "127.0.0.1"}
    world.patch("PortForward", pod, {"spec": {"forwards": [{"ports": [9090], "target": target}]}})
    world.becomes("PrismNamespace", "acme", "Ready=True", phase="Active")
    assert doubles.calls["Apply"] >= 1


def test_a_tunnel_that_is_forbidden_is_named(bare: World, doubles: Doubles, tmp_path: Path) -> None:
    """Who may not forward ports says which right is missing; with it, the namespace becomes Active."""
    certificates = bare.cluster.kubeconfig.parent / "clusters" / bare.cluster.name / "pki"
    limited = account(bare.cluster, address=bare.cluster.server, certificates=certificates, folder=tmp_path)
    with Operator(limited, namespace=bare.namespace, folder=tmp_path):
        bare.stack("dev")
        bare.ready("PrismStack", "dev")
        doubles.stand_in(bare, "prism-proxy", 9090, doubles.proxy(tmp_path / "proxy"))
        create(bare, "acme")
        found = bare.becomes("PrismNamespace", "acme", "Ready=False ProxyUnavailable", phase="Pending")
        assert "pods/portforward" in message(found)
        right = {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["create", "get"]}
        subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": HOME}
        bare.create("Role", "tunnels", rules=[right])
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "tunnels"}
        bare.create("RoleBinding", "tunnels", subjects=[subject], roleRef=reference)
        bare.becomes("PrismNamespace", "acme", "Ready=True", within=60, phase="Active")
